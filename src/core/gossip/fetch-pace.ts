/**
 * How slowly the answer to a fetch may come.
 *
 * Few fetches run at once, so a peer that sends just enough not to be silent would keep others from
 * being asked. What counts is what moves this node on: a statement that is adopted or waits for its
 * head, and on the way there the anchors that it needs. Times are those of a clock that never goes
 * back or is set: an hour of wall time may pass in no time.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { asHollow } from './blame.ts';
import type { FetchItem } from './frames.ts';

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

/** The pace of one fetch. */
export class FetchPace {
  #sinceMs: number;
  #bytes = 0;

  constructor(monotonicMs: number) {
    this.#sinceMs = monotonicMs;
  }

  /** Notes what came. Errors: `LIMIT` when it takes too long. */
  note(item: FetchItem, monotonicMs: number): void {
    this.#bytes += blobBytes(item);
    const paidMs = (this.#bytes / BLOBS_MIN_BYTES_PER_SECOND) * 1000;
    if (monotonicMs - this.#sinceMs <= FETCH_USELESS_MAX_MS + paidMs) return;
    const message = 'the answer to a fetch brings nothing of use for too long';
    throw asHollow(new KedgeError('LIMIT', message));
  }

  /** True once the fetch has not moved this node on for a while. */
  lags(monotonicMs: number): boolean {
    return monotonicMs - this.#sinceMs >= LAGS_AFTER_MS;
  }

  /** The fetch moved this node on. */
  moved(monotonicMs: number): void {
    this.#sinceMs = monotonicMs;
    this.#bytes = 0;
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
