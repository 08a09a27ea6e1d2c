/**
 * How much a peer may do that costs us something and gets nobody on: pings, settings, resets,
 * streams that end at once, frames that are nearly empty. A stock that fills slowly; what we send
 * fills it too, because whoever is sent much has much to answer.
 *
 * @module
 */
import { Http2Error } from './errors.ts';
import { FRAME_TYPES, type Frame } from './frame.ts';

const STOCK = 2_000;
const STOCK_PER_STREAM = 8;
const PER_SECOND = 200;
/** Data that we send, for which the peer may send one more frame. */
const SENT_BYTES_PER_UNIT = 4_096;
/** A message of a program is larger, and counted where it is read. */
const TINY_BYTES = 24;
/** Of fields and settings, each byte of which can be work. */
const BYTES_PER_UNIT = 64;
/** A stream that we had to reset. */
const FAULT = 8;

/** What is left for one peer. */
export class Patience {
  readonly #max: number;
  #left: number;

  constructor(maxStreams: number) {
    this.#max = STOCK + STOCK_PER_STREAM * maxStreams;
    this.#left = this.#max;
  }

  /** A frame has arrived. Errors: `ENHANCE_YOUR_CALM` when there were too many. */
  frame({ type, payload }: Frame): void {
    switch (type) {
      case FRAME_TYPES.data:
        return this.#spend(payload.length < TINY_BYTES ? 1 : 0);
      case FRAME_TYPES.headers:
        return this.#spend(3 + payload.length / BYTES_PER_UNIT);
      case FRAME_TYPES.continuation:
        return this.#spend(1 + payload.length / BYTES_PER_UNIT);
      case FRAME_TYPES.settings:
        return this.#spend(4 + payload.length / BYTES_PER_UNIT);
      case FRAME_TYPES.ping:
        return this.#spend(2);
      default:
        return this.#spend(1);
    }
  }

  /** A stream had to be reset. Errors: `ENHANCE_YOUR_CALM` when there were too many. */
  fault(): void {
    this.#spend(FAULT);
  }

  /** A second has passed, in which so much data was sent. */
  refill(sentBytes: number): void {
    const more = PER_SECOND + sentBytes / SENT_BYTES_PER_UNIT;
    this.#left = Math.min(this.#max, this.#left + more);
  }

  #spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new Http2Error('ENHANCE_YOUR_CALM', 'too many frames for nothing');
  }
}
