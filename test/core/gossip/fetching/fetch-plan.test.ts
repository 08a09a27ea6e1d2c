import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../../src/core/errors.ts';
import type { GossipEffect, GossipEvent } from '../../../../src/core/gossip/events.ts';
import { FETCH_USELESS_MAX_MS } from '../../../../src/core/gossip/fetching/fetch-pace.ts';
import type { FetchItem, FetchRequest, Frame } from '../../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../../src/core/gossip/machine.ts';
import type { Row } from '../../../../src/core/gossip/rows.ts';
import { NO_PREVIOUS, type NodeId, parseNodeId, parseSha256 } from '../../../../src/core/ids.ts';
import { acceptDocument } from '../../../../src/core/trusted/accept.ts';
import { emptyTrustedState } from '../../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../../src/testing/members.ts';
import {
  createTestRealm,
  type TestRealm,
  type TestRelease,
} from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';

const BUNDLE = 'payments.test.example.org';
const SLOW = parseNodeId('fra-1');
const LIAR = parseNodeId('sin-1');
const STEP_MS = 50;
const SILENT_MAX_MS = 10_000;
/** How long the slow peer takes for each piece. */
const PIECE_MS = 1500;

type Fetch = Extract<GossipEffect, { readonly kind: 'fetch' }>;

