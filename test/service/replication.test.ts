/**
 * Replication of whole nodes: real replicators, machines and stores; only links are function calls.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import {
  parseBundleName,
  parseSequence,
  parseSignerId,
  releaseStream,
} from '../../src/core/ids.ts';
import { headOf } from '../../src/core/trusted/state.ts';
import type { Store } from '../../src/ports/store.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import {
  addActive,
  addStaged,
  anchorAt,
  createTestAnchors,
  type TestAnchor,
} from '../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { TestCluster, type TestNode, until } from './support/cluster.ts';

const NAMES = ['iad', 'fra', 'sin'];
const PAYMENTS = parseBundleName('payments.test.example.org');
const STREAM = releaseStream(PAYMENTS);

describe('Replicator', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let cluster: TestCluster;

  beforeEach(async () => {
    realm = createTestRealm({ holdDownSeconds: 0, now: () => Date.now() });
    anchors = createTestAnchors(6);
    cluster = new TestCluster({ realm: realm.name, firstCharterDigest: realm.firstCharterDigest });
    for (const name of NAMES) cluster.add(name, NAMES, await openMemoryStore());
    cluster.start();
    await until('all links are up', () => cluster.nodes.every((node) => linksUp(node) === 2));
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('brings a charter and releases from one node to all, byte by byte', async () => {
    await publishCharter('iad');
    const first = await publish('iad', 0);
    await until('fra holds sequence 1', () => at(cluster.node('fra')) === 1);
    const second = await publish('fra', 1);
    await until('all nodes hold sequence 2', () => cluster.nodes.every((node) => at(node) === 2));
    for (const node of cluster.nodes) {
      for (const release of [first, second]) {
        const held = await node.store.document(STREAM, release.sequence);
        expect(held?.statement.payload).toEqual(release.document.statement.payload);
        expect(held?.body).toEqual(release.document.body);
      }
      const blobs = await node.store.blobs([anchor(0).id, anchor(1).id]);
      expect([...blobs.values()]).toEqual([anchor(0).der, anchor(1).der]);
    }
    expect(cluster.isConverged).toBe(true);
  });

  it('pushes a change as a delta and never sends a body twice over one link', async () => {
    await publishCharter('iad');
    await publish('iad', 0);
    await until('all nodes hold sequence 1', () => cluster.nodes.every((node) => at(node) === 1));
    cluster.frames.length = 0;
    await publish('iad', 1);
    await until('all nodes hold sequence 2', () => cluster.nodes.every((node) => at(node) === 2));
    const pushes = cluster.frames.filter(({ frame }) => frame.kind === 'push');
    expect(new Set(pushes.map(({ from, to }) => `${from}-${to}`)).size).toBe(pushes.length);
    for (const { frame } of pushes) {
      expect(frame.kind === 'push' && frame.push.content.kind).toBe('delta');
      expect(frame.kind === 'push' && frame.push.blobs.length).toBe(1);
    }
  });

  it('serves only what is durable', async () => {
    await publishCharter('iad');
    await publish('iad', 0);
    await until('all nodes hold sequence 1', () => cluster.nodes.every((node) => at(node) === 1));
    for (const node of cluster.nodes) {
      for (const { state, streams } of node.served) {
        for (const stream of streams.filter((each) => each === STREAM)) {
          const sequence = headOf(state, stream)?.sequence ?? parseSequence(1);
          expect(await node.store.document(stream, sequence)).toBeDefined();
        }
      }
    }
  });

  it('lets a node that was cut off catch up by itself', async () => {
    await publishCharter('iad');
    await publish('iad', 0);
    cluster.cut('sin');
    for (const index of [1, 2, 3]) await publish('iad', index);
    await until('fra holds sequence 4', () => at(cluster.node('fra')) === 4);
    expect(at(cluster.node('sin'))).toBeLessThanOrEqual(1);
    cluster.heal('sin');
    await until('sin has caught up', () => at(cluster.node('sin')) === 4);
    await until('roots are equal', () => cluster.isConverged);
  });

  it('answers the second of two admins who race with CONFLICT and forks nothing', async () => {
    await publishCharter('iad');
    const ours = release(0);
    const theirs = realm.nextRelease(PAYMENTS, addActive(anchor(1)), { after: 'nothing' });
    await submit('iad', ours, 0);
    await until('fra holds sequence 1', () => at(cluster.node('fra')) === 1);
    await expect(submit('fra', theirs, 1)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(cluster.nodes.map((node) => streamKind(node))).toEqual(['open', 'open', 'open']);
  });

  it('stops a forked stream at the last common sequence on all nodes, by one proof', async () => {
    await publishCharter('iad');
    const base = await publish('iad', 0);
    await until('all hold 1', () => cluster.nodes.every((node) => at(node) === 1));
    cluster.cut('sin');
    await publish('iad', 1);
    const other = realm.nextRelease(PAYMENTS, addStaged(anchor(2)), { after: base });
    await submit('sin', other, 2);
    cluster.heal('sin');
    await until('all nodes are forked', () =>
      cluster.nodes.every((node) => streamKind(node) === 'forked'),
    );
    await until('roots are equal', () => cluster.isConverged);
    for (const node of cluster.nodes) {
      expect(node.replicator.durable.streams.get(STREAM)).toMatchObject({ commonSequence: 1 });
      expect((await node.store.load()).evidence).toHaveLength(1);
    }
    await expect(publish('iad', 3)).rejects.toMatchObject({ code: 'FORK' });
  });

  it('finds a fork that lies below the heads of both sides', async () => {
    await publishCharter('iad');
    const base = await publish('iad', 0);
    await until('all hold 1', () => cluster.nodes.every((node) => at(node) === 1));
    cluster.cut('sin');
    for (const index of [1, 2]) await publish('iad', index);
    let after = base;
    for (const index of [3, 4, 5]) {
      after = realm.nextRelease(PAYMENTS, addStaged(anchor(index)), { after });
      await submit('sin', after, index);
    }
    cluster.heal('sin');
    await until('all nodes stop at sequence 1', () =>
      cluster.nodes.every(
        (node) =>
          streamKind(node) === 'forked' &&
          headOf(node.replicator.durable, STREAM)?.sequence !== 2 &&
          commonSequence(node) === 1,
      ),
    );
    await until('roots are equal', () => cluster.isConverged);
  });

  it('adopts history that is signed by signers who have left, under a head of today', async () => {
    await publishCharter('iad');
    cluster.cut('sin');
    await publish('iad', 0, ['alice', 'bob']);
    await publish('iad', 1, ['alice', 'bob']);
    const dave = realm.addSigner('dave');
    const erin = realm.addSigner('erin');
    const carol = parseSignerId('carol');
    const rotated = realm.nextCharter((charter) => ({
      ...charter,
      signers: [
        ...charter.signers.filter(({ id }) => id === 'carol'),
        ...[dave, erin].map(({ id, key }) => ({ id, owner: id, keys: [key.publicKey] })),
      ],
      roles: {
        ...charter.roles,
        charter: { ...charter.roles.charter, signers: [carol, dave.id, erin.id] },
        release: { ...charter.roles.release, signers: [carol, dave.id, erin.id] },
      },
    }));
    await cluster.node('iad').replicator.submit(rotated.document, []);
    await publish('iad', 2, ['dave', 'erin']);
    cluster.heal('sin');
    await until('sin holds sequence 3', () => at(cluster.node('sin')) === 3);
    const { store } = cluster.node('sin');
    expect(await store.document(STREAM, parseSequence(1))).toBeDefined();
    await until('roots are equal', () => cluster.isConverged);
  });

  it('refuses what no quorum signed, wherever it comes from, and keeps its state', async () => {
    await publishCharter('iad');
    const before = cluster.node('iad').replicator.durable;
    const weak = realm.nextRelease(PAYMENTS, addActive(anchor(0)), {
      signers: 1,
      after: 'nothing',
    });
    await expect(submit('iad', weak, 0)).rejects.toMatchObject({ code: 'THRESHOLD' });
    expect(cluster.node('iad').replicator.durable).toBe(before);
  });

  it('falls back to what is durable when the disk refuses, and recovers by itself', async () => {
    await publishCharter('iad');
    const sin = cluster.node('sin');
    await until('sin has the charter', () => sin.replicator.durable.charters.length === 1);
    const disk = breakDisk(sin.store);
    await publish('iad', 0);
    await until('the disk refused', () => disk.refusals > 0);
    expect(at(sin)).toBe(0);
    disk.repair();
    await until('sin holds sequence 1', () => at(sin) === 1, 15_000);
  });

  async function publishCharter(name: string): Promise<void> {
    await cluster.node(name).replicator.submit(realm.charter.document, []);
    await until('all nodes hold the charter', () =>
      cluster.nodes.every((node) => node.replicator.durable.charters.length === 1),
    );
  }

  /** All hold sequence 1 and everybody knows it from everybody. */
  function release(index: number, signers?: readonly string[]): TestRelease {
    const isFirst = realm.releases(PAYMENTS).length === 0;
    const edit = isFirst ? addActive(anchor(index)) : addStaged(anchor(index));
    return realm.nextRelease(PAYMENTS, edit, signers === undefined ? {} : { signers });
  }

  async function publish(
    name: string,
    index: number,
    signers?: readonly string[],
  ): Promise<TestRelease> {
    const made = release(index, signers);
    await submit(name, made, index);
    return made;
  }

  async function submit(name: string, made: TestRelease, index: number): Promise<void> {
    await cluster.node(name).replicator.submit(made.document, [anchor(index).der]);
  }

  function anchor(index: number): TestAnchor {
    return anchorAt(anchors, index);
  }
});

function linksUp(node: TestNode): number {
  return node.replicator.neighbours().filter(({ link }) => link !== undefined).length;
}

function at(node: TestNode): number {
  return headOf(node.replicator.durable, STREAM)?.sequence ?? 0;
}

function streamKind(node: TestNode): string | undefined {
  return node.replicator.durable.streams.get(STREAM)?.kind;
}

function commonSequence(node: TestNode): number | undefined {
  const stream = node.replicator.durable.streams.get(STREAM);
  return stream?.kind === 'forked' ? stream.commonSequence : undefined;
}

/** Makes every append of a store fail until it is repaired. */
function breakDisk(store: Store): { readonly refusals: number; repair(): void } {
  const append = store.append.bind(store);
  let refusals = 0;
  store.append = async () => {
    refusals += 1;
    throw new KedgeError('STORE', 'no room on the disk');
  };
  return {
    get refusals() {
      return refusals;
    },
    repair: () => {
      store.append = append;
    },
  };
}
