/**
 * Verifies that a tree contains a leaf, and that one tree is the beginning of another.
 *
 * The algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2, step by step. Sizes go up to 2^53 - 1,
 * beyond what JavaScript's bit operators take, so bits are read by arithmetic. Every way to be
 * wrong is `PROOF`: nothing follows from which one it was. Spec section 8.
 *
 * @module
 */
import { encodeHex, parseHex } from '../bytes.ts';
import { KedgeError } from '../errors.ts';
import type { Sha256 } from '../ids.ts';
import { PROOF_HASHES_MAX } from '../limits.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  type Frontier,
  hashInner,
  TREE_HASH_BYTES,
  treeRoot,
} from './tree.ts';

/** A tree, by its root. */
export interface TreeHead {
  /** The number of leaves. */
  readonly size: number;
  readonly root: Sha256;
}

/** Hashes of siblings, from the leaves up. */
export type ProofHashes = readonly Uint8Array[];

/**
 * Requires that the leaf with this hash has this index in the tree. Errors: `LIMIT` (more hashes
 * than any proof has), `PROOF`. Rule LG-6.
 */
export function verifyInclusion(
  tree: TreeHead,
  leaf: { readonly index: number; readonly hash: Uint8Array },
  proof: ProofHashes,
): void {
  requireHashes([leaf.hash]);
  requireHashes(proof);
  const what = `leaf ${leaf.index} in the tree of ${tree.size}`;
  if (!isSize(tree.size) || !isSize(leaf.index) || leaf.index >= tree.size) throw unproven(what);
  const sides = siblingSides(leaf.index, tree.size - 1, proof.length);
  if (sides === undefined) throw unproven(what);
  const hash = proof.reduce(
    (below, sibling, at) =>
      sides[at] === 'left' ? hashInner(sibling, below) : hashInner(below, sibling),
    leaf.hash,
  );
  if (encodeHex(hash) !== tree.root) throw unproven(what);
}

/**
 * Requires that the leaf with this hash is the last one of the tree, and returns the frontier,
 * which is in the proof: a reader that begins late grows the tree from here. Errors: `LIMIT`,
 * `PROOF`. Rule LG-8.
 */
export function verifyLastLeaf(tree: TreeHead, leaf: Uint8Array, proof: ProofHashes): Frontier {
  verifyInclusion(tree, { index: tree.size - 1, hash: leaf }, proof);
  return appendLeaf({ size: tree.size - 1, peaks: proof.toReversed() }, leaf).frontier;
}

/** Says whether the leaf with this hash has this index in the tree. Rules LG-6 and LG-8. */
export function isLeaf(
  tree: TreeHead,
  leaf: { readonly index: number; readonly hash: Uint8Array },
  proof: ProofHashes,
): boolean {
  try {
    if (leaf.index === tree.size - 1) verifyLastLeaf(tree, leaf.hash, proof);
    else verifyInclusion(tree, leaf, proof);
    return true;
  } catch (thrown) {
    if (KedgeError.from(thrown).code === 'BUG') throw thrown;
    return false;
  }
}

/**
 * Requires that the first `from.size` leaves of `to` are the tree `from`. An empty tree is the
 * beginning of every tree. Errors: `LIMIT`, `PROOF`. Rule LG-7.
 */
export function verifyConsistency(from: TreeHead, to: TreeHead, proof: ProofHashes): void {
  requireHashes(proof);
  const what = `the tree of ${from.size} as the beginning of that of ${to.size}`;
  if (!isTree(from) || !isTree(to) || from.size > to.size) throw unproven(what);
  if (from.size === 0 || from.size === to.size) {
    const isSame = from.size === 0 || from.root === to.root;
    if (!isSame || proof.length > 0) throw unproven(what);
    return;
  }
  // RFC 9162 puts the old root before the proof when it is itself a perfect subtree.
  const [start, ...siblings] = isPowerOfTwo(from.size) ? [parseHex(from.root), ...proof] : proof;
  if (start === undefined || proof.length === 0) throw unproven(what);
  let place = from.size - 1;
  let last = to.size - 1;
  while (isRight(place)) [place, last] = [half(place), half(last)];
  const sides = siblingSides(place, last, siblings.length);
  if (sides === undefined) throw unproven(what);
  let fromHash = start;
  let toHash = start;
  for (const [at, sibling] of siblings.entries()) {
    if (sides[at] === 'left') {
      fromHash = hashInner(sibling, fromHash);
      toHash = hashInner(sibling, toHash);
    } else {
      toHash = hashInner(toHash, sibling);
    }
  }
  if (encodeHex(fromHash) !== from.root || encodeHex(toHash) !== to.root) throw unproven(what);
}

/**
 * On which side each sibling stands on the way from `place` to the root, `last` being the last
 * place of that level; absent when the way does not have `count` siblings.
 */
function siblingSides(
  place: number,
  last: number,
  count: number,
): readonly ('left' | 'right')[] | undefined {
  const sides: ('left' | 'right')[] = [];
  let [at, end] = [place, last];
  while (end > 0 && sides.length < count) {
    const isLeft = isRight(at) || at === end;
    sides.push(isLeft ? 'left' : 'right');
    // On the right edge the levels without a sibling are skipped.
    while (isLeft && !isRight(at) && at > 0) [at, end] = [half(at), half(end)];
    [at, end] = [half(at), half(end)];
  }
  return end === 0 && sides.length === count ? sides : undefined;
}

function requireHashes(hashes: ProofHashes): void {
  if (hashes.length > PROOF_HASHES_MAX) {
    throw new KedgeError('LIMIT', `a proof has at most ${PROOF_HASHES_MAX} hashes`, {
      detail: { size: hashes.length, max: PROOF_HASHES_MAX },
    });
  }
  if (hashes.some((hash) => hash.length !== TREE_HASH_BYTES)) {
    throw new KedgeError('PROOF', `a hash of a proof does not have ${TREE_HASH_BYTES} bytes`);
  }
}

/** LG-3: there is one tree without leaves. */
function isTree({ size, root }: TreeHead): boolean {
  return isSize(size) && (size > 0 || root === treeRoot(EMPTY_TREE));
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isRight(place: number): boolean {
  return place % 2 === 1;
}

function half(place: number): number {
  return Math.floor(place / 2);
}

function isPowerOfTwo(size: number): boolean {
  let rest = size;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}

function unproven(what: string): KedgeError {
  return new KedgeError('PROOF', `the proof does not show ${what}`);
}
