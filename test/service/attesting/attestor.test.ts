/**
 * What an attestor signs and when it lets go of it, over a store that fails where a test wants.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import type { Attestation } from '../../../src/core/gossip/frames.ts';
import { CHARTER_STREAM, parseSequence, type StreamName } from '../../../src/core/ids.ts';
import type { Checkpoint } from '../../../src/core/log/checkpoint.ts';
import { logOrigin } from '../../../src/core/log/log-name.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import type { NoteName, Store } from '../../../src/ports/store.ts';
import { Attestor } from '../../../src/service/attesting/attestor.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import { addActive, createTestAnchors } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../../src/testing/realm.ts';
import { rolloutPlan } from '../../../src/testing/rollouts.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { IAD, recoveredAfter, regionKey, regionsOf } from '../../core/log/fixtures.ts';

describe('Attestor', () => {
  let realm: TestRealm;
  let store: Store;
  let said: Attestation[];
  let clock: SimulatedClock;

  beforeEach(async () => {
    clock = new SimulatedClock();
    realm = createTestRealm({ regions: regionsOf(IAD) });
    store = await openMemoryStore();
    said = [];
    const { document, digest } = realm.charter;
    const at = { stream: CHARTER_STREAM, sequence: parseSequence(1) };
    await store.append({ documents: [{ ...at, digest, document }], blobs: [] });
  });

  it('lets go of no cosignature that was not written', async () => {
    const full = failing(store);
    await run(full);
    expect(said.map(({ kind }) => kind)).toEqual(['heartbeat']);
  });

  it('cosigns again what it could not write before', async () => {
    await run(failing(store));
    await run(store);
    expect(said.filter(({ kind }) => kind === 'cosigned')).toHaveLength(1);
  });

  it('says after a crash what it wrote before, and signs nothing else for that size', async () => {
    await run(store);
    const [first] = said.filter(({ kind }) => kind === 'cosigned');
    said = [];
    await run(store);
    expect(said.filter(({ kind }) => kind === 'cosigned')).toEqual([first]);
  });

  it('gives out no record of another stream, and none that its key did not sign', async () => {
    const { stream } = await publish();
    await run(store);
    const nameOf = (of: StreamName): NoteName => `cosigned:${regionKey(IAD).publicKey.keyId}:${of}`;
    const note = (await store.note(nameOf(stream))) ?? new Uint8Array(0);
    const other = encodeUtf8(
      parseUtf8(note).replace(/(.)(.{20}\n)$/, (_, one: string, rest: string) => {
        return `${one === 'A' ? 'B' : 'A'}${rest}`;
      }),
    );
    await store.setNote(nameOf(CHARTER_STREAM), note);
    await store.setNote(nameOf(stream), other);
    said = [];
    await run(store);
    expect(logs()).toEqual([]);
  });

  it('cosigns all that it holds once the charter lists its key', async () => {
    realm = createTestRealm();
    store = await openMemoryStore();
    await append(placed(CHARTER_STREAM, 1, realm.charter));
    const { stream } = await publish();
    await using attestor = attestorOver(store);
    attestor.start();
    await attestor.idle();
    expect(said).toEqual([]);
    const next = realm.nextCharter((charter) => ({ ...charter, regions: regionsOf(IAD) }));
    await append(placed(CHARTER_STREAM, 2, next));
    attestor.serve(realm.trustedState(), [CHARTER_STREAM]);
    await attestor.idle();
    await attestor.idle();
    expect(logs().map((log) => log.stream)).toEqual([CHARTER_STREAM, stream]);
    // Readers cannot count the region before it said so with this key.
    clock.advance(2000);
    expect(said.map(({ kind }) => kind)).toEqual(['cosigned', 'cosigned', 'heartbeat']);
  });

  it('begins another log when the charter quorum decided about a stream', async () => {
    const { stream, sequence, digest } = await publish();
    await using attestor = attestorOver(store);
    attestor.start();
    await attestor.idle();
    const resolutions = [{ stream, sequence, digest }];
    const next = realm.nextCharter((charter) => ({ ...charter, resolutions }));
    await append(placed(CHARTER_STREAM, 2, next));
    attestor.serve(realm.trustedState(), [CHARTER_STREAM]);
    await attestor.idle();
    const ofStream = logs().filter((log) => log.stream === stream);
    expect(ofStream.map(({ size, decidedBy }) => [size, decidedBy])).toEqual([
      [1, undefined],
      [1, 2],
    ]);
  });

  it('begins another log of every stream after a recovery, where a thief decided too', async () => {
    const { stream, sequence, digest } = await publish();
    await using attestor = attestorOver(store);
    attestor.start();
    await attestor.idle();
    const honest = realm.trustedState();
    const resolutions = [{ stream, sequence, digest }];
    realm.nextCharter((charter) => ({ ...charter, resolutions }));
    attestor.serve(realm.trustedState(), [CHARTER_STREAM]);
    await attestor.idle();
    attestor.serve(recoveredAfter(honest), [CHARTER_STREAM]);
    await attestor.idle();
    const ofStream = logs().filter((log) => log.stream === stream);
    expect(ofStream.map(logOrigin)).toEqual(
      ['', '/2', '/2/0'].map((versions) => `${realm.name}/${stream}${versions}`),
    );
  });

  it('cosigns rollouts as it does releases', async () => {
    realm = createTestRealm({ regions: regionsOf(IAD), rolloutSigner: 'robot' });
    store = await openMemoryStore();
    await append(placed(CHARTER_STREAM, 1, realm.charter));
    const release = await publish();
    await using attestor = attestorOver(store);
    attestor.start();
    await attestor.idle();
    const rollout = realm.nextRollout(release.body.bundle, rolloutPlan(release));
    await append(placed(rollout.stream, rollout.sequence, rollout));
    attestor.serve(realm.trustedState(), [rollout.stream]);
    await attestor.idle();
    const streams = [CHARTER_STREAM, release.stream, rollout.stream];
    expect(logs().map((log) => log.stream)).toEqual(streams);
    expect(logs().at(-1)).toMatchObject({ size: 1 });
  });

  /** The heads that were cosigned. */
  function logs(): readonly Checkpoint[] {
    return said.flatMap((one) => (one.kind === 'cosigned' ? [one.head.checkpoint] : []));
  }

  async function publish(): Promise<TestRelease> {
    const [anchor] = createTestAnchors(1);
    if (anchor === undefined) throw new Error('no anchor');
    const release = realm.nextRelease('payments.test.example.org', addActive(anchor));
    const { id, der } = anchor;
    const documents = [placed(release.stream, release.sequence, release)];
    await store.append({ documents, blobs: [{ id, der }] });
    return release;
  }

  async function append(document: Placed): Promise<void> {
    await store.append({ documents: [document], blobs: [] });
  }

  async function run(over: Store): Promise<void> {
    await using attestor = attestorOver(over);
    attestor.start();
    await attestor.idle();
  }

  function attestorOver(over: Store): Attestor {
    return new Attestor({
      realm: realm.name,
      region: IAD,
      key: regionKey(IAD),
      state: realm.trustedState(),
      store: over,
      clock,
      logger: noLogger,
      attest: (one) => said.push(one),
    });
  }
});

