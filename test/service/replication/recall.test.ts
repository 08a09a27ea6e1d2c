/**
 * What is on its way to the disk is known as well as what is there.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseBundleName } from '../../../src/core/ids.ts';
import type { Store } from '../../../src/ports/store.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import { addActive, createTestAnchors, type TestAnchor } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../../src/testing/realm.ts';
import { TestCluster, type TestNode } from '../support/cluster.ts';

const PAYMENTS = parseBundleName('payments.test.example.org');
const WRITE_MS = 30;

describe('RecallSource', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let cluster: TestCluster;
  let node: TestNode;

  beforeEach(async () => {
    realm = createTestRealm({ holdDownSeconds: 0, now: () => Date.now() });
    anchors = createTestAnchors(2);
    cluster = new TestCluster({ realm: realm.name, firstCharterDigest: realm.firstCharterDigest });
    node = cluster.add('iad', ['iad'], slow(await openMemoryStore()));
    await node.replicator.submit(realm.charter.document, []);
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('knows a statement again while it and later ones are written', async () => {
    const releases = [0, 1].map((index) => realm.nextRelease(PAYMENTS, edit(index)));
    const [first, second] = releases;
    if (first === undefined || second === undefined) throw new Error('two are made');
    const receipts = await Promise.all([first, second, first].map(submit));
    expect(receipts).toMatchObject([
      { sequence: 1, digest: first.digest, novelty: 'new' },
      { sequence: 2, digest: second.digest, novelty: 'new' },
      { sequence: 1, digest: first.digest, novelty: 'held' },
    ]);
  });

  it('answers a repeated submit with the statement that was submitted', async () => {
    const first = realm.nextRelease(PAYMENTS, edit(0));
    const second = realm.nextRelease(PAYMENTS, edit(1));
    await submit(first);
    const later = submit(second);
    await expect(submit(first)).resolves.toMatchObject({ sequence: 1, digest: first.digest });
    await expect(later).resolves.toMatchObject({ sequence: 2, digest: second.digest });
  });

  const edit = (index: number) => addActive(...anchors.slice(index, index + 1));

  const submit = (release: TestRelease): ReturnType<TestNode['replicator']['submit']> =>
    node.replicator.submit(
      release.document,
      anchors.map(({ der }) => der),
    );
});

/** A store whose disk takes its time. */
function slow(store: Store): Store {
  const append = store.append.bind(store);
  store.append = async (batch) => {
    await new Promise((resolve) => setTimeout(resolve, WRITE_MS));
    await append(batch);
  };
  return store;
}
