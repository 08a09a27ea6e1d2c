/**
 * The Merkle trees of all streams: which hashes an append adds, and how lost ones are made again.
 *
 * Each perfect subtree is one record, written in the batch of the statement that completes it. A
 * store of an older version has none; whoever needs one then makes all of that stream from its
 * statements. After a fork a stream may go on with other statements: each overwrites the hashes
 * that it completes, so all within the head are always those of the chain that counts. Spec
 * section 8 (LG-4).
 *
 * @module
 */
import type { StreamName } from '../core/ids.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  type Frontier,
  type HashedSubtree,
  hashLeaf,
  perfectSubtrees,
  type Subtree,
} from '../core/log/tree.ts';
import { Memo } from '../core/memo.ts';
import type { StoreBatch } from '../ports/store.ts';
import type { KeyValue, Put } from './key-value.ts';
import { treeKey } from './keys.ts';
import type { HeadRecord } from './records.ts';

/** Payloads read at once. */
const PAGE = 1000;
/** Trees that are remembered: one per stream that grew lately. */
const FRONTIERS_MAX = 1024;

/** What the trees are kept in and made from. */
export interface LogTreeParts {
  readonly entries: KeyValue;
  /** The payloads of the statements `from` up to `to`, both of them included. */
  readonly payloads: (
    stream: StreamName,
    from: number,
    to: number,
  ) => Promise<readonly Uint8Array[]>;
}

/** The trees of the streams of one store. */
export class LogTrees {
  readonly #parts: LogTreeParts;
  /** By the digest of the last statement, from which all of a tree follows. */
  readonly #known: Memo<Frontier> = new Memo(FRONTIERS_MAX);

  constructor(parts: LogTreeParts) {
    this.#parts = parts;
  }

  /** What the new documents of a batch add; `lastOf` is where a stream stood before. */
  async puts(
    { documents, replaced }: Pick<StoreBatch, 'documents' | 'replaced'>,
    lastOf: (stream: StreamName) => HeadRecord,
  ): Promise<readonly Put[]> {
    const frontiers = new Map<StreamName, Frontier>();
    const puts: Put[] = [];
    for (const { stream, sequence, digest, document } of documents) {
      const last = replaced?.stream === stream ? replaced : lastOf(stream);
      if (sequence <= (frontiers.get(stream)?.size ?? last.sequence)) continue;
      const before = frontiers.get(stream) ?? (await this.#frontier(stream, last, puts));
      const leaf = hashLeaf(document.statement.payload);
      const { frontier, complete } = appendLeaf(before, leaf);
      frontiers.set(stream, frontier);
      this.#known.set(digest, frontier, 1);
      puts.push(...complete.map((subtree) => putOf(stream, subtree)));
    }
    return puts;
  }

  /** Stored hashes; absent when one of them is missing. */
  async read(
    stream: StreamName,
    subtrees: readonly Subtree[],
  ): Promise<readonly Uint8Array[] | undefined> {
    const keys = subtrees.map((subtree) => treeKey(stream, subtree));
    const found = await this.#parts.entries.getMany(keys);
    const hashes = found.filter((hash) => hash !== undefined);
    return hashes.length === subtrees.length ? hashes : undefined;
  }

  /** All hashes of a stream, made from its first `size` statements. */
  async rebuilt(stream: StreamName, size: number): Promise<readonly Put[]> {
    const puts: Put[] = [];
    await this.#rebuild(stream, size, puts);
    return puts;
  }

  async #frontier(stream: StreamName, last: HeadRecord, puts: Put[]): Promise<Frontier> {
    const { sequence: size, digest } = last;
    if (size === 0) return EMPTY_TREE;
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const peaks = await this.read(stream, perfectSubtrees(0, size));
    return peaks === undefined ? await this.#rebuild(stream, size, puts) : { size, peaks };
  }

  async #rebuild(stream: StreamName, size: number, puts: Put[]): Promise<Frontier> {
    let frontier = EMPTY_TREE;
    while (frontier.size < size) {
      const to = Math.min(size, frontier.size + PAGE);
      for (const payload of await this.#parts.payloads(stream, frontier.size + 1, to)) {
        const appended = appendLeaf(frontier, hashLeaf(payload));
        frontier = appended.frontier;
        puts.push(...appended.complete.map((subtree) => putOf(stream, subtree)));
      }
    }
    return frontier;
  }
}

function putOf(stream: StreamName, subtree: HashedSubtree): Put {
  return { key: treeKey(stream, subtree), value: subtree.hash };
}
