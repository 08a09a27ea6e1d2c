import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex, parseHex } from '../../../src/core/bytes.ts';
import { parseSha256 } from '../../../src/core/ids.ts';
import { PROOF_HASHES_MAX } from '../../../src/core/limits.ts';
import { completeProof, planConsistency, planInclusion } from '../../../src/core/log/plan.ts';
import { verifyConsistency, verifyInclusion, verifyLastLeaf } from '../../../src/core/log/proof.ts';
import { appendLeaf, hashInner, hashLeaf, treeRoot } from '../../../src/core/log/tree.ts';
import { expectCode } from '../support.ts';
import {
  checkpointOf,
  consistencyOf,
  hashesOf,
  inclusionOf,
  leavesOf,
  logOf,
  readVectors,
} from './fixtures.ts';

interface Inclusion {
  kind: 'inclusion';
  name: string;
  index: number;
  size: number;
  leafHash: string;
  root: string;
  hashes: string[];
}

interface Consistency {
  kind: 'consistency';
  name: string;
  from: number;
  to: number;
  fromRoot: string;
  toRoot: string;
  hashes: string[];
}

interface MerkleVectors {
  leaves: string[];
  roots: string[];
  inclusion: { index: number; size: number; hashes: string[] }[];
  consistency: { from: number; to: number; hashes: string[] }[];
  uniformLeaf: string;
  large: (Record<'from' | 'to' | 'index', number> &
    Record<'fromRoot' | 'toRoot', string> &
    Record<'inclusion' | 'consistency', string[]>)[];
  refused: (Inclusion | Consistency)[];
}

const vectors = readVectors('merkle') as MerkleVectors;
const leaves = hashesOf(vectors.leaves);
const headAt = (size: number): { size: number; root: ReturnType<typeof parseSha256> } => ({
  size,
  root: parseSha256(vectors.roots[size] ?? ''),
});

/** Hashes of perfect subtrees over equal leaves, by level. */
const uniform: Uint8Array[] = [hashLeaf(parseHex(vectors.uniformLeaf))];
for (let level = 1; level < 54; level += 1) {
  const below = uniform[level - 1] ?? new Uint8Array(0);
  uniform.push(hashInner(below, below));
}

describe('vectors of proofs', () => {
  it.each(vectors.inclusion)('give that of leaf $index in $size', ({ index, size, hashes }) => {
    const proof = inclusionOf(leaves.slice(0, size), index);
    expect(proof.map(encodeHex)).toEqual(hashes);
    const hash = hashLeaf(leaves[index] ?? new Uint8Array(0));
    verifyInclusion(headAt(size), { index, hash }, proof);
  });

  it.each(vectors.consistency)('give that from $from to $to', ({ from, to, hashes }) => {
    const proof = consistencyOf(leaves.slice(0, to), from);
    expect(proof.map(encodeHex)).toEqual(hashes);
    verifyConsistency(headAt(from), headAt(to), proof);
  });

  it.each(vectors.large)('give those of a tree of $to leaves', (large) => {
    const { from, to, index } = large;
    const hashOf = ({ level }: { readonly level: number }): Uint8Array =>
      uniform[level] ?? new Uint8Array(0);
    const inclusion = completeProof(planInclusion(index, to), hashOf);
    const consistency = completeProof(planConsistency(from, to), hashOf);
    expect(inclusion.map(encodeHex)).toEqual(large.inclusion);
    expect(consistency.map(encodeHex)).toEqual(large.consistency);
    const tree = { size: to, root: parseSha256(large.toRoot) };
    verifyInclusion(tree, { index, hash: hashOf({ level: 0 }) }, inclusion);
    verifyConsistency({ size: from, root: parseSha256(large.fromRoot) }, tree, consistency);
  });

  it.each(vectors.refused)('refuse: $name', (vector) => {
    const proof = hashesOf(vector.hashes);
    expectCode('PROOF', () => {
      if (vector.kind === 'inclusion') {
        const { index, size, leafHash, root } = vector;
        const tree = { size, root: parseSha256(root) };
        verifyInclusion(tree, { index, hash: parseHex(leafHash) }, proof);
      } else {
        const { from, to, fromRoot, toRoot } = vector;
        const old = { size: from, root: parseSha256(fromRoot) };
        verifyConsistency(old, { size: to, root: parseSha256(toRoot) }, proof);
      }
    });
  });
});

