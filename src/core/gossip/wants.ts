/**
 * What this node misses and who announced it: plans fetches.
 *
 * One fetch per stream at a time, few in all and never all from one peer; the charter goes first,
 * since nothing else can be judged without it. Each peer has a table of its own, so that one that
 * announces much crowds out nobody. An announcer that failed is not asked again for the same head
 * for a while, so that a lying or broken peer costs bounded work and honest ones are asked instead;
 * one that was not reached is asked again soon, since the way to it may be free by then.
 *
 * @module
 */
import { CHARTER_STREAM, type NodeId, type StreamName } from '../ids.ts';
import { STREAMS_MAX } from '../limits.ts';
import type { PeerIdentity } from '../peer.ts';
import { FetchBuffer } from './fetch-buffer.ts';
import { FetchPace } from './fetch-pace.ts';
import type { Row } from './rows.ts';

/** Fetches under way at once. */
export const FETCHES_MAX: number = 4;
/** Fetches from one peer at once: one place is always left for the others. */
const FETCHES_PER_PEER_MAX = FETCHES_MAX - 1;
/** How long a peer is not asked again for a row that it failed to deliver, milliseconds. */
export const RETRY_PAUSE_MS: number = 10_000;
/** The same where the peer was not reached, which says nothing about it. */
const UNREACHED_PAUSE_MS = 1000;

/** A fetch under way. */
export interface ActiveFetch {
  readonly fetchId: number;
  readonly from: PeerIdentity;
  readonly row: Row;
  readonly buffer: FetchBuffer;
  readonly pace: FetchPace;
  /** Items that came since somebody looked. */
  items: number;
}

/** A row that is missing here, and a node that has it. */
export interface Want {
  readonly nodeId: NodeId;
  readonly row: Row;
}

const NO_ROWS: ReadonlyMap<StreamName, Row> = new Map();

/** Missing rows, their announcers and the fetches under way. */
export class Wants {
  readonly #announced: Map<NodeId, Map<StreamName, Row>> = new Map();
  readonly #active: Map<StreamName, ActiveFetch> = new Map();
  readonly #pausedUntilMs: Map<string, number> = new Map();

  get isBusy(): boolean {
    return this.#active.size > 0;
  }

  /** Notes that `nodeId` has `row`, which we miss. */
  add(nodeId: NodeId, row: Row, nowMs: number): void {
    if (this.#isPaused(nodeId, row, nowMs)) return;
    const rows = this.#announced.get(nodeId) ?? new Map<StreamName, Row>();
    if (!rows.has(row.stream) && rows.size >= STREAMS_MAX) return;
    rows.set(row.stream, row);
    this.#announced.set(nodeId, rows);
  }

  /** Picks the next fetch to start, or nothing; drops wants that are no longer useful. */
  next(isUseful: (want: Want) => boolean): Want | undefined {
    if (this.#active.size >= FETCHES_MAX || this.#active.has(CHARTER_STREAM)) return undefined;
    const nodeIds = this.#leastAsked();
    return (
      this.#pick(nodeIds, (rows) => rows.get(CHARTER_STREAM), isUseful) ??
      this.#pick(nodeIds, (rows) => this.#firstIdle(rows), isUseful)
    );
  }

  /** Notes that a fetch of a row has started. */
  begin(fetchId: number, from: PeerIdentity, row: Row, nowMs: number): void {
    const parts = { buffer: new FetchBuffer(), pace: new FetchPace(nowMs), items: 0 };
    this.#active.set(row.stream, { fetchId, from, row, ...parts });
  }

  /** Says whether somebody else has announced something of this stream. */
  hasOther({ from, row }: ActiveFetch): boolean {
    for (const [nodeId, rows] of this.#announced) {
      if (nodeId !== from.nodeId && rows.has(row.stream)) return true;
    }
    return false;
  }

  active(fetchId: number): ActiveFetch | undefined {
    for (const fetch of this.#active.values()) if (fetch.fetchId === fetchId) return fetch;
    return undefined;
  }

  /** Says whether something of this stream is being fetched. */
  isActive(stream: StreamName): boolean {
    return this.#active.has(stream);
  }

  /** Ends a fetch; after a failure its announcer rests for this row. */
  end(fetch: ActiveFetch, outcome: 'done' | 'failed' | 'unreached', nowMs: number): void {
    this.#active.delete(fetch.row.stream);
    this.#forget({ nodeId: fetch.from.nodeId, row: fetch.row });
    if (outcome === 'done') return;
    this.#sweep(nowMs);
    const pauseMs = outcome === 'failed' ? RETRY_PAUSE_MS : UNREACHED_PAUSE_MS;
    this.#pausedUntilMs.set(pauseKey(fetch.from.nodeId, fetch.row), nowMs + pauseMs);
  }

  /** Announcers that may be asked for more, those that are asked for least first. */
  #leastAsked(): readonly NodeId[] {
    const asked = new Map<NodeId, number>();
    for (const nodeId of this.#announced.keys()) asked.set(nodeId, 0);
    for (const { from } of this.#active.values()) {
      asked.set(from.nodeId, (asked.get(from.nodeId) ?? 0) + 1);
    }
    return [...this.#announced.keys()]
      .filter((nodeId) => (asked.get(nodeId) ?? 0) < FETCHES_PER_PEER_MAX)
      .sort((a, b) => (asked.get(a) ?? 0) - (asked.get(b) ?? 0));
  }

  #pick(
    nodeIds: readonly NodeId[],
    choose: (rows: ReadonlyMap<StreamName, Row>) => Row | undefined,
    isUseful: (want: Want) => boolean,
  ): Want | undefined {
    for (const nodeId of nodeIds) {
      for (;;) {
        const row = choose(this.#announced.get(nodeId) ?? NO_ROWS);
        if (row === undefined) break;
        if (isUseful({ nodeId, row })) return { nodeId, row };
        this.#forget({ nodeId, row });
      }
    }
    return undefined;
  }

  /** Few streams are active, so this looks at few rows. */
  #firstIdle(rows: ReadonlyMap<StreamName, Row>): Row | undefined {
    for (const row of rows.values()) if (!this.#active.has(row.stream)) return row;
    return undefined;
  }

  /** Drops a want, unless its announcer has announced something else since. */
  #forget({ nodeId, row }: Want): void {
    const rows = this.#announced.get(nodeId);
    if (rows?.get(row.stream) !== row) return;
    rows.delete(row.stream);
    if (rows.size === 0) this.#announced.delete(nodeId);
  }

  /** A pause that ends later than any can is one of before the clock was set back. */
  #isPaused(nodeId: NodeId, row: Row, nowMs: number): boolean {
    const leftMs = (this.#pausedUntilMs.get(pauseKey(nodeId, row)) ?? nowMs) - nowMs;
    return leftMs > 0 && leftMs <= RETRY_PAUSE_MS;
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
