/**
 * The tree of heads: what a region holds of all streams, as one root that a heartbeat can sign.
 *
 * One leaf per stream, ascending by stream; a leaf says of a stream what nodes compare when they
 * repair, so nodes that hold the same sign the same root. A reader of one bundle gets
 * its row with an inclusion proof of at most 14 hashes and checks no signature for it. The tree is
 * not a log: it does not grow, it changes. Spec section 8.
 *
 * @module
 */
import { encodeUtf8 } from '../bytes.ts';
import { KedgeError } from '../errors.ts';
import type { Sha256, StreamName } from '../ids.ts';
import { completeProof, planInclusion } from './plan.ts';
import { type ProofHashes, type TreeHead, verifyInclusion } from './proof.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  hashInner,
  hashLeaf,
  perfectSubtrees,
  type Subtree,
  treeRoot,
} from './tree.ts';

/** The head of one stream. */
export interface HeadRow {
  readonly stream: StreamName;
  /** Of a forked stream the last common one, which may be 0. */
  readonly sequence: number;
  /** Digest of the statement; of a forked stream that of its evidence. */
  readonly digest: Sha256;
  readonly forked: boolean;
}

/** A row, and that it is in a tree of heads. */
export interface HeadProof {
  readonly row: HeadRow;
  readonly index: number;
  readonly hashes: ProofHashes;
}

/** The tree over the rows of one moment. */
export interface HeadTree extends TreeHead {
  /** Ascending by stream. */
  readonly rows: readonly HeadRow[];
  /** Where the row of a stream is. */
  readonly places: ReadonlyMap<StreamName, number>;
  /** Hashes of the perfect subtrees, by level and index. */
  readonly levels: readonly (readonly Uint8Array[])[];
}

/** Builds the tree; each stream has one row. Rule HB-1. */
export function headTree(rows: Iterable<HeadRow>): HeadTree {
  const sorted = [...rows].sort((a, b) => (a.stream < b.stream ? -1 : 1));
  const levels: Uint8Array[][] = [];
  let frontier = EMPTY_TREE;
  for (const row of sorted) {
    const appended = appendLeaf(frontier, hashRow(row));
    frontier = appended.frontier;
    for (const { level, hash } of appended.complete) {
      const hashes = levels[level];
      if (hashes === undefined) levels.push([hash]);
      else hashes.push(hash);
    }
  }
  const places = new Map(sorted.map(({ stream }, index) => [stream, index]));
  return { size: sorted.length, root: treeRoot(frontier), rows: sorted, places, levels };
}

/**
 * The tree after some rows changed: a hash per level and row, where no stream is new. A node with
 * 10,000 streams makes the whole tree in some 60 ms, which is too long for every heartbeat.
 */
export function updateHeads(tree: HeadTree, changed: readonly HeadRow[]): HeadTree {
  if (changed.some(({ stream }) => !tree.places.has(stream))) {
    const byStream = new Map([...tree.rows, ...changed].map((row) => [row.stream, row]));
    return headTree(byStream.values());
  }
  const rows = [...tree.rows];
  const levels = tree.levels.map((hashes) => [...hashes]);
  for (const row of changed) {
    const index = tree.places.get(row.stream) ?? 0;
    rows[index] = row;
    rehash(levels, index, hashRow(row));
  }
  const updated = { ...tree, rows, levels };
  const peaks = perfectSubtrees(0, tree.size).map((subtree) => subtreeHash(updated, subtree));
  return { ...updated, root: treeRoot({ size: tree.size, peaks }) };
}

/** Proves the row of a stream; absent when the tree has none. Rule HB-2. */
export function proveHead(tree: HeadTree, stream: StreamName): HeadProof | undefined {
  const index = tree.places.get(stream);
  const row = index === undefined ? undefined : tree.rows[index];
  if (index === undefined || row === undefined) return undefined;
  const hashes = completeProof(planInclusion(index, tree.size), (at) => subtreeHash(tree, at));
  return { row, index, hashes };
}

/** Requires that a row is in a tree of heads. Errors: `LIMIT`, `PROOF`. Rule HB-2. */
export function verifyHead(tree: TreeHead, { row, index, hashes }: HeadProof): void {
  verifyInclusion(tree, { index, hash: hashRow(row) }, hashes);
}

/** HB-1: the leaf of a stream. */
function hashRow({ stream, sequence, digest, forked }: HeadRow): Uint8Array {
  return hashLeaf(encodeUtf8(`${stream}\0${sequence}\0${digest}${forked ? 'F' : '-'}\n`));
}

/** Puts a leaf in its place, and its perfect subtrees right. */
function rehash(levels: readonly Uint8Array[][], index: number, leaf: Uint8Array): void {
  let place = index;
  let hash = leaf;
  for (const [level, hashes] of levels.entries()) {
    if (place >= hashes.length) return;
    hashes[place] = hash;
    const sibling = hashes[place % 2 === 0 ? place + 1 : place - 1];
    // On the right edge no larger subtree is perfect.
    if (sibling === undefined || level + 1 === levels.length) return;
    hash = place % 2 === 0 ? hashInner(hash, sibling) : hashInner(sibling, hash);
    place = Math.floor(place / 2);
  }
}

function subtreeHash({ levels }: HeadTree, { level, index }: Subtree): Uint8Array {
  const hash = levels[level]?.[index];
  if (hash === undefined) throw new KedgeError('BUG', 'a tree of heads lacks a subtree');
  return hash;
}
