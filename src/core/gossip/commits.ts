/**
 * What is durable, and the batches on their way to the disk.
 *
 * Batches are written in the order in which their statements were accepted. When one fails, those
 * behind it are given up, since they build on it. The one that failed may be on the disk all the
 * same, so it stays the next one: it is written again, which changes nothing where it is there,
 * before anything else.
 *
 * @module
 */
import { parseSequence, type StreamName } from '../ids.ts';
import type { TrustedState } from '../trusted/state.ts';
import type { PersistBatch, SubmitResult } from './events.ts';
import { RowLog } from './row-log.ts';
import type { Row } from './rows.ts';
import { rowIn, rowsOf } from './rows.ts';

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
  /** Other streams that move with it; each takes a revision of its own, after the row's. */
  readonly moved: readonly StreamName[];
  waiters: Waiter[];
  /** `failed`: it has to be written again. */
  phase: 'writing' | 'failed';
}

/** The durable state of one node and what will become of it. */
export class Commits {
  /** The rows of the durable state. */
  readonly rows: RowLog;
  #state: TrustedState;
  #queue: Commit[] = [];

  constructor(state: TrustedState) {
    this.#state = state;
    this.rows = new RowLog(rowsOf(state));
  }

  get state(): TrustedState {
    return this.#state;
  }

  /** True while something is on its way to the disk. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
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
    for (const stream of [commit.row.stream, ...commit.moved]) {
      this.rows.set(stream, rowIn(commit.state, stream));
    }
    return commit;
  }

  /** What is accepted once all is written. */
  get expected(): TrustedState {
    return this.#queue.at(-1)?.state ?? this.#state;
  }

  /** The batch that has to be written again, as being written from now on. */
  retry(): Commit | undefined {
    const [oldest] = this.#queue;
    if (oldest?.phase !== 'failed') return undefined;
    oldest.phase = 'writing';
    return oldest;
  }

  /** The oldest batch failed; returns whoever waits for it or for one behind it. */
  failed(remains: 'in-doubt' | 'nothing'): readonly Waiter[] {
    const waiters = this.#queue.flatMap((commit) => commit.waiters);
    const [oldest] = this.#queue;
    this.#queue = [];
    if (oldest === undefined || remains === 'nothing') return waiters;
    oldest.waiters = [];
    oldest.phase = 'failed';
    this.#queue.push(oldest);
    return waiters;
  }
}

/** The answer to a submit whose statement is durable. */
export function durableResult(row: Row, novelty: Waiter['novelty']): SubmitResult {
  const { stream, digest } = row;
  return { kind: 'durable', stream, sequence: parseSequence(row.sequence), digest, novelty };
}
