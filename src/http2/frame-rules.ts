/**
 * What frames have to be like by themselves (RFC 9113 section 6): their place, and the size of
 * those that have one.
 *
 * @module
 */
import { Http2Error } from './errors.ts';
import { FRAME_TYPES, type Frame, readUInt31 } from './frame.ts';
import { isOwnParent, PRIORITY_BYTES } from './padding.ts';

const PING_BYTES = 8;
const INCREMENT_BYTES = 4;

/** Errors: `PROTOCOL_ERROR` for a frame of a stream on the connection, or the other way round. */
export function checkPlace({ type, streamId }: Frame): void {
  const isOfConnection =
    type === FRAME_TYPES.settings || type === FRAME_TYPES.ping || type === FRAME_TYPES.goAway;
  const isOfEither = type === FRAME_TYPES.windowUpdate || type > FRAME_TYPES.continuation;
  if (isOfEither || isOfConnection === (streamId === 0)) return;
  throw new Http2Error('PROTOCOL_ERROR', 'a frame is out of place');
}

/** Errors: of the stream. */
export function checkPriority({ streamId, payload }: Frame): void {
  if (payload.length !== PRIORITY_BYTES) {
    throw new Http2Error('FRAME_SIZE_ERROR', 'a priority has five bytes', 'stream');
  }
  if (isOwnParent(streamId, payload)) {
    throw new Http2Error('PROTOCOL_ERROR', 'a stream depends on itself', 'stream');
  }
}

/** For an acknowledgement of settings. Errors: `FRAME_SIZE_ERROR`. */
export function checkEmpty({ payload }: Frame): void {
  if (payload.length > 0) throw new Http2Error('FRAME_SIZE_ERROR', 'a frame has to be empty');
}

/** Errors: `FRAME_SIZE_ERROR`. */
export function checkPing({ payload }: Frame): void {
  if (payload.length !== PING_BYTES) {
    throw new Http2Error('FRAME_SIZE_ERROR', 'a ping has eight bytes');
  }
}

/** By how much a window is widened. Errors: `FRAME_SIZE_ERROR`. */
export function incrementIn({ payload }: Frame): number {
  if (payload.length === INCREMENT_BYTES) return readUInt31(payload, 0);
  throw new Http2Error('FRAME_SIZE_ERROR', 'an update of a window has four bytes');
}