type Placed = Parameters<Store['append']>[0]['documents'][number];

function placed(
  stream: StreamName,
  sequence: number,
  { digest, document }: Pick<TestRelease, 'digest' | 'document'>,
): Placed {
  return { stream, sequence: parseSequence(sequence), digest, document };
}

/** A store that writes no notes. */
function failing(store: Store): Store {
  return {
    storeId: store.storeId,
    audit: store.audit,
    writes: store.writes,
    trouble: store.trouble,
    advance: (beyond) => store.advance(beyond),
    renew: (storeId) => store.renew(storeId),
    subtrees: (stream, subtrees) => store.subtrees(stream, subtrees),
    proposals: () => store.proposals(),
    keepProposals: (change) => store.keepProposals(change),
    note: (name) => store.note(name),
    cosigned: (keyId) => store.cosigned(keyId),
    setNote: async () => Promise.reject(new KedgeError('STORE', 'the disk is full')),
    load: () => store.load(),
    append: (batch) => store.append(batch),
    document: (stream, sequence) => store.document(stream, sequence),
    statements: (stream, range) => store.statements(stream, range),
    digestAt: (stream, sequence) => store.digestAt(stream, sequence),
    branch: (start) => store.branch(start),
    blobs: (ids) => store.blobs(ids),
    streams: () => store.streams(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
