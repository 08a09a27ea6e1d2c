/**
 * Frames between a node and its workers: the length of the body (32 bits), a kind (8 bits), a body.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';

/** Bytes before the body. */
export const HEAD_BYTES = 5;
const KIND_AT = 4;
const NOTHING: Buffer = Buffer.alloc(0);

/** The head of a frame, with room for so much of its body. */
export function beginFrame(kind: number, roomBytes: number, bodyBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + roomBytes);
  frame.writeUInt32BE(bodyBytes, 0);
  frame.writeUInt8(kind, KIND_AT);
  return frame;
}

/** Takes frames out of what arrives, in pieces of any size. */
export class FrameReader {
  readonly #bodyMaxBytes: number;
  readonly #parts: Buffer[] = [];
  #heldBytes = 0;
  /** Fewer bytes than this are no frame. */
  #wantedBytes = HEAD_BYTES;

  constructor(bodyMaxBytes: number) {
    this.#bodyMaxBytes = bodyMaxBytes;
  }

  /**
   * Adds bytes and hands out the frames that are complete; `body` is part of what was added.
   * Errors: `LIMIT`, as soon as a head announces too much; those of `take`.
   */
  read(chunk: Buffer, take: (kind: number, body: Buffer) => void): void {
    this.#parts.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#wantedBytes) return;
    const [first = NOTHING] = this.#parts;
    const bytes = this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      this.#wantedBytes = HEAD_BYTES + (left < HEAD_BYTES ? 0 : this.#bodyLength(bytes, at));
      if (left < this.#wantedBytes) break;
      const end = at + this.#wantedBytes;
      take(bytes.readUInt8(at + KIND_AT), bytes.subarray(at + HEAD_BYTES, end));
      at = end;
    }
    this.#heldBytes = bytes.length - at;
    this.#parts.length = 0;
    if (this.#heldBytes > 0) this.#parts.push(bytes.subarray(at));
  }

  #bodyLength(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at);
    if (length > this.#bodyMaxBytes) {
      throw new KedgeError('LIMIT', `a frame of ${length} bytes between a node and its worker`);
    }
    return length;
  }
}
