/**
 * Frames of HTTP/2: their kinds and flags, and how one is written (RFC 9113 sections 4 and 6).
 *
 * @module
 */

/** The kinds of frames. */
export const FRAME_TYPES = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** What flags mean; some share a bit, on frames of different kinds. */
export const FLAGS = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** What stands before each payload. */
export const HEAD_BYTES: number = 9;
/** The largest payload that every peer takes, and the largest that we take. */
export const PAYLOAD_MAX_BYTES: number = 16_384;
/** What may be sent before the other side says more, on a stream and on a connection. */
export const WINDOW_BYTES: number = 65_535;
/** The largest window. */
export const WINDOW_MAX_BYTES: number = 2 ** 31 - 1;

const UNRESERVED = 0x7fff_ffff;

/** A frame that has arrived. Shares memory with the chunk that it came in. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Head and payload. */
  readonly bytes: Buffer;
}

/** Writes a frame. */
export function makeFrame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  writeHead(frame, 0, { bytes: payload.length, type, flags, streamId });
  payload.copy(frame, HEAD_BYTES);
  return frame;
}

/** Writes the head of a frame to a place in `target`. */
export function writeHead(
  target: Buffer,
  at: number,
  head: {
    readonly bytes: number;
    readonly type: number;
    readonly flags: number;
    readonly streamId: number;
  },
): void {
  target.writeUIntBE(head.bytes, at, 3);
  target.writeUInt8(head.type, at + 3);
  target.writeUInt8(head.flags, at + 4);
  target.writeUInt32BE(head.streamId, at + 5);
}

/** A number of 31 bits, behind the one that is reserved. */
export function readUInt31(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) & UNRESERVED;
}

/** Says whether a frame has a flag. */
export function hasFlag({ flags }: Frame, flag: number): boolean {
  return (flags & flag) !== 0;
}
