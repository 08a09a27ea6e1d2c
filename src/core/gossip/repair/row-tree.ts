/**
 * The rows of one node as a hash tree: equal roots mean equal stores, and where two stores differ
 * is found in four steps.
 *
 * A stream's place is the first 12 bits of SHA-256 of its name: there are 4096 buckets. A node of
 * the tree without rows beneath it is 32 zero bytes. A bucket is SHA-256(0x00 ‖ its lines, sorted),
 * each line `stream NUL sequence NUL digest flag LF` in ASCII with flag `F` for a forked stream,
 * followed by how many statements below the fork are lacking, if some are, and `-` otherwise. A
 * node above is SHA-256(0x01 ‖ left ‖ right); the root has depth 0. Nodes are
 * numbered as in a binary heap: 1 is the root, `n` has the children `2n` and `2n + 1`, buckets are
 * 4096 to 8191. Source: docs/replication.md.
 *
 * Changing a row costs 13 hashes, done when a hash is next asked for.
 *
 * @module
 */
import { sha256, sha256Chars } from '../../crypto.ts';
import { NO_PREVIOUS, type Sha256, type StreamName } from '../../ids.ts';
import type { Row, RowTable } from '../rows.ts';

/** Levels between two comparisons: a node is compared by its 16 descendants 4 levels below. */
const STRIDE = 4;
/** Descendants that describe a node in a comparison. */
export const TREE_FANOUT: number = 2 ** STRIDE;
/** Bytes of a hash that a comparison shows; what collides differs again after the next change. */
export const SHORT_HASH_BYTES: number = 8;
const BUCKET_DEPTH = 12;
const FIRST_BUCKET = 2 ** BUCKET_DEPTH;
const ROOT = 1;
const HASH_BYTES = 32;
const EMPTY = '\0'.repeat(HASH_BYTES);
/** What an inner node is hashed from; written anew for each. */
const pair = new Uint8Array(1 + 2 * HASH_BYTES);

/** A node of the tree as a comparison shows it. */
export interface TreeNode {
  /** Heap number of depth 0, 4 or 8: 1, 16 to 31, 256 to 511. */
  readonly index: number;
  /** The first {@link SHORT_HASH_BYTES} of each of the 16 descendants, one after the other. */
  readonly hashes: Uint8Array;
}

/** Says whether a comparison may show the node with this number. */
export function isTreeIndex(index: number): boolean {
  return (
    index === ROOT ||
    (index >= TREE_FANOUT && index < 2 * TREE_FANOUT) ||
    (index >= TREE_FANOUT ** 2 && index < 2 * TREE_FANOUT ** 2)
  );
}

/** Says whether a number is a bucket's. */
export function isBucket(index: number): boolean {
  return index >= FIRST_BUCKET && index < 2 * FIRST_BUCKET;
}

/** A table of rows with its hashes. */
export class RowTree {
  readonly #rows: Map<StreamName, Row> = new Map();
  readonly #bucketOf: Map<StreamName, number> = new Map();
  readonly #buckets: Map<number, Set<StreamName>> = new Map();
  /** Rows beneath each node that has some. */
  readonly #counts: Map<number, number> = new Map();
  /** Hashes that are up to date, one character a byte; a node without rows has none. */
  readonly #hashes: Map<number, string> = new Map();
  #root: Sha256 | undefined;

  constructor(rows: Iterable<Row> = []) {
    for (const row of rows) this.set(row);
  }

  get rows(): RowTable {
    return this.#rows;
  }

  /** The summary of all rows. */
  get root(): Sha256 {
    this.#root ??= this.#rows.size === 0 ? NO_PREVIOUS : sha256(this.#pairOf(ROOT));
    return this.#root;
  }

