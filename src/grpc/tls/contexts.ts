/**
 * What listeners and links offer and demand in a handshake.
 *
 * TLS 1.3 is what our own programs speak; 1.2 is still accepted for foreign gRPC clients, nothing
 * below.
 *
 * @module
 */
import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { NO_RENEGOTIATION } from '../../core/renegotiation.ts';
import type { TlsMaterial } from './live-tls.ts';

/** What a listener demands of every caller. */
export const MUTUAL = { requestCert: true, rejectUnauthorized: true } as const;

const MIN_VERSION = 'TLSv1.2';

/**
 * What a listener offers, and by whom it judges. Sessions cannot be resumed: where they can,
 * `session-tickets.ts` says so.
 */
export function listenerContext({ cert, key, callers }: TlsMaterial): SecureContextOptions {
  return {
    cert,
    key,
    ca: [...callers.pems],
    minVersion: MIN_VERSION,
    secureOptions: constants.SSL_OP_NO_TICKET | NO_RENEGOTIATION,
  };
}

/** What a caller offers, and by whom it judges. */
export function channelContext({ cert, key, peers }: TlsMaterial): SecureContextOptions {
  const secureOptions = NO_RENEGOTIATION;
  return { cert, key, ca: [...peers.pems], minVersion: MIN_VERSION, secureOptions };
}
