/**
 * The fragments of a block of fields until the last one is there. Their number and size have an
 * end: a peer that never says END_HEADERS is cut off.
 *
 * @module
 */
import { Http2Error } from './errors.ts';
import { FLAGS, type Frame, hasFlag } from './frame.ts';
import { isOwnParent, PRIORITY_BYTES, withoutPadding } from './padding.ts';

/** Compressed; a call of gRPC has some hundred bytes. */
const BLOCK_MAX_BYTES = 16_384;
const FRAGMENTS_MAX = 8;

/** A block that is arriving. */
export class HeaderBlock {
  readonly streamId: number;
  /** Whether nothing follows on its stream. */
  readonly isLast: boolean;
  /** Whether its stream is to wait for itself. */
  readonly isOwnParent: boolean = false;
  readonly #fragments: Buffer[] = [];
  #bytes = 0;

  /** Begins with a HEADERS frame. Errors: those of `add`, of its padding and its priority. */
  constructor(frame: Frame) {
    this.streamId = frame.streamId;
    this.isLast = hasFlag(frame, FLAGS.endStream);
    let fragment = withoutPadding(frame);
    if (hasFlag(frame, FLAGS.priority)) {
      if (fragment.length < PRIORITY_BYTES) {
        throw new Http2Error('FRAME_SIZE_ERROR', 'a priority is cut off');
      }
      this.isOwnParent = isOwnParent(frame.streamId, fragment);
      fragment = fragment.subarray(PRIORITY_BYTES);
    }
    this.add(fragment, hasFlag(frame, FLAGS.endHeaders) ? 'last' : 'more');
  }

  /** Errors: `ENHANCE_YOUR_CALM` for too many fragments, or too large ones. */
  add(fragment: Buffer, place: 'last' | 'more'): void {
    this.#bytes += fragment.length;
    if (this.#fragments.length === FRAGMENTS_MAX || this.#bytes > BLOCK_MAX_BYTES) {
      throw new Http2Error('ENHANCE_YOUR_CALM', 'a block of fields is too large');
    }
    // One that has to wait does not keep the chunk that it came in.
    this.#fragments.push(place === 'last' ? fragment : Buffer.from(fragment));
  }

  /** The whole block. */
  get bytes(): Buffer {
    const [first] = this.#fragments;
    return first !== undefined && first.length === this.#bytes
      ? first
      : Buffer.concat(this.#fragments);
  }
}
