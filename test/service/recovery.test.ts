/**
 * A realm that is taken back, among whole nodes: real replicators, machines and stores; only links
 * are function calls. The charter that recovery keys signed reaches nodes that hold others in its
 * place, and all go on as one.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CHARTER_STREAM } from '../../src/core/ids.ts';
import { restoreTrustedState } from '../../src/core/trusted/restore.ts';
import { forkOf, headOf } from '../../src/core/trusted/state.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { REALM } from '../core/support.ts';
import {
  BRANCHED,
  type BranchedCharter,
  type BranchedRelease,
  Branches,
  OWNERS,
} from './support/branches.ts';
import { TestCluster, type TestNode, until } from './support/cluster.ts';

const NAMES = ['iad', 'fra', 'sin'];

describe('Replicator: a realm that is recovered', () => {
  let realm: Branches;
  let cluster: TestCluster;
  let first: BranchedRelease;
  let stolen: readonly BranchedCharter[];

  beforeEach(async () => {
    realm = new Branches(Date.now());
    const { root } = realm;
    cluster = new TestCluster({ realm: REALM, firstCharterDigest: root.digest });
    for (const name of NAMES) cluster.add(name, NAMES, await openMemoryStore());
    cluster.start();
    await submit('iad', root);
    first = realm.release(root, undefined, 'ours');
    await submit('iad', first);
    await until('all hold the first release', () => allAt(root, first));
    stolen = [realm.stolen(root, 'stolen 2')];
    for (const note of ['stolen 3', 'stolen 4']) {
      stolen = [...stolen, realm.stolen(stolen.at(-1) ?? root, note)];
    }
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('takes what a thief published away from every node, and goes on', async () => {
    const theirs = await publishStolen('iad');
    await until('all hold what is stolen', () => allAt(at(2), theirs));
    cluster.cut('sin');
    const recovered = realm.recovered(realm.root, 1);
    await submit('iad', recovered);
    cluster.heal('sin');
    await until('all are back', () => allAt(recovered, first));
    const next = realm.release(recovered, first, 'ours again', OWNERS);
    await submit('sin', next);
    await until('all go on', () => allAt(recovered, next));
    await until('roots are equal', () => cluster.isConverged);
    for (const node of cluster.nodes) await expectDurable(node);
  });

  it('finds out who was recovered among nodes that saw different charters', async () => {
    cluster.cut('sin');
    await submit('iad', at(0));
    const recovered = realm.recovered(at(0), 1);
    await submit('iad', recovered);
    const other = realm.stolen(realm.root, 'other 2');
    const more = realm.stolen(realm.stolen(other, 'other 3'), 'other 4');
    await submit('sin', other);
    await submit('sin', realm.stolen(other, 'other 3'));
    await submit('sin', more);
    cluster.heal('sin');
    await until('all hold what was recovered', () => allAt(recovered, first));
    await until('roots are equal', () => cluster.isConverged);
    expect(cluster.nodes.some(isStopped)).toBe(false);
    for (const node of cluster.nodes) await expectDurable(node);
  });

  it('ends a fork of the charters', async () => {
    cluster.cut('sin');
    await submit('iad', at(0));
    await submit('sin', realm.stolen(realm.root, 'other 2'));
    cluster.heal('sin');
    await until('all are stopped', () => cluster.nodes.every(isStopped));
    const recovered = realm.recovered(realm.root, 1);
    await submit('fra', recovered);
    await until('all go on', () => allAt(recovered, first));
    await until('roots are equal', () => cluster.isConverged);
    for (const node of cluster.nodes) await expectDurable(node);
  });

  it('stops for good where recovery keys signed twice', async () => {
    cluster.cut('sin');
    const recovered = realm.recovered(realm.root, 1);
    await submit('iad', recovered);
    await submit('sin', at(0));
    await submit('sin', realm.recovered(at(0), 2));
    cluster.heal('sin');
    await until('all are stopped', () => cluster.nodes.every(isStopped));
    await until('roots are equal', () => cluster.isConverged);
    for (const node of cluster.nodes) {
      expect(forkOf(node.replicator.durable, CHARTER_STREAM)?.sequence).toBe(2);
      await expectDurable(node);
    }
  });

  /** The thief's charters, and a release under the last of them. */
  async function publishStolen(name: string): Promise<BranchedRelease> {
    for (const charter of stolen) await submit(name, charter);
    const theirs = realm.release(at(2), first, 'theirs');
    await submit(name, theirs);
    return theirs;
  }

  function at(index: number): BranchedCharter {
    const found = stolen[index];
    if (found === undefined) throw new Error(`there is no charter ${index}`);
    return found;
  }

  async function submit(
    name: string,
    { document }: BranchedCharter | BranchedRelease,
  ): Promise<void> {
    await cluster.node(name).replicator.submit(document, []);
  }

  function allAt(charter: BranchedCharter, release: BranchedRelease): boolean {
    return cluster.nodes.every(({ replicator: { durable } }) => {
      const isThere = durable.charters.at(-1)?.digest === charter.digest;
      return isThere && headOf(durable, BRANCHED)?.digest === release.digest;
    });
  }

  /** What a node that starts again makes of its store is what it had. */
  async function expectDurable({ store, replicator }: TestNode): Promise<void> {
    const pin = { realm: REALM, firstCharterDigest: realm.root.digest };
    expect(restoreTrustedState(pin, await store.load())).toEqual(replicator.durable);
  }
});

function isStopped({ replicator }: TestNode): boolean {
  return forkOf(replicator.durable, CHARTER_STREAM) !== undefined;
}
