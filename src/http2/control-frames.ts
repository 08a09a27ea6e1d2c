/**
 * The small frames that a server sends beside its data.
 *
 * @module
 */
import { HTTP2_CODES, type Http2Code } from './errors.ts';
import { FLAGS, FRAME_TYPES, makeFrame, PAYLOAD_MAX_BYTES } from './frame.ts';

const NOTHING: Buffer = Buffer.alloc(0);
const MAX_CONCURRENT_STREAMS = 0x3;
const SETTING_BYTES = 6;
const PING_BYTES = 8;
/** What an error says to people is cut to this. */
const REASON_MAX_CHARS = 200;

/** Answers settings of the peer. */
export const SETTINGS_ACK: Buffer = makeFrame(FRAME_TYPES.settings, FLAGS.ack, 0, NOTHING);
/** Asks whether the peer is there. */
export const PING: Buffer = makeFrame(FRAME_TYPES.ping, 0, 0, Buffer.alloc(PING_BYTES));

/** Says how many streams the peer may have open; all else is as every peer expects it. */
export function settings(maxStreams: number): Buffer {
  const payload = Buffer.alloc(SETTING_BYTES);
  payload.writeUInt16BE(MAX_CONCURRENT_STREAMS, 0);
  payload.writeUInt32BE(maxStreams, 2);
  return makeFrame(FRAME_TYPES.settings, 0, 0, payload);
}

/** Answers a ping. */
export function pingAck(payload: Buffer): Buffer {
  return makeFrame(FRAME_TYPES.ping, FLAGS.ack, 0, payload);
}

/** Lets the peer send more, on a stream or (0) on the connection. */
export function windowUpdate(streamId: number, bytes: number): Buffer {
  return makeFrame(FRAME_TYPES.windowUpdate, 0, streamId, uint32(bytes));
}

/** Ends a stream at once; `code` is a number of RFC 9113 section 7. */
export function resetStream(streamId: number, code: number): Buffer {
  return makeFrame(FRAME_TYPES.resetStream, 0, streamId, uint32(code));
}

/** Tells the peer to go: streams above `lastStreamId` were not looked at. */
export function goAway(lastStreamId: number, code: Http2Code, reason: string): Buffer {
  const text = Buffer.from(reason.slice(0, REASON_MAX_CHARS), 'latin1');
  const payload = Buffer.concat([uint32(lastStreamId), uint32(HTTP2_CODES[code]), text]);
  return makeFrame(FRAME_TYPES.goAway, 0, 0, payload);
}

/** The fields of a block on a stream, `last` when nothing follows; as many frames as it takes. */
export function headers(streamId: number, block: Buffer, place: 'first' | 'last'): Buffer {
  const frames: Buffer[] = [];
  for (let from = 0; from === 0 || from < block.length; from += PAYLOAD_MAX_BYTES) {
    const part = block.subarray(from, from + PAYLOAD_MAX_BYTES);
    const isFirst = from === 0;
    const isEnd = from + part.length === block.length;
    const flags =
      (isEnd ? FLAGS.endHeaders : 0) | (isFirst && place === 'last' ? FLAGS.endStream : 0);
    const type = isFirst ? FRAME_TYPES.headers : FRAME_TYPES.continuation;
    frames.push(makeFrame(type, flags, streamId, part));
  }
  return frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}
