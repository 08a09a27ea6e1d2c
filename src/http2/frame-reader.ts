/**
 * Takes frames out of what arrives on a connection, without a copy when a frame is complete.
 *
 * @module
 */
import { Http2Error } from './errors.ts';
import { type Frame, HEAD_BYTES, PAYLOAD_MAX_BYTES, readUInt31 } from './frame.ts';
import { Tail } from './tail.ts';

const NOTHING: Buffer = Buffer.alloc(0);

/** The frames of one connection. */
export class FrameReader {
  readonly #tail: Tail = new Tail();
  #bytes: Buffer = NOTHING;

  /** Adds what has arrived; take the frames out, then `settle`. */
  add(chunk: Buffer): void {
    this.#bytes = this.#tail.join(chunk);
  }

  /** Takes bytes that are no frame; absent while fewer are there. */
  take(count: number): Buffer | undefined {
    if (this.#bytes.length < count) return undefined;
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /**
   * The next frame that is complete; valid until `settle`.
   * Errors: `FRAME_SIZE_ERROR` as soon as a head announces too much.
   */
  next(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < HEAD_BYTES) return undefined;
    const length = bytes.readUIntBE(0, 3);
    if (length > PAYLOAD_MAX_BYTES) {
      throw new Http2Error('FRAME_SIZE_ERROR', `a frame has ${length} bytes`);
    }
    const whole = this.take(HEAD_BYTES + length);
    if (whole === undefined) return undefined;
    return {
      type: whole.readUInt8(3),
      flags: whole.readUInt8(4),
      streamId: readUInt31(whole, 5),
      payload: whole.subarray(HEAD_BYTES),
      bytes: whole,
    };
  }

  /** What was not taken. */
  get rest(): Buffer {
    return this.#bytes;
  }

  /** Holds what was not taken, and nothing else. */
  settle(): void {
    this.#tail.hold(this.#bytes);
    this.#bytes = this.#bytes.length === 0 ? NOTHING : this.#tail.held;
  }
}
