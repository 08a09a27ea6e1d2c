/**
 * Makes proofs: says which stored hashes one needs, and folds them into it.
 *
 * Reading is the store's business, so a proof is made in two steps. A plan has one group of perfect
 * subtrees per hash of the proof; only the last one on the right edge has more than one member.
 * Nothing here can make a false proof pass: whoever gets it verifies it. RFC 6962 sections 2.1.1
 * and 2.1.2; spec section 8.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { ProofHashes } from './proof.ts';
import { foldPeaks, perfectSubtrees, type Subtree } from './tree.ts';

/** Per hash of the proof the subtrees whose hashes make it, largest first. */
export type ProofPlan = readonly (readonly Subtree[])[];

/** Leaves from `from` up to, without, `to`. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Plans the proof that a tree of `size` leaves has the leaf `index`. Rule LG-5. */
export function planInclusion(index: number, size: number): ProofPlan {
  if (!(index >= 0 && index < size)) {
    throw new KedgeError('BUG', `a tree of ${size} leaves has no leaf ${index}`);
  }
  const siblings: Range[] = [];
  let tree: Range = { from: 0, to: size };
  while (tree.to - tree.from > 1) {
    const [left, right] = split(tree);
    const isLeft = index < left.to;
    siblings.push(isLeft ? right : left);
    tree = isLeft ? left : right;
  }
  return planOf(siblings);
}

/** Plans the proof that a tree of `size` leaves begins with its tree of `from`. Rule LG-5. */
export function planConsistency(from: number, size: number): ProofPlan {
  if (!(from >= 0 && from <= size)) {
    throw new KedgeError('BUG', `a tree of ${size} leaves does not begin with ${from}`);
  }
  if (from === 0 || from === size) return [];
  const siblings: Range[] = [];
  let tree: Range = { from: 0, to: size };
  while (tree.to !== from) {
    const [left, right] = split(tree);
    const isLeft = from <= left.to;
    siblings.push(isLeft ? right : left);
    tree = isLeft ? left : right;
  }
  // What is left of the old tree is known to the reader when it is the whole of it.
  return planOf(tree.from === 0 ? siblings : [...siblings, tree]);
}

/** Makes the proof; `hashOf` gives a stored hash. */
export function completeProof(
  plan: ProofPlan,
  hashOf: (subtree: Subtree) => Uint8Array,
): ProofHashes {
  return plan.map((subtrees) => foldPeaks(subtrees.map(hashOf)));
}

/** RFC 6962: the left part is the largest perfect subtree that is not the whole. */
function split({ from, to }: Range): readonly [Range, Range] {
  let width = 1;
  while (2 * width < to - from) width *= 2;
  return [
    { from, to: from + width },
    { from: from + width, to },
  ];
}

/** Proofs go from the leaves up. */
function planOf(siblings: readonly Range[]): ProofPlan {
  return siblings.toReversed().map(({ from, to }) => perfectSubtrees(from, to));
}
