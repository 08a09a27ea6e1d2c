/**
 * Resolution of a fork among whole nodes: real replicators, machines and stores; only links are
 * function calls. The charter reaches nodes in different states, and all go on as one.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseBundleName, releaseStream, type Sequence } from '../../src/core/ids.ts';
import type { ReleaseBody } from '../../src/core/releases/body.ts';
import { restoreTrustedState } from '../../src/core/trusted/restore.ts';
import { forkOf, headOf } from '../../src/core/trusted/state.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { addActive, createTestAnchors, type TestAnchor } from '../../src/testing/anchors.ts';
import {
  createTestRealm,
  type TestCharter,
  type TestDocument,
  type TestRealm,
  type TestRelease,
} from '../../src/testing/realm.ts';
import { TestCluster, type TestNode, until } from './support/cluster.ts';

const NAMES = ['iad', 'fra', 'sin'];
const PAYMENTS = parseBundleName('payments.test.example.org');
const STREAM = releaseStream(PAYMENTS);

describe('Replicator: a resolved fork', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let cluster: TestCluster;
  let base: TestRelease;

  beforeEach(async () => {
    realm = createTestRealm({ now: () => Date.now() });
    anchors = createTestAnchors(1);
    cluster = new TestCluster({ realm: realm.name, firstCharterDigest: realm.firstCharterDigest });
    for (const name of NAMES) cluster.add(name, NAMES, await openMemoryStore());
    cluster.start();
    await submit('iad', realm.charter);
    base = realm.nextRelease(PAYMENTS, addActive(...anchors));
    await submit('iad', base);
    await until('all hold the base', () => allAt(base));
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('takes every node to the side that stands, and on', async () => {
    cluster.cut('sin');
    const [ours, theirs] = [onTop(base, 'ours'), onTop(base, 'theirs')];
    await submit('iad', ours);
    await submit('sin', theirs);
    cluster.heal('sin');
    await until('all are stopped', () => cluster.nodes.every(isStopped));
    // Nobody serves what the decision is about; whoever has it on the disk takes it from there.
    await submit('fra', keep(theirs));
    await until('all hold what stands', () => allAt(theirs));
    await until('roots are equal', () => cluster.isConverged);
    const next = onTop(theirs, 'next');
    await submit('iad', next);
    await until('all go on', () => allAt(next));
    expect(cluster.nodes.some(isStopped)).toBe(false);
    for (const node of cluster.nodes) await expectDurable(node);
  });

  it('moves a node that was cut off on the side that fell and saw no fork', async () => {
    const [ours, theirs] = [onTop(base, 'ours'), onTop(base, 'theirs')];
    const longer = [onTop(theirs, 'theirs 3')];
    cluster.cut('sin');
    await submit('iad', ours);
    for (const release of [theirs, ...longer]) await submit('sin', release);
    await submit('iad', keep(ours));
    const next = onTop(ours, 'next');
    await submit('iad', next);
    cluster.heal('sin');
    await until('all hold what stands', () => allAt(next));
    await until('roots are equal', () => cluster.isConverged);
    for (const node of cluster.nodes) await expectDurable(node);
  });

  it('goes on with what lay above the fork on the side that stands', async () => {
    cluster.cut('sin');
    const chain = [onTop(base, 'ours')];
    for (const note of ['ours 3', 'ours 4']) chain.push(onTop(chain.at(-1) ?? base, note));
    for (const release of chain) await submit('iad', release);
    await submit('sin', onTop(base, 'theirs'));
    cluster.heal('sin');
    await until('all are stopped', () => cluster.nodes.every(isStopped));
    const [first, last] = [chain[0], chain.at(-1)];
    if (first === undefined || last === undefined) throw new Error('nothing was published');
    await submit('iad', keep(first));
    await until('all hold the newest of it', () => allAt(last));
    await until('roots are equal', () => cluster.isConverged);
    for (const node of cluster.nodes) await expectDurable(node);
  });

  /** The next charter, which lets a release stand. */
  function keep({ stream, sequence, digest }: TestRelease): TestCharter {
    return realm.nextCharter((charter) => ({
      ...charter,
      resolutions: [{ stream, sequence, digest }],
    }));
  }

  function onTop(after: TestRelease, note: string): TestRelease {
    return realm.nextRelease(PAYMENTS, (body: ReleaseBody) => ({ ...body, note }), { after });
  }

  async function submit(name: string, { document }: TestDocument): Promise<void> {
    const blobs = anchors.map(({ der }) => der);
    await cluster.node(name).replicator.submit(document, blobs);
  }

  function allAt({ digest }: TestRelease): boolean {
    return cluster.nodes.every(
      ({ replicator }) => headOf(replicator.durable, STREAM)?.digest === digest,
    );
  }

  /** What a node that starts again makes of its store is what it had. */
  async function expectDurable({ store, replicator }: TestNode): Promise<void> {
    const pin = { realm: realm.name, firstCharterDigest: realm.firstCharterDigest };
    expect(restoreTrustedState(pin, await store.load())).toEqual(replicator.durable);
    const { sequence } = headOf(replicator.durable, STREAM) ?? { sequence: 0 };
    const statements = await store.statements(STREAM, { from: 1 as Sequence, limit: 100 });
    expect(statements).toHaveLength(sequence);
  }
});

function isStopped({ replicator }: TestNode): boolean {
  return forkOf(replicator.durable, STREAM) !== undefined;
}
