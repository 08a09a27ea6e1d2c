/**
 * Renegotiation of TLS 1.2: the other side shows a second certificate on a connection whose first
 * one was judged, and nothing would judge it again. No connection allows it.
 *
 * @module
 */

/** `SSL_OP_NO_RENEGOTIATION` of OpenSSL for `secureOptions`; Node has no name for it. */
export const NO_RENEGOTIATION: number = 0x4000_0000;
