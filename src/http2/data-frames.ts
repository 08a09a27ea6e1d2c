/**
 * Pieces of bytes as DATA frames, made once for all who are sent the same.
 *
 * What differs between two connections that are sent one piece is the number of their stream, and
 * nearly every program has one stream, its first. So the frames of a piece are kept for the few
 * numbers that are asked for first, and cut to what windows allow without a copy. Frames are never
 * larger than what every peer takes.
 *
 * @module
 */
import { FRAME_TYPES, HEAD_BYTES, makeFrame, PAYLOAD_MAX_BYTES, writeHead } from './frame.ts';

/** Streams for which the frames of one piece are kept; for others they are made when sent. */
const KEPT_MAX = 8;
const WHOLE_BYTES = HEAD_BYTES + PAYLOAD_MAX_BYTES;

interface Framed {
  readonly streamId: number;
  readonly bytes: Buffer;
}

/** Shared frames. */
export class DataFrames {
  readonly #kept: WeakMap<Buffer, Framed[]> = new WeakMap();
  /** The ones asked for last: the next stream mostly wants the same. */
  #lastPiece: Buffer | undefined;
  #lastFrames: Framed[] = [];

  /**
   * Frames with the bytes of a piece from `from` on, `allowed` bytes of it at most and at least
   * one. The result is shared: never written to.
   */
  cut(piece: Buffer, streamId: number, from: number, allowed: number): Buffer {
    const left = piece.length - from;
    const intoFrame = from % PAYLOAD_MAX_BYTES;
    const count = left <= allowed ? left : allowed - (allowed % PAYLOAD_MAX_BYTES);
    if (intoFrame === 0 && count > 0) {
      const shared = this.#sharedFor(piece, streamId);
      if (shared !== undefined) return part(shared, from, count);
    }
    const bytes = Math.min(left, allowed, PAYLOAD_MAX_BYTES - intoFrame);
    return makeFrame(FRAME_TYPES.data, 0, streamId, piece.subarray(from, from + bytes));
  }

  #sharedFor(piece: Buffer, streamId: number): Buffer | undefined {
    if (piece !== this.#lastPiece) {
      this.#lastPiece = piece;
      this.#lastFrames = this.#kept.get(piece) ?? [];
      this.#kept.set(piece, this.#lastFrames);
    }
    const kept = this.#lastFrames;
    for (const framed of kept) if (framed.streamId === streamId) return framed.bytes;
    if (kept.length >= KEPT_MAX) return undefined;
    const bytes = framesOf(piece, streamId);
    kept.push({ streamId, bytes });
    return bytes;
  }
}

/** How many bytes of a piece are in frames that `cut` gave. */
export function payloadBytes(frames: Buffer): number {
  return frames.length - HEAD_BYTES * Math.ceil(frames.length / WHOLE_BYTES);
}

function part(frames: Buffer, from: number, count: number): Buffer {
  const start = (from / PAYLOAD_MAX_BYTES) * WHOLE_BYTES;
  const end = start + count + HEAD_BYTES * Math.ceil(count / PAYLOAD_MAX_BYTES);
  return start === 0 && end === frames.length ? frames : frames.subarray(start, end);
}

function framesOf(piece: Buffer, streamId: number): Buffer {
  const heads = Math.ceil(piece.length / PAYLOAD_MAX_BYTES);
  const frames = Buffer.allocUnsafeSlow(piece.length + heads * HEAD_BYTES);
  for (let from = 0, at = 0; from < piece.length; from += PAYLOAD_MAX_BYTES, at += WHOLE_BYTES) {
    const bytes = Math.min(PAYLOAD_MAX_BYTES, piece.length - from);
    writeHead(frames, at, { bytes, type: FRAME_TYPES.data, flags: 0, streamId });
    piece.copy(frames, at + HEAD_BYTES, from, from + bytes);
  }
  return frames;
}
