/**
 * The fetches under way: of whom, for which streams, and how many more may begin.
 *
 * Few run at once and never all from one peer. Each stream is asked of one peer at a time; where
 * that one brings nothing and somebody else has the stream too, its fetch makes way: the other one
 * is asked, and the first may still answer. So a peer that announces what it does not send takes
 * nothing from a slow one that does, and a dead one costs no more than a look.
 *
 * @module
 */
import { CHARTER_STREAM, isRollout, type NodeId, releasesOf, type StreamName } from '../../ids.ts';
import type { LinkId, PeerIdentity } from '../../peer.ts';
import type { Row } from '../rows.ts';
import { FetchBuffer } from './fetch-buffer.ts';
import { FetchPace } from './fetch-pace.ts';

/** Fetches under way at once, beside those that made way. */
export const FETCHES_MAX: number = 4;
/** Fetches from one peer at once: one place is always left for the others. */
const FETCHES_PER_PEER_MAX = FETCHES_MAX - 1;
/** Fetches that made way and may still answer. */
const SPARES_MAX = 3;

/** A row that is missing here, and a node that has it. */
export interface Want {
  readonly nodeId: NodeId;
  readonly row: Row;
  /**
   * The process of the peer that said that it holds the row, by its boot id. Absent: what it sent
   * lets it be guessed.
   */
  readonly saidBy?: string | undefined;
}

/** What a fetch is begun with. */
export interface NewFetch {
  readonly fetchId: number;
  readonly from: PeerIdentity;
  /** The link of the peer at that time. */
  readonly linkId: LinkId;
  /** Looks without an item after which the same peer is asked once more, when it says so again. */
  readonly patience: number;
}

/** A fetch under way. */
export interface ActiveFetch extends NewFetch {
  /** What it still has to bring, in the order in which it was asked; the first one comes now. */
  readonly wants: Want[];
  /** What came for the first one and is not adopted yet. */
  readonly buffer: FetchBuffer;
  readonly pace: FetchPace;
  /** Items that came since somebody looked. */
  items: number;
  /** Looks in a row that found none. */
  idle: number;
  /** What the node held of the first one when it began to come. */
  heldBefore: string;
  /** Statements and proofs that came for the first one. */
  pieces: number;
  /** It has not moved this node on for a while: nobody waits for it. */
  isLagging: boolean;
}

/** The fetches of one node. */
export class ActiveFetches {
  readonly #fetches: Map<number, ActiveFetch> = new Map();
  /** Who is asked for a stream now. */
  readonly #mains: Map<StreamName, ActiveFetch> = new Map();
  /** The oldest first. */
  readonly #spares: Set<ActiveFetch> = new Set();

  get isBusy(): boolean {
    return this.#fetches.size > this.#spares.size;
  }

  get isFull(): boolean {
    return this.#fetches.size - this.#spares.size >= FETCHES_MAX;
  }

  get(fetchId: number): ActiveFetch | undefined {
    return this.#fetches.get(fetchId);
  }

  /** A fetch has started; all is of one peer. */
  begin(begun: NewFetch, wants: readonly Want[], monotonicMs: number): ActiveFetch {
    const fetch: ActiveFetch = {
      ...begun,
      wants: [...wants],
      buffer: new FetchBuffer(),
      pace: new FetchPace(monotonicMs),
      heldBefore: '',
      pieces: 0,
      items: 0,
      idle: 0,
      isLagging: false,
    };
    this.#fetches.set(begun.fetchId, fetch);
    for (const { row } of wants) this.#mains.set(row.stream, fetch);
    return fetch;
  }

  /** The fetch of the charter for which all else waits. */
  charter(): ActiveFetch | undefined {
    return this.#mains.get(CHARTER_STREAM);
  }

  /** Says whether a peer may be asked for a stream now; for rollouts after their releases. */
  isFree({ nodeId, row }: Want): boolean {
    const { stream } = row;
    if (this.#mains.has(stream) || this.brings(nodeId, stream)) return false;
    return !isRollout(stream) || !this.#mains.has(releasesOf(stream));
  }

  /** Says whether a fetch that made way may still bring a stream of this peer. */
  brings(nodeId: NodeId, stream: StreamName): boolean {
    for (const { from, wants } of this.#spares) {
      if (from.nodeId === nodeId && wants.some(({ row }) => row.stream === stream)) return true;
    }
    return false;
  }

  /** Says whether another peer brings, right now, what this fetch brings. */
  isDoubled(fetch: ActiveFetch): boolean {
    const stream = fetch.wants[0]?.row.stream;
    for (const other of this.#fetches.values()) {
      if (other !== fetch && other.wants[0]?.row.stream === stream) return true;
    }
    return false;
  }

  /** How many fetches each of these peers answers; only those that may get one more. */
  askable(nodeIds: Iterable<NodeId>): ReadonlyMap<NodeId, number> {
    const asked = new Map<NodeId, number>();
    for (const nodeId of nodeIds) asked.set(nodeId, 0);
    for (const { from } of this.#fetches.values()) {
      const count = asked.get(from.nodeId);
      if (count !== undefined) asked.set(from.nodeId, count + 1);
    }
    for (const [nodeId, count] of asked) {
      if (count >= FETCHES_PER_PEER_MAX) asked.delete(nodeId);
    }
    return asked;
  }

  /**
   * Lets others be asked for what a fetch should bring, which goes on as a spare. Returns the one
   * that is too much now: the peer's last spare, or the oldest of all.
   */
  makeWay(fetch: ActiveFetch): ActiveFetch | undefined {
    const spares = [...this.#spares];
    this.#spares.add(fetch);
    for (const { row } of fetch.wants) this.#free(fetch, row.stream);
    const own = spares.find(({ from }) => from.nodeId === fetch.from.nodeId);
    return own ?? (spares.length >= SPARES_MAX ? spares[0] : undefined);
  }

  /** Says whether a fetch made way. */
  isSpare(fetch: ActiveFetch): boolean {
    return this.#spares.has(fetch);
  }

  /** The first want of a fetch is settled; without another one it is over. */
  next(fetch: ActiveFetch): Want | undefined {
    const want = fetch.wants.shift();
    if (want !== undefined) this.#free(fetch, want.row.stream);
    fetch.buffer.clear();
    if (fetch.wants.length === 0) this.end(fetch);
    return want;
  }

  /** A fetch is over; returns what it did not bring. */
  end(fetch: ActiveFetch): readonly Want[] {
    this.#fetches.delete(fetch.fetchId);
    this.#spares.delete(fetch);
    const rest = fetch.wants.splice(0);
    for (const { row } of rest) this.#free(fetch, row.stream);
    return rest;
  }

  #free(fetch: ActiveFetch, stream: StreamName): void {
    if (this.#mains.get(stream) === fetch) this.#mains.delete(stream);
  }
}
