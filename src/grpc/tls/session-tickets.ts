/**
 * Resumption of TLS sessions on a listener: whose tickets count, and for how long.
 *
 * A resumed handshake costs half of a full one, which matters when ten thousand programs come back
 * after a restart. So the ticket keys must be the same after it: they are derived from the node's
 * private key and the set of authorities. Another set, or another key of the node, makes all
 * tickets worthless at once; whoever holds them does a full handshake. A resumed session is judged
 * like a new one, by the newest set (`tls-listener.ts`), because OpenSSL does not verify it again.
 *
 * Whoever steals the private key can make tickets for any name. Therefore only listeners that serve
 * programs alone give out tickets: what can be read there is public, and signed.
 *
 * @module
 */
import { hkdfSync } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { NO_RENEGOTIATION } from '../../core/renegotiation.ts';
import type { TlsMaterial } from './live-tls.ts';

/** What `node:tls` takes: a name, a key for HMAC and one for AES, of 16 bytes each. */
const TICKET_KEYS_BYTES = 48;
const ID_CONTEXT_CHARS = 32;
/** The longest that TLS 1.3 allows (RFC 8446 section 4.6.1): connections live long. */
const SESSION_MAX_S = 7 * 86_400;

/** The part of a listener's context that lets sessions be resumed. */
export function resumable({ key, callers }: TlsMaterial): SecureContextOptions {
  const keys = hkdfSync('sha256', key, callers.tag, 'kedge tls tickets', TICKET_KEYS_BYTES);
  return {
    // Tickets are given out again.
    secureOptions: NO_RENEGOTIATION,
    ticketKeys: Buffer.from(keys),
    sessionIdContext: callers.tag.slice(0, ID_CONTEXT_CHARS),
    sessionTimeout: SESSION_MAX_S,
  };
}