describe('verifyInclusion', () => {
  it('takes the proof of every leaf of every small tree', () => {
    for (let size = 1; size <= 33; size += 1) {
      const tree = checkpointOf(leavesOf(size));
      for (const [index, leaf] of leavesOf(size).entries()) {
        verifyInclusion(tree, { index, hash: hashLeaf(leaf) }, inclusionOf(leavesOf(size), index));
      }
    }
  });

  it('refuses the proof of one leaf for another leaf or place', () => {
    const all = leavesOf(13);
    const tree = checkpointOf(all);
    const places = fc.nat(12);
    fc.assert(
      fc.property(places, places, places, (proven, index, leaf) => {
        fc.pre(proven !== index || proven !== leaf);
        const hash = hashLeaf(all[leaf] ?? new Uint8Array(0));
        expectCode('PROOF', () => verifyInclusion(tree, { index, hash }, inclusionOf(all, proven)));
      }),
    );
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 53])('refuses the index %d', (index) => {
    const tree = checkpointOf(leavesOf(3));
    const hash = hashLeaf(new Uint8Array(0));
    expectCode('PROOF', () => verifyInclusion(tree, { index, hash }, []));
  });

  it('refuses a proof longer than any before it hashes', () => {
    const tree = checkpointOf(leavesOf(1));
    const hash = hashLeaf(new Uint8Array(0));
    const proof = Array.from({ length: PROOF_HASHES_MAX + 1 }, () => hash);
    expectCode('LIMIT', () => verifyInclusion(tree, { index: 0, hash }, proof));
  });

  it('refuses a leaf hash of another length', () => {
    const tree = checkpointOf(leavesOf(1));
    expectCode('PROOF', () => verifyInclusion(tree, { index: 0, hash: new Uint8Array(31) }, []));
  });
});

describe('verifyConsistency', () => {
  it('takes the proof between all small trees', () => {
    for (let to = 0; to <= 33; to += 1) {
      const all = leavesOf(to);
      for (let from = 0; from <= to; from += 1) {
        verifyConsistency(
          checkpointOf(all.slice(0, from)),
          checkpointOf(all),
          consistencyOf(all, from),
        );
      }
    }
  });

  it('refuses what grew from another tree', () => {
    for (let to = 2; to <= 20; to += 1) {
      const all = leavesOf(to);
      for (let from = 1; from < to; from += 1) {
        const foreign = checkpointOf([...leavesOf(from - 1), ...leavesOf(1, 'b')]);
        const proof = consistencyOf(all, from);
        expectCode('PROOF', () => verifyConsistency(foreign, checkpointOf(all), proof));
      }
    }
  });

  it('refuses an empty tree with leaves in its root', () => {
    const wrong = { ...checkpointOf(leavesOf(1)), size: 0 };
    expectCode('PROOF', () => verifyConsistency(wrong, wrong, []));
  });
});

describe('verifyLastLeaf', () => {
  it('gives the frontier from which a late reader goes on', () => {
    for (let size = 1; size <= 33; size += 1) {
      const all = leavesOf(size + 1);
      const known = all.slice(0, size);
      const last = hashLeaf(known.at(-1) ?? new Uint8Array(0));
      const frontier = verifyLastLeaf(checkpointOf(known), last, inclusionOf(known, size - 1));
      expect(frontier).toEqual(logOf(known).frontier);
      const next = appendLeaf(frontier, hashLeaf(all.at(-1) ?? new Uint8Array(0)));
      expect(treeRoot(next.frontier)).toBe(checkpointOf(all).root);
    }
  });

  it('refuses another leaf', () => {
    const all = leavesOf(5);
    const other = hashLeaf(new Uint8Array(0));
    expectCode('PROOF', () => verifyLastLeaf(checkpointOf(all), other, inclusionOf(all, 4)));
  });
});
