/**
 * How slowly the answer to a fetch may come.
 *
 * Few fetches run at once, so a peer that sends just enough not to be silent would keep others from
 * being asked. What counts is what moves this node on: a statement that is adopted or waits for its
 * head, and on the way there the anchors that it needs. What this node itself takes, since its disk
 * is busy, is no time of the peer; so pieces of no use are counted too, which a peer could send
 * while others keep that disk busy. Times are those of a clock that never goes back or is set: an
 * hour of wall time may pass in no time.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import type { FetchItem } from '../frames.ts';
import { asHollow } from '../links/blame.ts';

/** How long a fetch may bring nothing of use, milliseconds. */
export const FETCH_USELESS_MAX_MS: number = 30_000;
/** The shortest time after which a fetch that brought nothing is given to another node, ms. */
const STALL_MIN_MS = 300;
/** A fetch that brought nothing after so many round trips is given to another node. */
const STALL_ROUND_TRIPS = 1.5;
/** The longest such time: a round trip that was measured across a cut took as long as the cut. */
const STALL_MAX_MS = 2000;
/** How long others wait for a charter that brings nothing, milliseconds. */
const LAGS_AFTER_MS = 3000;
/** Anchors that come at least this fast extend that time, bytes per second. */
const BLOBS_MIN_BYTES_PER_SECOND = 2048;
/** Statements in a row that bring nothing; a few do where news came another way meanwhile. */
export const USELESS_PIECES_MAX: number = 1000;

/** The pace of one fetch. */
export class FetchPace {
  #sinceMs: number;
  #heldSinceMs: number | undefined;
  #bytes = 0;
  #pieces = 0;

  constructor(monotonicMs: number) {
    this.#sinceMs = monotonicMs;
  }

  /** True while this node's own disk keeps it from reading on. */
  get isHeld(): boolean {
    return this.#heldSinceMs !== undefined;
  }

  /** This node's own disk keeps it from reading on, or does not any more. */
  hold(state: 'on' | 'off', monotonicMs: number): void {
    if (state === 'on') this.#heldSinceMs ??= monotonicMs;
    else {
      this.#sinceMs = monotonicMs - this.#waitedMs(monotonicMs);
      this.#heldSinceMs = undefined;
    }
  }

  /** Notes what came. Errors: `LIMIT` when it takes too long. */
  note(item: FetchItem, monotonicMs: number): void {
    this.#bytes += blobBytes(item);
    if (item.kind !== 'blobs') this.#pieces += 1;
    const paidMs = (this.#bytes / BLOBS_MIN_BYTES_PER_SECOND) * 1000;
    const isInTime = this.#waitedMs(monotonicMs) <= FETCH_USELESS_MAX_MS + paidMs;
    if (isInTime && this.#pieces <= USELESS_PIECES_MAX) return;
    const message = 'the answer to a fetch brings nothing of use for too long';
    throw asHollow(new KedgeError('LIMIT', message));
  }

  /** True once the fetch has not moved this node on for a while. */
  lags(monotonicMs: number): boolean {
    return this.#waitedMs(monotonicMs) >= LAGS_AFTER_MS;
  }

  /** The fetch moved this node on. */
  moved(monotonicMs: number): void {
    this.#sinceMs = monotonicMs;
    this.#bytes = 0;
    this.#pieces = 0;
  }

  /** For how long this node has waited for the peer. */
  #waitedMs(monotonicMs: number): number {
    return (this.#heldSinceMs ?? monotonicMs) - this.#sinceMs;
  }
}

/** How long to wait before looking whether something came; the round trip may be unknown. */
export function stallMs(rttMs = 0): number {
  const waitMs = Math.round(STALL_ROUND_TRIPS * rttMs);
  return Math.min(STALL_MAX_MS, Math.max(STALL_MIN_MS, waitMs));
}

/** The size of the anchors in one piece of an answer. */
function blobBytes(item: FetchItem): number {
  const blobs = item.kind === 'blobs' ? item.blobs : item.kind === 'entry' ? item.entry.blobs : [];
  return blobs.reduce((bytes, blob) => bytes + blob.length, 0);
}