  set(row: Row): void {
    const bucket = this.#placeOf(row.stream);
    if (!this.#rows.has(row.stream)) this.#count(bucket, 1);
    this.#rows.set(row.stream, row);
    const streams = this.#buckets.get(bucket) ?? new Set();
    this.#buckets.set(bucket, streams.add(row.stream));
    this.#forget(bucket);
  }

  delete(stream: StreamName): void {
    if (!this.#rows.delete(stream)) return;
    const bucket = this.#placeOf(stream);
    this.#bucketOf.delete(stream);
    this.#buckets.get(bucket)?.delete(stream);
    this.#count(bucket, -1);
    this.#forget(bucket);
  }

  /** Shows a node for comparison. */
  node(index: number): TreeNode {
    const hashes = new Uint8Array(TREE_FANOUT * SHORT_HASH_BYTES);
    for (let at = 0; at < TREE_FANOUT; at += 1) {
      const hash = this.#hash(index * TREE_FANOUT + at);
      writeChars(hashes, at * SHORT_HASH_BYTES, hash, SHORT_HASH_BYTES);
    }
    return { index, hashes };
  }

  /** The descendants in which another node's tree differs: tree nodes, or in the end buckets. */
  differing(theirs: TreeNode): readonly number[] {
    const ours = this.node(theirs.index).hashes;
    const differing = new Set<number>();
    for (let at = 0; at < ours.length; at += 1) {
      if (ours[at] === theirs.hashes[at]) continue;
      differing.add(theirs.index * TREE_FANOUT + Math.floor(at / SHORT_HASH_BYTES));
    }
    return [...differing];
  }

  /** The rows of one bucket. */
  rowsIn(bucket: number): readonly Row[] {
    return [...(this.#buckets.get(bucket) ?? [])].flatMap((stream) => {
      const row = this.#rows.get(stream);
      return row === undefined ? [] : [row];
    });
  }

  #placeOf(stream: StreamName): number {
    const known = this.#bucketOf.get(stream);
    if (known !== undefined) return known;
    const hash = sha256Chars(stream);
    const bucket = FIRST_BUCKET + hash.charCodeAt(0) * 16 + (hash.charCodeAt(1) >> 4);
    this.#bucketOf.set(stream, bucket);
    return bucket;
  }

  #count(bucket: number, change: 1 | -1): void {
    for (let index = bucket; index >= ROOT; index >>= 1) {
      this.#counts.set(index, (this.#counts.get(index) ?? 0) + change);
    }
  }

  #forget(bucket: number): void {
    this.#root = undefined;
    for (let index = bucket; index >= ROOT; index >>= 1) this.#hashes.delete(index);
  }

  #hash(index: number): string {
    const known = this.#hashes.get(index);
    if (known !== undefined) return known;
    if ((this.#counts.get(index) ?? 0) === 0) return EMPTY;
    const hash = isBucket(index) ? this.#bucketHash(index) : sha256Chars(this.#pairOf(index));
    this.#hashes.set(index, hash);
    return hash;
  }

  #bucketHash(bucket: number): string {
    const lines = this.rowsIn(bucket).map(lineOf);
    return sha256Chars(`\0${lines.sort().join('')}`);
  }

  /** What the hash of an inner node is made of; good until the next one. */
  #pairOf(index: number): Uint8Array {
    const left = this.#hash(2 * index);
    const right = this.#hash(2 * index + 1);
    pair[0] = 1;
    writeChars(pair, 1, left, HASH_BYTES);
    writeChars(pair, 1 + HASH_BYTES, right, HASH_BYTES);
    return pair;
  }
}

function writeChars(bytes: Uint8Array, start: number, chars: string, count: number): void {
  for (let at = 0; at < count; at += 1) bytes[start + at] = chars.charCodeAt(at);
}

function lineOf({ stream, sequence, digest, forked, lacks }: Row): string {
  const flag = forked ? `F${lacks === undefined ? '' : String(lacks)}` : '-';
  return `${stream}\0${String(sequence)}\0${digest}${flag}\n`;
}
