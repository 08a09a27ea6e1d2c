/**
 * What is durable, and the batches on their way to the disk.
 *
 * Batches are written in the order in which their statements were accepted. When one fails, those
 * behind it are given up, since they build on it. What failed may be on the disk all the same, so
 * it stays the next one: it is written again, which changes nothing where it is there, before
 * anything else. Batches that go to the disk as one fail as one.
 *
 * @module
 */
import type { KedgeError } from '../../errors.ts';
import { type NodeId, parseSequence, type StreamName } from '../../ids.ts';
import type { TrustedState } from '../../trusted/state.ts';
import type { PersistBatch, SubmitResult } from '../events.ts';
import type { Row } from '../rows.ts';
import { rowIn, rowsOf } from '../rows.ts';
import { RowLog } from './row-log.ts';

/** A submit that waits for a batch. */
export interface Waiter {
  readonly requestId: number;
  /** The answer once it is durable; a refusal too where it rests on what the batch proves. */
  readonly result: SubmitResult;
}

/** To whom this node has pushed what a batch brings; what is too large, or history, to nobody. */
export type News = ReadonlySet<NodeId> | 'not-pushed';

const NOBODY: ReadonlySet<NodeId> = new Set();

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
  readonly news: News;
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

  /** The youngest batch under way that proves the fork of a stream, if there is one. */
  proverOf({ stream }: KedgeError['detail']): Commit | undefined {
    const isProver = ({ batch: { evidence } }: Commit): boolean =>
      evidence !== undefined && evidence.stream === stream;
    return this.#queue.findLast(isProver);
  }

  /** All batches up to this one are on disk; none when they were given up before. */
  done(batchId: number): readonly Commit[] {
    const isLater = (commit: Commit): boolean => commit.batchId > batchId;
    const first = this.#queue.findIndex(isLater);
    const commits = this.#queue.splice(0, first < 0 ? this.#queue.length : first);
    const { state = this.#state } = commits.at(-1) ?? {};
    this.#state = state;
    for (const stream of streamsOf(commits)) this.rows.set(stream, rowIn(state, stream));
    return commits;
  }

  /** What is accepted once all is written. */
  get expected(): TrustedState {
    return this.#queue.at(-1)?.state ?? this.#state;
  }

  /** The batches that have to be written again, as being written from now on. */
  retry(): readonly Commit[] {
    const failed = this.#queue.filter(({ phase }) => phase === 'failed');
    for (const commit of failed) commit.phase = 'writing';
    return failed;
  }

  /**
   * The batches up to `lastBatchId` failed together; returns whoever waits for one of them or for
   * one behind.
   */
  failed(lastBatchId: number, remains: 'in-doubt' | 'nothing'): readonly Waiter[] {
    const waiters = this.#queue.flatMap((commit) => commit.waiters);
    const isInDoubt = ({ batchId }: Commit): boolean =>
      remains === 'in-doubt' && batchId <= lastBatchId;
    this.#queue = this.#queue.filter(isInDoubt);
    for (const commit of this.#queue) {
      commit.waiters = [];
      commit.phase = 'failed';
    }
    return waiters;
  }
}

/** The streams that commits move, each once; the order is that of their revisions. */
export function streamsOf(commits: readonly Commit[]): readonly StreamName[] {
  return [...new Set(commits.flatMap(({ row, moved }) => [row.stream, ...moved]))];
}

/** To whom each stream's head was pushed. */
export function newsOf(commits: readonly Commit[]): ReadonlyMap<StreamName, News> {
  const all = new Map<StreamName, News>();
  for (const { row, news } of commits) {
    const before = all.get(row.stream) ?? 'not-pushed';
    // The push before it is on its way: words would only be in its way.
    all.set(row.stream, news === 'not-pushed' && before !== 'not-pushed' ? NOBODY : news);
  }
  return all;
}

/** The answer to a submit whose statement is durable; the batch may make a later head. */
export function durableResult(row: Row, novelty: 'new' | 'held'): SubmitResult {
  const { stream, digest } = row;
  return { kind: 'durable', stream, sequence: parseSequence(row.sequence), digest, novelty };
}
