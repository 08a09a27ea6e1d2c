/**
 * The Merkle tree of RFC 6962 section 2.1, grown from its frontier.
 *
 * A tree of n leaves is a row of perfect subtrees, one per set bit of n; their roots (the peaks)
 * are all that appending needs, so a stream of a million statements costs 20 hashes in memory. What
 * a store keeps to prove anything later is each perfect subtree once, under its level and index:
 * two hashes per leaf on average, written when the leaf is and never changed. Spec section 8.
 *
 * @module
 */
import { concatBytes, encodeHex } from '../bytes.ts';
import { sha256, sha256Bytes } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { parseSha256, type Sha256 } from '../ids.ts';

/** Bytes of a hash in a tree. */
export const TREE_HASH_BYTES: number = 32;

/** Names a perfect subtree: the `2^level` leaves from `index * 2^level` on. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** A perfect subtree and its hash: what a store keeps. */
export interface HashedSubtree extends Subtree {
  readonly hash: Uint8Array;
}

/** A tree reduced to what growing it needs. */
export interface Frontier {
  /** The number of leaves. */
  readonly size: number;
  /** The hashes of the subtrees that {@link perfectSubtrees} names for the whole tree. */
  readonly peaks: readonly Uint8Array[];
}

/** The tree without leaves. */
export const EMPTY_TREE: Frontier = { size: 0, peaks: [] };

const LEAF_PREFIX = new Uint8Array([0]);
const INNER_PREFIX = new Uint8Array([1]);
const EMPTY_ROOT = sha256(new Uint8Array(0));

/**
 * Adds a leaf. `complete` are the subtrees that this leaf made perfect, itself first: the store
 * writes them together with the leaf. Rule LG-4.
 */
export function appendLeaf(
  { size, peaks }: Frontier,
  leaf: Uint8Array,
): { readonly frontier: Frontier; readonly complete: readonly HashedSubtree[] } {
  const left = [...peaks];
  const complete: HashedSubtree[] = [{ level: 0, index: size, hash: leaf }];
  let hash = leaf;
  let index = size;
  for (let level = 1; index % 2 === 1; level += 1) {
    hash = hashInner(left.pop() ?? hash, hash);
    index = (index - 1) / 2;
    complete.push({ level, index, hash });
  }
  return { frontier: { size: size + 1, peaks: [...left, hash] }, complete };
}

/** The root of a tree. Rule LG-3. */
export function treeRoot({ peaks }: Frontier): Sha256 {
  return peaks.length === 0 ? EMPTY_ROOT : parseSha256(encodeHex(foldPeaks(peaks)));
}

/**
 * The perfect subtrees of the leaves from `from` up to `to`, largest first; `from` is a multiple
 * of the largest of them, as it is in every range of RFC 6962.
 */
export function perfectSubtrees(from: number, to: number): readonly Subtree[] {
  const subtrees: Subtree[] = [];
  for (let start = from; start < to; ) {
    let level = 0;
    let width = 1;
    for (; 2 * width <= to - start; width *= 2) level += 1;
    subtrees.push({ level, index: start / width });
    start += width;
  }
  return subtrees;
}

/** The hash of leaves in a row, from those of their perfect subtrees, largest first. */
export function foldPeaks(peaks: readonly Uint8Array[]): Uint8Array {
  const hash = peaks.reduceRight<Uint8Array | undefined>(
    (right, left) => (right === undefined ? left : hashInner(left, right)),
    undefined,
  );
  if (hash === undefined) throw new KedgeError('BUG', 'a range of a tree has no leaves');
  return hash;
}

/** The hash of a leaf. Rule LG-1. */
export function hashLeaf(data: Uint8Array): Uint8Array {
  return sha256Bytes(concatBytes(LEAF_PREFIX, data));
}

/** The hash over two subtrees. Rule LG-2. */
export function hashInner(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256Bytes(concatBytes(INNER_PREFIX, left, right));
}
