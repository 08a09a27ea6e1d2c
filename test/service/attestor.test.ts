/**
 * What an attestor signs and when it lets go of it, over a store that fails where a test wants.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import type { Attestation } from '../../src/core/gossip/frames.ts';
import { CHARTER_STREAM, parseSequence } from '../../src/core/ids.ts';
import { noLogger } from '../../src/ports/logger.ts';
import type { Store } from '../../src/ports/store.ts';
import { Attestor } from '../../src/service/attestor.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/realm.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { IAD, regionKey, regionsOf } from '../core/log/fixtures.ts';

describe('Attestor', () => {
  let realm: TestRealm;
  let store: Store;
  let said: Attestation[];

  beforeEach(async () => {
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

  it('cosigns all that it holds once the charter lists its key', async () => {
    realm = createTestRealm();
    const { document, digest } = realm.charter;
    const at = { stream: CHARTER_STREAM, sequence: parseSequence(1) };
    store = await openMemoryStore();
    await store.append({ documents: [{ ...at, digest, document }], blobs: [] });
    const [anchor] = createTestAnchors(1);
    if (anchor === undefined) throw new Error('no anchor');
    const release = realm.nextRelease('payments.test.example.org', addActive(anchor));
    const { stream, sequence } = release;
    await store.append({
      documents: [{ stream, sequence, digest: release.digest, document: release.document }],
      blobs: [{ id: anchor.id, der: anchor.der }],
    });
    await using attestor = attestorOver(store);
    attestor.start();
    await attestor.idle();
    expect(said).toEqual([]);
    const next = realm.nextCharter((charter) => ({ ...charter, regions: regionsOf(IAD) }));
    await store.append({
      documents: [
        {
          stream: CHARTER_STREAM,
          sequence: parseSequence(2),
          digest: next.digest,
          document: next.document,
        },
      ],
      blobs: [],
    });
    attestor.serve(realm.trustedState(), [CHARTER_STREAM]);
    await attestor.idle();
    await attestor.idle();
    const streams = said.flatMap((one) =>
      one.kind === 'cosigned' ? one.head.checkpoint.stream : [],
    );
    expect(streams.toSorted()).toEqual([CHARTER_STREAM, stream]);
  });

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
      clock: new SimulatedClock(),
      logger: noLogger,
      attest: (one) => said.push(one),
    });
  }
});

/** A store that writes no notes. */
function failing(store: Store): Store {
  return {
    storeId: store.storeId,
    renew: (storeId) => store.renew(storeId),
    subtrees: (stream, subtrees) => store.subtrees(stream, subtrees),
    note: (name) => store.note(name),
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
