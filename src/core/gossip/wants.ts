/**
 * What this node misses and who announced it: plans fetches.
 *
 * One fetch per stream at a time, few in all; the charter goes first, since nothing else can be
 * judged without it. An announcer that failed is not asked again for the same head for a while, so
 * that a lying or broken peer costs bounded work and honest ones are asked instead.
 *
 * @module
 */
import { CHARTER_STREAM, type NodeId, type StreamName } from '../ids.ts';
import { STREAMS_MAX } from '../limits.ts';
import { FetchBuffer } from './fetch-buffer.ts';
import type { Row } from './frames.ts';

/** Fetches under way at once. */
export const FETCHES_MAX: number = 4;
/** How long a peer is not asked again for a row that it failed to deliver, milliseconds. */
export const RETRY_PAUSE_MS: number = 10_000;

/** A fetch under way. */
export interface ActiveFetch {
  readonly fetchId: number;
  readonly nodeId: NodeId;
  readonly row: Row;
  readonly buffer: FetchBuffer;
}

/** A row that is missing here, and a node that has it. */
export interface Want {
  readonly nodeId: NodeId;
  readonly row: Row;
}

/** Missing rows, their announcers and the fetches under way. */
export class Wants {
  readonly #announced: Map<StreamName, Map<NodeId, Row>> = new Map();
  readonly #active: Map<StreamName, ActiveFetch> = new Map();
  readonly #pausedUntilMs: Map<string, number> = new Map();

  get isBusy(): boolean {
    return this.#active.size > 0;
  }

  /** Notes that `nodeId` has `row`, which we miss. */
  add(nodeId: NodeId, row: Row, nowMs: number): void {
    if ((this.#pausedUntilMs.get(pauseKey(nodeId, row)) ?? 0) > nowMs) return;
    const announcers = this.#announced.get(row.stream) ?? new Map<NodeId, Row>();
    if (announcers.size === 0 && this.#announced.size >= STREAMS_MAX) return;
    announcers.set(nodeId, row);
    this.#announced.set(row.stream, announcers);
  }

  /** Picks the next fetch to start, or nothing; drops wants that are no longer useful. */
  next(isUseful: (want: Want) => boolean): Want | undefined {
    if (this.#active.size >= FETCHES_MAX || this.#active.has(CHARTER_STREAM)) return undefined;
    const streams = this.#announced.has(CHARTER_STREAM)
      ? [CHARTER_STREAM, ...this.#announced.keys()]
      : [...this.#announced.keys()];
    for (const stream of streams) {
      if (this.#active.has(stream)) continue;
      for (const [nodeId, row] of this.#announced.get(stream) ?? []) {
        if (isUseful({ nodeId, row })) return { nodeId, row };
        this.#forget({ nodeId, row });
      }
    }
    return undefined;
  }

  /** Notes that a fetch for a want has started. */
  begin(fetchId: number, want: Want): void {
    this.#active.set(want.row.stream, { ...want, fetchId, buffer: new FetchBuffer() });
  }

  active(fetchId: number): ActiveFetch | undefined {
    for (const fetch of this.#active.values()) if (fetch.fetchId === fetchId) return fetch;
    return undefined;
  }

  /** Ends a fetch; after a failure its announcer rests for this row. */
  end(fetch: ActiveFetch, outcome: 'done' | 'failed', nowMs: number): void {
    this.#active.delete(fetch.row.stream);
    this.#forget(fetch);
    if (outcome === 'done') return;
    this.#sweep(nowMs);
    this.#pausedUntilMs.set(pauseKey(fetch.nodeId, fetch.row), nowMs + RETRY_PAUSE_MS);
  }

  /** Drops a want, unless its announcer has announced something else since. */
  #forget({ nodeId, row }: Want): void {
    const announcers = this.#announced.get(row.stream);
    if (announcers?.get(nodeId) !== row) return;
    announcers.delete(nodeId);
    if (announcers.size === 0) this.#announced.delete(row.stream);
  }

  /** Keeps the pauses bounded: drops what has passed. */
  #sweep(nowMs: number): void {
    if (this.#pausedUntilMs.size < STREAMS_MAX) return;
    for (const [key, untilMs] of this.#pausedUntilMs) {
      if (untilMs <= nowMs) this.#pausedUntilMs.delete(key);
    }
    if (this.#pausedUntilMs.size >= STREAMS_MAX) this.#pausedUntilMs.clear();
  }
}

function pauseKey(nodeId: NodeId, row: Row): string {
  return `${nodeId} ${row.stream} ${row.digest}`;
}
