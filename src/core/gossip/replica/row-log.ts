/**
 * The durable rows of one node and the order in which they changed.
 *
 * Each change has a revision, counted from 1 since this process started. A peer that remembers the
 * last revision that it saw asks for what changed since and gets each stream once, so the log never
 * grows beyond the number of streams.
 *
 * @module
 */
import type { Sha256, StreamName } from '../../ids.ts';
import { RowTree, type TreeNode } from '../repair/row-tree.ts';
import type { Row, RowTable } from '../rows.ts';

/** Rows, their hashes and their revisions. */
export class RowLog {
  readonly #tree: RowTree = new RowTree();
  /** When each stream changed last, oldest first. */
  readonly #revisions: Map<StreamName, number> = new Map();
  #revision = 0;

  constructor(rows: RowTable) {
    for (const [stream, row] of rows) this.set(stream, row);
  }

  /** The revision of the last change; 0 before the first. */
  get revision(): number {
    return this.#revision;
  }

  /** The revision of a stream's last change; 0 when nothing is held of it. */
  revisionOf(stream: StreamName): number {
    return this.#revisions.get(stream) ?? 0;
  }

  get rows(): RowTable {
    return this.#tree.rows;
  }

  get root(): Sha256 {
    return this.#tree.root;
  }

  /** Notes what a stream's row is now; absent when nothing is held of it any more. */
  set(stream: StreamName, row: Row | undefined): void {
    this.#revision += 1;
    this.#revisions.delete(stream);
    if (row === undefined) return this.#tree.delete(stream);
    this.#revisions.set(stream, this.#revision);
    this.#tree.set(row);
  }

  /** Rows that changed after a revision, oldest change first. */
  since(revision: number): readonly Row[] {
    const changed: Row[] = [];
    for (const [stream, at] of this.#revisions) {
      const row = at > revision ? this.#tree.rows.get(stream) : undefined;
      if (row !== undefined) changed.push(row);
    }
    return changed;
  }

  /** See {@link RowTree.node}. */
  node(index: number): TreeNode {
    return this.#tree.node(index);
  }

  /** See {@link RowTree.differing}. */
  differing(theirs: TreeNode): readonly number[] {
    return this.#tree.differing(theirs);
  }

  /** See {@link RowTree.rowsIn}. */
  rowsIn(bucket: number): readonly Row[] {
    return this.#tree.rowsIn(bucket);
  }
}
