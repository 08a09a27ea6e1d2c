/**
 * The settings of a peer (RFC 9113 section 6.5): all are checked, one concerns us. Frames that we
 * send are never larger than the least that a peer may ask for, fields are written without a
 * table, and nothing is pushed.
 *
 * @module
 */
import { Http2Error } from './errors.ts';
import { PAYLOAD_MAX_BYTES, WINDOW_MAX_BYTES } from './frame.ts';

const SETTING_BYTES = 6;
const ENABLE_PUSH = 0x2;
const INITIAL_WINDOW_SIZE = 0x4;
const MAX_FRAME_SIZE = 0x5;
const FRAME_SIZE_MAX = 2 ** 24 - 1;

/**
 * The initial window of streams that a SETTINGS frame asks for; absent when it does not.
 * Errors: those of the connection that RFC 9113 names.
 */
export function initialWindowIn(payload: Buffer): number | undefined {
  if (payload.length % SETTING_BYTES !== 0) {
    throw new Http2Error('FRAME_SIZE_ERROR', 'settings have six bytes each');
  }
  let initialWindow: number | undefined;
  for (let at = 0; at < payload.length; at += SETTING_BYTES) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case ENABLE_PUSH:
        if (value > 1) throw new Http2Error('PROTOCOL_ERROR', 'ENABLE_PUSH is 0 or 1');
        break;
      case INITIAL_WINDOW_SIZE:
        if (value > WINDOW_MAX_BYTES) {
          throw new Http2Error('FLOW_CONTROL_ERROR', 'INITIAL_WINDOW_SIZE is too large');
        }
        initialWindow = value;
        break;
      case MAX_FRAME_SIZE:
        if (value < PAYLOAD_MAX_BYTES || value > FRAME_SIZE_MAX) {
          throw new Http2Error('PROTOCOL_ERROR', 'MAX_FRAME_SIZE is out of its range');
        }
        break;
      default:
      // Nothing that concerns a server which sends little.
    }
  }
  return initialWindow;
}
