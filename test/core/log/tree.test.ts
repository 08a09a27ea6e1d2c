import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  type Frontier,
  hashInner,
  hashLeaf,
  perfectSubtrees,
  treeRoot,
} from '../../../src/core/log/tree.ts';
import { hashesOf, leavesOf, logOf, readVectors } from './fixtures.ts';

const vectors = readVectors('merkle') as { leaves: string[]; roots: string[] };

/** RFC 6962 section 2.1 as it is written. */
function rootByDefinition(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) throw new Error('no leaves');
  if (leaves.length === 1) return hashLeaf(first);
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return hashInner(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)));
}

describe('treeRoot', () => {
  it.each(vectors.roots.map((root, size) => ({ root, size })))(
    'is that of another implementation for $size leaves',
    ({ root, size }) => {
      const { frontier } = logOf(hashesOf(vectors.leaves.slice(0, size)));
      expect(frontier.size).toBe(size);
      expect(treeRoot(frontier)).toBe(root);
    },
  );

  it('is what RFC 6962 defines', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1 }), (leaves) => {
        expect(treeRoot(logOf(leaves).frontier)).toBe(encodeHex(rootByDefinition(leaves)));
      }),
    );
  });

  it('tells a leaf from an inner hash of the same bytes', () => {
    const [a, b] = [hashLeaf(new Uint8Array(1)), hashLeaf(new Uint8Array(2))];
    const inner = appendLeaf(appendLeaf(EMPTY_TREE, a).frontier, b).frontier;
    const joined = logOf([Uint8Array.from([...a, ...b])]).frontier;
    expect(treeRoot(inner)).not.toBe(treeRoot(joined));
  });
});

describe('appendLeaf', () => {
  it('leaves the frontier that it starts from as it was', () => {
    const before = logOf(leavesOf(7)).frontier;
    const root = treeRoot(before);
    appendLeaf(before, hashLeaf(new Uint8Array(0)));
    expect(treeRoot(before)).toBe(root);
  });

  it('gives every perfect subtree once, two per leaf at most', () => {
    const count = 64;
    const { stored } = logOf(leavesOf(count));
    expect(stored.size).toBe(2 * count - 1);
  });

  it('keeps a frontier of one hash per set bit of the size', () => {
    expect(logOf(leavesOf(255)).frontier.peaks).toHaveLength(8);
    expect(logOf(leavesOf(256)).frontier.peaks).toHaveLength(1);
  });
});

describe('perfectSubtrees', () => {
  it('names what a store must read to go on with a tree', () => {
    for (let size = 0; size <= 40; size += 1) {
      const { frontier, hashOf } = logOf(leavesOf(size));
      const restored: Frontier = { size, peaks: perfectSubtrees(0, size).map(hashOf) };
      expect(restored).toEqual(frontier);
    }
  });

  it('is exact for the largest sizes', () => {
    const subtrees = perfectSubtrees(0, Number.MAX_SAFE_INTEGER);
    expect(subtrees.map(({ level }) => level)).toEqual(
      Array.from({ length: 53 }, (_, i) => 52 - i),
    );
    expect(subtrees.at(-1)).toEqual({ level: 0, index: Number.MAX_SAFE_INTEGER - 1 });
  });
});
