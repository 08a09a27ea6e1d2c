/**
 * Rollouts between nodes: they are for whoever has the releases that they name, and may come
 * before those.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../../src/core/bytes.ts';
import { generateSigningKey, sha256 } from '../../../src/core/crypto.ts';
import type { GossipEffect, GossipEvent } from '../../../src/core/gossip/events.ts';
import type { FetchItem, Push } from '../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../src/core/gossip/machine.ts';
import {
  NO_PREVIOUS,
  parseBundleName,
  parseNodeId,
  parseRegionName,
  releaseStream,
  rolloutStream,
} from '../../../src/core/ids.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { encodeStatement } from '../../../src/core/statements/statement.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import { emptyTrustedState, headOf } from '../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';
import {
  createTestRealm,
  type TestDocument,
  type TestRealm,
  type TestRelease,
  type TestRollout,
} from '../../../src/testing/realm.ts';
import { rolloutPlan } from '../../../src/testing/rollouts.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';

const PEER = { nodeId: parseNodeId('fra-1'), region: parseRegionName('fra') };
const BUNDLE = 'payments.test.example.org';
const KEY = generateSigningKey('ed25519');
const ROLLOUTS = rolloutStream(parseBundleName(BUNDLE));

describe('a rollout between nodes', () => {
  let realm: TestRealm;
  let machine: GossipMachine;
  let first: TestRelease;
  let second: TestRelease;
  let rollout: TestRollout;

  beforeEach(() => {
    realm = createTestRealm({ rolloutSigner: 'robot', rolloutKey: KEY });
    first = realm.nextRelease(BUNDLE, (body) => body);
    second = realm.nextRelease(BUNDLE, (body) => ({ ...body, delivery: 'waves' }));
    rollout = realm.nextRollout(BUNDLE, rolloutPlan(second, first));
    begin();
  });

  it('is taken where its releases are, stored and passed on', () => {
    push(first);
    push(second);
    const effects = push(rollout);
    const batch = effects.find((effect) => effect.kind === 'persist')?.batch;
    expect(batch?.documents.map(({ stream }) => stream)).toEqual([ROLLOUTS]);
    expect(batch?.blobs).toEqual([]);
    expect(headOf(machine.verified, ROLLOUTS)?.digest).toBe(rollout.digest);
    persist(effects);
    expect(machine.durable.streams.has(ROLLOUTS)).toBe(true);
  });

  it('fetches a release that comes after its rollout, and blames nobody', () => {
    push(first);
    const [fetch] = fetches(push(rollout));
    expect(fetch?.requests).toMatchObject([{ stream: releaseStream(first.body.bundle) }]);
    const taken = item(entry(second), fetch?.fetchId);
    handle({ kind: 'fetch-end', fetchId: fetch?.fetchId ?? 0 });
    // Once the release is on disk, whoever showed the rollout is asked for it.
    const [again] = fetches(persist(taken));
    expect(again?.requests).toMatchObject([{ stream: ROLLOUTS, fromSequence: 1 }]);
    item(entry(rollout), again?.fetchId);
    expect(headOf(machine.verified, ROLLOUTS)?.digest).toBe(rollout.digest);
    expect(machine.conduct(PEER.nodeId)).toBeUndefined();
  });

  it('is asked for after its releases, in one fetch', () => {
    const [fetch] = fetches(rows(rollout, second));
    expect(fetch?.requests.map(({ stream }) => stream)).toEqual([second.stream, ROLLOUTS]);
  });

  it('is not asked for while its releases come', () => {
    expect(fetches(rows(second))).toHaveLength(1);
    expect(fetches(rows(rollout))).toEqual([]);
  });

  it('waits as history when it comes first, and for the release, not for a time', () => {
    const [fetch] = fetches(rows(rollout));
    const [asked] = fetches(item(entry(rollout), fetch?.fetchId));
    expect(asked?.requests).toMatchObject([{ stream: second.stream }]);
    expect(fetches(handle({ kind: 'fetch-end', fetchId: fetch?.fetchId ?? 0 }))).toEqual([]);
    expect(headOf(machine.verified, ROLLOUTS)).toBeUndefined();
    item(entry(first), asked?.fetchId);
    const taken = item(entry(second), asked?.fetchId);
    handle({ kind: 'fetch-end', fetchId: asked?.fetchId ?? 0 });
    const [again] = fetches(persist(taken));
    item(entry(rollout), again?.fetchId);
    expect(headOf(machine.verified, ROLLOUTS)?.digest).toBe(rollout.digest);
    expect(machine.conduct(PEER.nodeId)).toBeUndefined();
  });

  it('stands as history under a later one, whatever it names', () => {
    const astray = { ...second, digest: first.digest };
    const wrong = realm.nextRollout(BUNDLE, rolloutPlan(astray, first), { after: 'nothing' });
    const next = realm.nextRollout(BUNDLE, rolloutPlan(second, first), { after: wrong });
    push(first);
    push(second);
    expect(refusals(push(wrong))).toEqual(['POLICY']);
    const [fetch] = fetches(push(next));
    item(entry(wrong), fetch?.fetchId);
    item(entry(next), fetch?.fetchId);
    expect(headOf(machine.verified, ROLLOUTS)?.digest).toBe(next.digest);
    expect(machine.conduct(PEER.nodeId)).toBeUndefined();
  });

  it('is held against nobody when it is signed and of a later version', () => {
    push(first);
    push(second);
    const wrong = later();
    const next = realm.nextRollout(BUNDLE, rolloutPlan(second, first), { after: wrong });
    expect(refusals(push(wrong))).toEqual(['PARSE']);
    expect(machine.conduct(PEER.nodeId)).toBeUndefined();
    const [fetch] = fetches(push(next));
    item(entry(wrong), fetch?.fetchId);
    item(entry(next), fetch?.fetchId);
    expect(headOf(machine.verified, ROLLOUTS)?.digest).toBe(next.digest);
    expect(machine.conduct(PEER.nodeId)).toBeUndefined();
  });

  it('is held against who sends it without a quorum, or certificates with it', () => {
    push(first);
    push(second);
    const weak = realm.nextRollout(BUNDLE, rolloutPlan(second, first, { note: 'mine' }), {
      after: 'nothing',
      signers: 3,
    });
    expect(refusals(push(weak))).toEqual(['THRESHOLD']);
    expect(machine.conduct(PEER.nodeId)?.faults).toBe(1);
    const [fetch] = fetches(rows(rollout));
    const blobs = { kind: 'blobs', blobs: [new Uint8Array(1)] } as const;
    expect(refusals(item(blobs, fetch?.fetchId))).toEqual(['TYPE']);
  });

  it('is answered to an admin, also when its release is not here yet', () => {
    push(first);
    const { document } = rollout;
    const submit = { kind: 'submit', document, blobs: [], recall: recall() } as const;
    const early = handle({ ...submit, requestId: 1 });
    expect(early.find(({ kind }) => kind === 'reply')).toMatchObject({
      result: { kind: 'refused', error: { code: 'GAP' } },
    });
    push(second);
    const answer = persist(handle({ ...submit, requestId: 2 }));
    expect(answer.find(({ kind }) => kind === 'reply')).toMatchObject({
      result: { kind: 'durable', stream: ROLLOUTS, sequence: 1, novelty: 'new' },
    });
  });

  /** The first rollout with a key that this version does not know. */
  function later(): TestRollout {
    const body = encodeUtf8('{"later":true}');
    const payload = encodeStatement({
      realm: realm.name,
      stream: ROLLOUTS,
      sequence: rollout.sequence,
      previous: NO_PREVIOUS,
      charterVersion: 1,
      issuedMs: rollout.issuedMs,
      expiresMs: rollout.expiresMs,
      bodyDigest: sha256(body),
      bodyBytes: body.length,
    });
    const document = { statement: signStatement(payload, [KEY]), body };
    return { ...rollout, document, digest: sha256(payload) };
  }

  /** A node that holds the charter alone, with one peer. */
  function begin(): void {
    const { document, issuedMs } = realm.charter;
    const chain = [document.statement];
    const empty = emptyTrustedState(realm.name, realm.firstCharterDigest);
    const offer = { chain, body: document.body, mode: 'linked' } as const;
    const { state } = acceptDocument(empty, offer, issuedMs);
    const self = testHello('iad-1', realm);
    const membership = testMembership(self);
    machine = new GossipMachine({ self, hasSeeds: false, membership, state, random: () => 0.5 });
    handle({ kind: 'link-up', linkId: '1', nodeId: PEER.nodeId });
    const hello = testHello('fra-1', realm);
    handle({ kind: 'frame', linkId: '1', frame: { kind: 'hello', hello }, recall: {} });
  }

  function push(document: TestDocument): readonly GossipEffect[] {
    const frame = { kind: 'push', push: pushOf(document), origin: PEER.region } as const;
    return handle({ kind: 'frame', linkId: '1', frame, recall: recall() });
  }

  function rows(...documents: readonly TestDocument[]): readonly GossipEffect[] {
    const shown = documents.map(({ stream, sequence, digest }) => ({
      stream,
      sequence,
      digest,
      forked: false,
    }));
    const frame = { kind: 'rows', rows: { rows: shown, buckets: [] } } as const;
    return handle({ kind: 'frame', linkId: '1', frame, recall: {} });
  }

  function item(sent: FetchItem, fetchId = 0): readonly GossipEffect[] {
    return handle({ kind: 'fetch-item', fetchId, item: sent, recall: recall() });
  }

  /** All that was to be written is on disk. */
  function persist(effects: readonly GossipEffect[]): readonly GossipEffect[] {
    const batches = effects.flatMap((effect) => (effect.kind === 'persist' ? [effect] : []));
    return handle({ kind: 'persisted', batchId: batches.at(-1)?.batchId ?? 0 });
  }

  /** What the store of the node has of the releases. */
  function recall(): { readonly named: readonly Push['statement'][] } {
    return { named: [first, second].map(({ document }) => document.statement) };
  }

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, TEST_EPOCH_MS, TEST_EPOCH_MS);
  }
});

function pushOf({ document }: TestDocument): Push {
  const { statement, body } = document;
  return { statement, content: { kind: 'whole', body }, blobs: [] };
}

function entry(document: TestDocument): FetchItem {
  return { kind: 'entry', entry: pushOf(document) };
}

function fetches(
  effects: readonly GossipEffect[],
): readonly Extract<GossipEffect, { kind: 'fetch' }>[] {
  return effects.flatMap((effect) => (effect.kind === 'fetch' ? [effect] : []));
}

function refusals(effects: readonly GossipEffect[]): readonly string[] {
  return effects.flatMap((effect) =>
    effect.kind === 'notice' && effect.notice.kind === 'refused' ? [effect.notice.error.code] : [],
  );
}