/** A node with two peers: a slow one that holds all releases, and one that only says so. */
describe('FetchPlan', () => {
  let realm: TestRealm;
  let releases: readonly TestRelease[];
  let machine: GossipMachine;
  let nowMs: number;
  let timers: Map<string, { readonly dueMs: number; readonly event: GossipEvent }>;
  /** What peers are about to answer, by fetch. */
  let answers: Map<number, { readonly dueMs: number; readonly event: GossipEvent }[]>;
  let begun: Fetch[];
  let answerOf: (fetch: Fetch) => readonly FetchItem[] | 'silence';

  beforeEach(() => {
    realm = createTestRealm();
    releases = [1, 2, 3].map(() => realm.nextRelease(BUNDLE, (body) => body));
    nowMs = TEST_EPOCH_MS;
    timers = new Map();
    answers = new Map();
    begun = [];
    answerOf = ({ target, requests }) =>
      target.nodeId === SLOW ? requests.flatMap((request) => entriesOf(request)) : 'silence';
    const { charter } = realm;
    const state = acceptDocument(
      emptyTrustedState(realm.name, realm.firstCharterDigest),
      { chain: [charter.document.statement], body: charter.document.body, mode: 'linked' },
      charter.issuedMs,
    ).state;
    const self = testHello('iad-1', realm);
    const membership = testMembership(self);
    machine = new GossipMachine({ self, hasSeeds: false, membership, state, random: () => 0.5 });
    handle({ kind: 'start' });
    for (const nodeId of [SLOW, LIAR]) {
      handle({ kind: 'link-up', linkId: nodeId, nodeId });
      frame(nodeId, { kind: 'hello', hello: testHello(nodeId, realm) });
    }
  });

  it('gets what a slow peer sends, whatever another one says to hold and does not send', () => {
    let said = 0;
    run(12_000, () => {
      if (said % 100 === 0) frame(SLOW, { kind: 'held', row: rowOf(3) });
      said += 1;
      const digest = parseSha256(String(said).padStart(64, '0'));
      frame(LIAR, { kind: 'held', row: { ...rowOf(3), sequence: 3 + said, digest } });
    });
    expect(head()).toBe(3);
  });

  it('asks another peer at the first look when one brings nothing', () => {
    frame(LIAR, { kind: 'held', row: rowOf(3) });
    frame(SLOW, { kind: 'held', row: rowOf(3) });
    run(1000);
    expect(begun.map(({ target }) => target.nodeId)).toEqual([LIAR, SLOW]);
    run(5000);
    expect(head()).toBe(3);
  });

  it('reads no further what another peer has brought meanwhile', () => {
    frame(SLOW, { kind: 'held', row: rowOf(3) });
    frame(LIAR, { kind: 'held', row: rowOf(3) });
    answerOf = ({ target, requests }) =>
      target.nodeId === SLOW || begun.length > 2
        ? requests.flatMap((request) => entriesOf(request))
        : 'silence';
    run(600);
    for (const release of releases) push(LIAR, release);
    run(PIECE_MS);
    expect(answers.has(1)).toBe(false);
    expect(machine.conduct(SLOW)).toBeUndefined();
  });

  it('does not blame a peer for the time that the own disk takes', () => {
    frame(SLOW, { kind: 'held', row: rowOf(3) });
    frame(LIAR, { kind: 'held', row: rowOf(3) });
    handle({ kind: 'fetch-held', fetchId: 1, state: 'on' });
    answers.clear();
    run(2 * FETCH_USELESS_MAX_MS);
    expect(begun).toHaveLength(1);
    handle({ kind: 'fetch-held', fetchId: 1, state: 'off' });
    for (const item of entriesOf()) {
      handle({ kind: 'fetch-item', fetchId: 1, item, recall: {} });
    }
    expect(head()).toBe(3);
    expect(machine.conduct(SLOW)).toBeUndefined();
  });

  it.each([
    ['a fork', { sequence: 0, forked: true }],
    ['more of a stream than it holds', { sequence: 5, digest: NO_PREVIOUS }],
  ])('bounds how often it asks who says to hold %s and sends nothing', (_, change) => {
    answerOf = () => [];
    for (const release of releases) push(SLOW, release);
    const say = (): void => frame(LIAR, { kind: 'held', row: { ...rowOf(3), ...change } });
    run(2000, say);
    expect(machine.conduct(LIAR)?.lastFault).toContain('and sends nothing');
    run(60_000, say);
    expect(begun.length).toBeGreaterThan(2);
    expect(begun.length).toBeLessThan(20);
  });

  it('bounds how often it asks for what a peer pushes and does not send', () => {
    answerOf = () => [];
    const [, , third] = releases;
    run(60_000, () => third && push(LIAR, third));
    expect(begun.length).toBeGreaterThan(2);
    expect(begun.length).toBeLessThan(400);
    expect(machine.conduct(LIAR)).toBeUndefined();
  });

  it('asks a peer with an empty answer again at once when something has moved', () => {
    answerOf = () => [];
    const say = (): void => frame(LIAR, { kind: 'held', row: { ...rowOf(3), forked: true } });
    run(60_000, say);
    begun = [];
    say();
    expect(begun).toHaveLength(0);
    const [first] = releases;
    if (first !== undefined) push(SLOW, first);
    say();
    expect(begun).toHaveLength(1);
  });

  function run(forMs: number, each: () => void = () => undefined): void {
    for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += STEP_MS) {
      each();
      for (const [name, { dueMs, event }] of timers) {
        if (dueMs > nowMs) continue;
        timers.delete(name);
        handle(event);
      }
      for (const [fetchId, queue] of answers) {
        while ((queue[0]?.dueMs ?? Infinity) <= nowMs) {
          const next = queue.shift();
          if (next !== undefined) handle(next.event);
        }
        if (queue.length === 0) answers.delete(fetchId);
      }
    }
  }

  function handle(event: GossipEvent): void {
    for (const effect of machine.handle(event, nowMs)) {
      if (effect.kind === 'arm') {
        const { timer, delayMs } = effect;
        if (timer.name !== 'fetch' && timer.name !== 'repair') continue;
        const name = timer.name === 'fetch' ? String(timer.fetchId) : timer.name;
        timers.set(name, { dueMs: nowMs + delayMs, event: { kind: 'timer', timer } });
      }
      if (effect.kind === 'cancel-fetch') answers.delete(effect.fetchId);
      if (effect.kind === 'fetch') answer(effect);
    }
  }

  function answer(fetch: Fetch): void {
    const { fetchId } = fetch;
    begun.push(fetch);
    const items = answerOf(fetch);
    const error = new KedgeError('UNAVAILABLE', 'it sent nothing');
    if (items === 'silence') {
      const event = { kind: 'fetch-end', fetchId, error } as const;
      return void answers.set(fetchId, [{ dueMs: nowMs + SILENT_MAX_MS, event }]);
    }
    const events: readonly GossipEvent[] = [
      ...items.map((item) => ({ kind: 'fetch-item', fetchId, item, recall: {} }) as const),
      { kind: 'fetch-end', fetchId },
    ];
    const due = events.map((event, at) => ({ dueMs: nowMs + PIECE_MS * (at + 1), event }));
    answers.set(fetchId, items.length === 0 ? due.map((one) => ({ ...one, dueMs: nowMs })) : due);
  }

  function frame(nodeId: NodeId, sent: Frame): void {
    handle({ kind: 'frame', linkId: nodeId, frame: sent, recall: {} });
  }

  function push(nodeId: NodeId, { document }: TestRelease): void {
    const { statement, body } = document;
    const content = { kind: 'whole', body } as const;
    const region = testHello(nodeId, realm).region;
    frame(nodeId, { kind: 'push', push: { statement, content, blobs: [] }, origin: region });
  }

  function entriesOf(request?: FetchRequest): readonly FetchItem[] {
    return releases
      .slice((request?.fromSequence ?? 1) - 1)
      .map(({ document: { statement, body } }) => ({
        kind: 'entry',
        entry: { statement, content: { kind: 'whole', body }, blobs: [] },
      }));
  }

  function rowOf(sequence: number): Row {
    const release = releases[sequence - 1];
    if (release === undefined) throw new Error(`there is no release ${String(sequence)}`);
    const { stream, digest } = release;
    return { stream, sequence, digest, forked: false };
  }

  function head(): number {
    const [first] = releases;
    return (first && machine.verified.streams.get(first.stream)?.head?.sequence) ?? 0;
  }
});
