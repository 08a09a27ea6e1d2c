/**
 * Whom a finished handshake rests on.
 *
 * OpenSSL verifies against the set that was in force when the handshake began. The other side
 * decides when it ends, so a handshake that began before trust narrowed is looked at once more.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** Longer chains than this are not followed. */
const CHAIN_MAX = 16;

/**
 * Says whether the chain of the other side leads to one of the CAs with these ids. A session that
 * was resumed may show its leaf alone; then the answer is no.
 */
export function isVouchedFor(socket: TLSSocket, ids: ReadonlySet<string>): boolean {
  let at = socket.getPeerCertificate(true);
  for (let depth = 0; depth < CHAIN_MAX; depth += 1) {
    // Without a certificate Node gives an empty object.
    if (!Buffer.isBuffer(at.raw)) return false;
    if (ids.has(createHash('sha256').update(at.raw).digest('hex'))) return true;
    if (!isObject(at.issuerCertificate) || at.issuerCertificate === at) return false;
    at = at.issuerCertificate;
  }
  return false;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
