import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import type { GossipEffect, GossipEvent } from '../../../src/core/gossip/events.ts';
import { type Frame, PROTOCOL_VERSION } from '../../../src/core/gossip/frames.ts';
import { asGarbage } from '../../../src/core/gossip/links/blame.ts';
import { FAULTS_MAX, REFUSAL_MIN_MS } from '../../../src/core/gossip/links/conduct.ts';
import { GossipMachine } from '../../../src/core/gossip/machine.ts';
import {
  CHARTER_STREAM,
  NO_PREVIOUS,
  parseNodeId,
  parseRegionName,
  parseSha256,
} from '../../../src/core/ids.ts';
import { signMember } from '../../../src/core/membership/record.ts';
import { emptyTrustedState } from '../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';

const PEER = { nodeId: parseNodeId('fra-1'), region: parseRegionName('fra') };

const ACKNOWLEDGE = { name: 'acknowledge', scope: 'abroad' } as const;

describe('GossipMachine', () => {
  let realm: TestRealm;
  let machine: GossipMachine;

  beforeEach(() => {
    realm = createTestRealm();
    machine = new GossipMachine({
      self: testHello('iad-1', realm),
      hasSeeds: true,
      membership: testMembership(testHello('iad-1', realm)),
      state: emptyTrustedState(realm.name, realm.firstCharterDigest),
      random: () => 0.5,
    });
  });

  it('looks its seeds up and dials what they stand for', () => {
    expect(handle({ kind: 'start' })).toContainEqual({ kind: 'resolve' });
    const addresses = ['iad-1:7441', 'fra-1:7441'];
    expect(handle({ kind: 'resolved', addresses })).toEqual([
      { kind: 'dial', target: { address: 'fra-1:7441' } },
    ]);
  });

  it('greets, then compares roots', () => {
    expect(kinds(linkUp())).toEqual(['hello']);
    const greeted = kinds(frame({ kind: 'hello', hello: testHello('fra-1', realm) }));
    expect(greeted).toEqual(['members', 'digest']);
  });

  it('dials a member again for ever after its link went down', () => {
    greet();
    meet();
    const effects = handle({ kind: 'link-down', linkId: '1' });
    expect(effects).toContainEqual({
      kind: 'arm',
      timer: { name: 'dial', nodeId: PEER.nodeId },
      delayMs: 188,
    });
    const due = handle({ kind: 'timer', timer: { name: 'dial', nodeId: PEER.nodeId } });
    const target = { nodeId: PEER.nodeId, address: 'fra-1:7441' };
    expect(due).toEqual([{ kind: 'dial', target }]);
  });

  it.each([
    ['another realm', { realm: createTestRealm({ realm: 'other.example.org' }).name }, 'REALM'],
    ['another first charter', { firstCharterDigest: NO_PREVIOUS }, 'REALM'],
    ['another name than its certificate', { nodeId: parseNodeId('sin-1') }, 'ACCESS'],
    ['an older protocol', { protocolVersion: PROTOCOL_VERSION - 1 }, 'TYPE'],
  ])('hangs up on a peer of %s', (_, change, code) => {
    linkUp();
    const effects = frame({ kind: 'hello', hello: testHello('fra-1', realm, change) });
    expect(effects.find((effect) => effect.kind === 'close')).toMatchObject({ error: { code } });
  });

  it('hangs up on a peer that does not greet first', () => {
    linkUp();
    const effects = frame({ kind: 'rows-ask', since: 0 });
    expect(effects.find((effect) => effect.kind === 'close')).toMatchObject({
      error: { code: 'PARSE' },
    });
  });

  it('forwards before it persists, and serves and acknowledges only after', () => {
    greet();
    const submitted = handle({
      kind: 'submit',
      requestId: 7,
      document: realm.charter.document,
      blobs: [],
      recall: {},
    });
    expect(submitted.map((effect) => effect.kind)).toEqual(['send', 'persist']);
    expect(kinds(submitted)).toEqual(['push']);
    expect(machine.durable.charters).toHaveLength(0);
    // It was not there yet when the others were sent it.
    handle({ kind: 'link-up', linkId: '2', nodeId: parseNodeId('ams-1') });
    const hello = { kind: 'hello', hello: testHello('ams-1', realm) } as const;
    handle({ kind: 'frame', linkId: '2', frame: hello, recall: {} });
    const persisted = handle({ kind: 'persisted', batchId: 1 });
    expect(persisted.map((effect) => effect.kind)).toEqual(['serve', 'reply', 'arm']);
    const due = (): readonly string[] =>
      handle({ kind: 'timer', timer: ACKNOWLEDGE }).flatMap((effect) =>
        effect.kind === 'send' ? [`${effect.frame.kind} over ${effect.linkId}`] : [],
      );
    expect(due()).toEqual([]);
    expect(due()).toEqual(['held over 2']);
    expect(machine.durable.charters).toHaveLength(1);
  });

  it('serves what it took, although the charter expired while it was written (D08)', () => {
    submitTwice();
    handle({ kind: 'persisted', batchId: 1 });
    const release = realm.nextRelease('payments.example.org', (body) => body);
    const submission = { document: release.document, blobs: [], recall: {} };
    const expiresMs = realm.charter.expiresMs;
    const at = (event: GossipEvent, nowMs: number): readonly GossipEffect[] =>
      machine.handle(event, nowMs);
    at({ kind: 'submit', requestId: 3, ...submission }, expiresMs - 1);
    const written = at({ kind: 'persisted', batchId: 2 }, expiresMs + 1);
    expect(written.map(({ kind }) => kind)).toEqual(['serve', 'reply']);
    expect(written.find(({ kind }) => kind === 'reply')).toMatchObject({
      result: { kind: 'durable' },
    });
    const next = realm.nextRelease('payments.example.org', (body) => ({ ...body, note: '2' }));
    const late = { document: next.document, blobs: [], recall: {} };
    const refused = at({ kind: 'submit', requestId: 4, ...late }, expiresMs + 1);
    expect(refused.at(-1)).toMatchObject({
      result: { kind: 'refused', error: { code: 'EXPIRED' } },
    });
  });

  it('tells all who wait that the disk refused, and writes that batch again', () => {
    submitTwice();
    const effects = fail('STORE');
    expect(effects.filter((effect) => effect.kind === 'reply')).toMatchObject([
      { requestId: 1, result: { kind: 'refused' } },
      { requestId: 2, result: { kind: 'refused' } },
    ]);
    expect(machine.durable.charters).toHaveLength(0);
    expect(persisted(repairTimer())).toEqual([1]);
    expect(persisted(repairTimer())).toEqual([]);
    fail('STORE');
    expect(persisted(repairTimer())).toEqual([1]);
    const written = handle({ kind: 'persisted', batchId: 1 });
    expect(written.map(({ kind }) => kind)).toEqual(['serve']);
    expect(machine.durable.charters).toHaveLength(1);
  });

  it('writes nothing ahead of a batch that failed and may be on the disk all the same', () => {
    submitTwice();
    fail('STORE');
    const { document } = realm.nextRelease('payments.test.example.org', (body) => body);
    const effects = handle({ kind: 'submit', requestId: 3, document, blobs: [], recall: {} });
    expect(persisted(effects)).toEqual([1, 2]);
  });

  it('writes all batches again that failed as one', () => {
    submitTwice();
    const { document } = realm.nextRelease('payments.test.example.org', (body) => body);
    handle({ kind: 'submit', requestId: 3, document, blobs: [], recall: {} });
    const error = new KedgeError('STORE', 'the disk refuses');
    handle({ kind: 'persist-failed', batchId: 1, lastBatchId: 2, error });
    expect(persisted(repairTimer())).toEqual([1, 2]);
    expect(machine.verified.streams.size).toBe(1);
    expect(machine.durable.charters).toHaveLength(0);
  });

  it('serves once for batches that were written as one', () => {
    submitTwice();
    const { document } = realm.nextRelease('payments.test.example.org', (body) => body);
    handle({ kind: 'submit', requestId: 3, document, blobs: [], recall: {} });
    const effects = handle({ kind: 'persisted', batchId: 2 });
    expect(effects.map(({ kind }) => kind)).toEqual(['serve', 'reply', 'reply', 'reply']);
    expect(machine.durable).toBe(machine.verified);
  });

  it('gives up a batch that contradicts the store', () => {
    submitTwice();
    fail('BUG');
    expect(machine.verified).toBe(machine.durable);
    expect(persisted(repairTimer())).toEqual([]);
    expect(handle({ kind: 'persisted', batchId: 1 })).toEqual([]);
  });

  it('closes a link after a bounded number of faults, and changes nothing', () => {
    greet();
    const before = machine.verified;
    const push = {
      statement: { payload: new Uint8Array([1]), signatures: [] },
      content: { kind: 'whole', body: new Uint8Array(0) },
      blobs: [],
    } as const;
    const closed = Array.from({ length: FAULTS_MAX }, () =>
      frame({ kind: 'push', push, origin: PEER.region }),
    )
      .flat()
      .filter((effect) => effect.kind === 'close');
    expect(closed).toHaveLength(1);
    expect(machine.verified).toBe(before);
  });

  it('refuses a peer that it cut off until its time is over, whatever the link', () => {
    greet();
    const garbage = { kind: 'garbage', error: new KedgeError('PARSE', 'no frame') } as const;
    for (let i = 0; i < 4; i += 1) {
      const closed = handle({ ...garbage, linkId: '1' });
      expect(closed.map(({ kind }) => kind)).toContain('close');
      greet();
    }
    expect(machine.isLinked(PEER.nodeId)).toBe(false);
    expect(machine.conduct(PEER.nodeId)).toMatchObject({
      cutOffs: 1,
      lastFault: 'no frame (PARSE)',
    });
    expect(linkUp()).toMatchObject([{ kind: 'close', error: { code: 'LIMIT' } }]);
    const event = { kind: 'link-up', linkId: '2', nodeId: PEER.nodeId } as const;
    const late = machine.handle(event, TEST_EPOCH_MS, TEST_EPOCH_MS + REFUSAL_MIN_MS);
    expect(kinds(late)).toEqual(['hello']);
  });

  it('blames a peer whose answers to fetches cannot be read, but not for ending one', () => {
    greet();
    const error = new KedgeError('PARSE', 'no item');
    const fetched = (sequence: number, reason: KedgeError): readonly GossipEffect[] => {
      const digest = parseSha256(String(sequence).padStart(64, '0'));
      const row = { stream: CHARTER_STREAM, sequence, digest, forked: false };
      const [fetch] = frame({ kind: 'held', row }).filter(({ kind }) => kind === 'fetch');
      const fetchId = fetch?.kind === 'fetch' ? fetch.fetchId : 0;
      return handle({ kind: 'fetch-end', fetchId, error: reason });
    };
    for (let at = 1; at < 20; at += 1) fetched(at, error);
    expect(machine.conduct(PEER.nodeId)).toBeUndefined();
    const ended = [20, 21, 22, 23].map((at) => fetched(at, asGarbage(error)).at(-1));
    expect(ended.at(-1)).toMatchObject({ kind: 'close', error: { code: 'LIMIT' } });
  });

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, TEST_EPOCH_MS);
  }

  /** The first charter, offered twice while it is written. */
  function submitTwice(): void {
    for (const requestId of [1, 2]) {
      const { document } = realm.charter;
      handle({ kind: 'submit', requestId, document, blobs: [], recall: {} });
    }
  }

  function fail(code: 'STORE' | 'BUG'): readonly GossipEffect[] {
    const error = new KedgeError(code, 'the disk refuses');
    return handle({ kind: 'persist-failed', batchId: 1, error });
  }

  function repairTimer(): readonly GossipEffect[] {
    return handle({ kind: 'timer', timer: { name: 'repair' } });
  }

  function linkUp(): readonly GossipEffect[] {
    return handle({ kind: 'link-up', linkId: '1', nodeId: PEER.nodeId });
  }

  function frame(sent: Frame): readonly GossipEffect[] {
    return handle({ kind: 'frame', linkId: '1', frame: sent, recall: {} });
  }

  function greet(): void {
    linkUp();
    frame({ kind: 'hello', hello: testHello('fra-1', realm) });
  }

  /** The peer introduces itself as a member. */
  function meet(): void {
    const { self, sign } = testMembership(testHello('fra-1', realm));
    const record = { ...self, incarnation: 1, status: 'alive' } as const;
    const updates = { members: [signMember(record, sign)], observations: [] };
    frame({ kind: 'members', updates });
  }
});

/** The batches that are to be written. */
function persisted(effects: readonly GossipEffect[]): readonly number[] {
  return effects.flatMap((effect) => (effect.kind === 'persist' ? [effect.batchId] : []));
}

/** The kinds of the frames that are sent. */
function kinds(effects: readonly GossipEffect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.frame.kind] : []));
}
