import { describe, expect, it } from 'vitest';
import { rowIn, rowsOf } from '../../../src/core/gossip/rows.ts';
import { CHARTER_STREAM } from '../../../src/core/ids.ts';
import { headTree } from '../../../src/core/log/heads.ts';
import { HeadTrees } from '../../../src/service/attesting/head-trees.ts';
import { addActive, createTestAnchors } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { IAD, regionsOf } from '../../core/log/fixtures.ts';

const [anchor] = createTestAnchors(1);

function publish(realm: TestRealm, bundle: string): ReturnType<TestRealm['nextRelease']> {
  if (anchor === undefined) throw new Error('no anchor');
  return realm.nextRelease(bundle, addActive(anchor));
}

describe('HeadTrees', () => {
  it('finds the tree of now, and of moments before', () => {
    const realm = createTestRealm({ regions: regionsOf(IAD) });
    const before = realm.trustedState();
    const trees = new HeadTrees(before);
    const { stream } = publish(realm, 'a.example.org');
    const after = realm.trustedState();
    trees.moved(after, [stream]);
    for (const state of [before, after]) {
      const tree = headTree(rowsOf(state).values());
      expect(trees.find(tree)?.root).toBe(tree.root);
    }
    const { root } = headTree(rowsOf(after).values());
    expect(trees.find({ size: 7, root })).toBeUndefined();
  });

  it('forgets the oldest, a bounded number being kept', () => {
    const realm = createTestRealm({ regions: regionsOf(IAD) });
    const first = realm.trustedState();
    const trees = new HeadTrees(first);
    for (let i = 0; i < 20; i += 1) {
      const { stream } = publish(realm, `b${i}.example.org`);
      trees.moved(realm.trustedState(), [stream]);
    }
    expect(trees.find(headTree(rowsOf(first).values()))).toBeUndefined();
    expect(trees.find(headTree(rowsOf(realm.trustedState()).values()))?.size).toBe(21);
  });

  it('keeps none while the charter lists no region', () => {
    const realm = createTestRealm();
    const trees = new HeadTrees(realm.trustedState());
    expect(trees.find(headTree(rowsOf(realm.trustedState()).values()))).toBeUndefined();
    realm.nextCharter((charter) => ({ ...charter, regions: regionsOf(IAD) }));
    const state = realm.trustedState();
    trees.moved(state, [CHARTER_STREAM]);
    expect(rowIn(state, CHARTER_STREAM)?.sequence).toBe(2);
    expect(trees.find(headTree(rowsOf(state).values()))?.size).toBe(1);
  });
});
