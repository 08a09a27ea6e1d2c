/**
 * What is around the content of frames and counts for nothing: padding and priorities (RFC 9113
 * sections 5.3.2, 6.1 and 6.2).
 *
 * @module
 */
import { Http2Error } from './errors.ts';
import { FLAGS, type Frame, hasFlag, readUInt31 } from './frame.ts';

/** What a priority takes. */
export const PRIORITY_BYTES: number = 5;

/** The payload without its padding. Errors: `PROTOCOL_ERROR` for more padding than payload. */
export function withoutPadding(frame: Frame): Buffer {
  const { payload } = frame;
  if (!hasFlag(frame, FLAGS.padded)) return payload;
  const [padding = payload.length] = payload;
  if (padding >= payload.length) {
    throw new Http2Error('PROTOCOL_ERROR', 'a frame has more padding than payload');
  }
  return payload.subarray(1, payload.length - padding);
}

/** Says whether a priority makes a stream wait for itself. */
export function isOwnParent(streamId: number, priority: Buffer): boolean {
  return readUInt31(priority, 0) === streamId;
}
