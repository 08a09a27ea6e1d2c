/**
 * What is durable, and the batches on their way to the disk.
 *
 * Batches are written in the order in which their statements were accepted. When one fails, all
 * behind it fail too, since they build on it.
 *
 * @module
 */
import { parseSequence, type Sha256 } from '../ids.ts';
import type { TrustedState } from '../trusted/state.ts';
import type { PersistBatch, SubmitResult } from './events.ts';
import type { Row } from './frames.ts';
import { type RowTable, rootOf, rowsOf } from './rows.ts';

/** A submit that waits for a batch. */
export interface Waiter {
  readonly requestId: number;
  /** What was submitted; the batch may make a later head. */
  readonly row: Row;
  readonly novelty: 'new' | 'held';
}

/** A batch on its way to the disk. */
export interface Commit {
  readonly batchId: number;
  readonly batch: PersistBatch;
  /** The trusted state once the batch is durable. */
  readonly state: TrustedState;
  /** The head that the batch makes. */
  readonly row: Row;
  readonly waiters: Waiter[];
}

/** The durable state of one node and what will become of it. */
export class Commits {
  #state: TrustedState;
  #rows: RowTable;
  #root: Sha256;
  #queue: Commit[] = [];

  constructor(state: TrustedState) {
    this.#state = state;
    this.#rows = rowsOf(state);
    this.#root = rootOf(this.#rows);
  }

  get state(): TrustedState {
    return this.#state;
  }

  get rows(): RowTable {
    return this.#rows;
  }

  get root(): Sha256 {
    return this.#root;
  }

  add(commit: Commit): void {
    this.#queue.push(commit);
  }

  /** The youngest batch under way that makes this row's head, if there is one. */
  carrierOf(row: Row): Commit | undefined {
    return this.#queue.findLast((commit) => commit.row.stream === row.stream);
  }

  /** The oldest batch is on disk; `undefined` when it was given up before. */
  done(batchId: number): Commit | undefined {
    const commit = this.#queue[0];
    if (commit?.batchId !== batchId) return undefined;
    this.#queue.shift();
    this.#state = commit.state;
    this.#rows = rowsOf(commit.state);
    this.#root = rootOf(this.#rows);
    return commit;
  }

  /** The disk refused: every batch under way is given up. */
  abandon(): readonly Commit[] {
    const commits = this.#queue;
    this.#queue = [];
    return commits;
  }
}

/** The answer to a submit whose statement is durable. */
export function durableResult(row: Row, novelty: Waiter['novelty']): SubmitResult {
  const { stream, digest } = row;
  return { kind: 'durable', stream, sequence: parseSequence(row.sequence), digest, novelty };
}
