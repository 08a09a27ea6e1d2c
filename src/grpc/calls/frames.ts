/**
 * Messages of gRPC as they travel: a flag, a length of four bytes, the message.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 *
 * A node sends one update to thousands of subscribers: it is framed once, and each stream writes
 * the same bytes. grpc-js would make a copy per stream. Messages that belong together are written
 * as one piece, because the price of a write hardly depends on its size.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import { Tail } from '../../http2/tail.ts';
import { chunk } from '../../service/chunks.ts';
import { oncePer } from '../../service/clients/prepared.ts';
import { encodeWatchResponse } from '../../wire/watch.ts';

/** Messages with their heads, shared by all who send them: never written to. */
export type Frame = Buffer;

const HEAD_BYTES = 5;
/** Messages are put together up to this; a larger one stays alone. */
const PIECE_MAX_BYTES = 256 * 1024;

/** Writes messages of a node, each for itself; the same list gives the same frames. */
export const framesOf: (responses: readonly WatchResponse[]) => readonly Frame[] = oncePer(
  (responses) => responses.map(frameOf),
);

/** Writes messages of a node in pieces, of as many as fit; the same list gives the same pieces. */
export const piecesOf: (responses: readonly WatchResponse[]) => readonly Frame[] = oncePer(
  (responses) =>
    chunk(responses.map(frameOf), {
      maxCount: responses.length,
      maxBytes: PIECE_MAX_BYTES,
      bytesOf: (frame) => frame.length,
    }).map((frames) => Buffer.concat(frames)),
);

function frameOf(response: WatchResponse): Frame {
  const message = encodeWatchResponse(response);
  const frame = Buffer.allocUnsafeSlow(HEAD_BYTES + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, HEAD_BYTES);
  return frame;
}

/** The message in a frame of one; shares its memory. */
export function messageIn(frame: Frame): Buffer {
  return frame.subarray(HEAD_BYTES);
}

/** Takes messages out of what arrives on one stream. */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #tail: Tail = new Tail();

  /** `maxBytes` is the largest message. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The messages that are complete with this chunk; they are valid until the next call.
   * Errors: `LIMIT` for one that is too large, `PARSE` for one that is compressed without a method.
   */
  read(chunk: Buffer): readonly Buffer[] {
    const messages: Buffer[] = [];
    let rest = this.#tail.join(chunk);
    for (let end = this.#endOf(rest); end <= rest.length; end = this.#endOf(rest)) {
      messages.push(rest.subarray(HEAD_BYTES, end));
      rest = rest.subarray(end);
    }
    this.#tail.hold(rest);
    return messages;
  }

  /** Where the first message ends; infinite while its head is not there. */
  #endOf(bytes: Buffer): number {
    if (bytes.length < HEAD_BYTES) return Number.POSITIVE_INFINITY;
    if (bytes.readUInt8(0) !== 0) {
      throw new KedgeError('PARSE', 'a message is compressed, and the call names no method for it');
    }
    const length = bytes.readUInt32BE(1);
    if (length <= this.#maxBytes) return HEAD_BYTES + length;
    throw new KedgeError('LIMIT', `a message has ${length} bytes; ${this.#maxBytes} are allowed`);
  }
}
