/**
 * What a peer did wrong in HTTP/2, with the code of RFC 9113 section 7 that it is told.
 *
 * @module
 */

/** Error codes and their numbers on the wire. */
export const HTTP2_CODES = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  ENHANCE_YOUR_CALM: 0xb,
} as const;

/** The name of an error code. */
export type Http2Code = keyof typeof HTTP2_CODES;

/** What ends with an error: one stream, or the connection with all that it carries. */
export type Http2Scope = 'connection' | 'stream';

/** A fault of the peer. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  readonly code: Http2Code;
  readonly scope: Http2Scope;

  constructor(code: Http2Code, message: string, scope: Http2Scope = 'connection') {
    super(message);
    this.code = code;
    this.scope = scope;
  }
}
