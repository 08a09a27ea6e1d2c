/**
 * How slowly the answer to a fetch may come.
 *
 * Few fetches run at once, so a peer that sends just enough not to be silent would keep others from
 * being asked. What counts is what moves this node on: a statement that is adopted or waits for its
 * head, and on the way there the anchors that it needs.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { asHollow } from './blame.ts';

/** How long a fetch may bring nothing of use, milliseconds. */
export const FETCH_USELESS_MAX_MS: number = 30_000;
/** Anchors that come at least this fast extend that time, bytes per second. */
const BLOBS_MIN_BYTES_PER_SECOND = 2048;

/** The pace of one fetch. */
export class FetchPace {
  #sinceMs: number;
  #bytes = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** Notes anchors that came, or 0 for anything else. Errors: `LIMIT` when it takes too long. */
  note(bytes: number, nowMs: number): void {
    this.#bytes += bytes;
    const paidMs = (this.#bytes / BLOBS_MIN_BYTES_PER_SECOND) * 1000;
    if (nowMs - this.#sinceMs <= FETCH_USELESS_MAX_MS + paidMs) return;
    const message = 'the answer to a fetch brings nothing of use for too long';
    throw asHollow(new KedgeError('LIMIT', message));
  }

  /** The fetch moved this node on. */
  moved(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#bytes = 0;
  }
}
