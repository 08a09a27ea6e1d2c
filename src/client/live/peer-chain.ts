/**
 * Whom a finished handshake rests on.
 *
 * OpenSSL verifies against the set that was in force when the handshake began. The other side
 * decides when it ends, so a handshake that began before trust narrowed is looked at once more:
 * a path of signatures must lead from the leaf that was shown to a CA of the newest set (see
 * `authorities.ts`; everything else was checked in the handshake).
 *
 * @module
 */
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { TrustSet } from './trust-view.ts';

/** DER of what the other side showed, leaf first. */
export type PeerChain = readonly Uint8Array[];

/** Longer chains than this are not followed. */
const CHAIN_MAX = 16;
/** Intermediates that are remembered: a fleet has a few. */
const INTERMEDIATES_MAX = 64;

/**
 * What the other side of a full handshake showed; empty without a certificate. A resumed session
 * shows a server the client's leaf alone, and a client nothing.
 *
 * `getPeerX509Certificate` would do less work, but Node 20 takes what it returns out of the
 * connection's chain.
 */
export function chainOf(socket: TLSSocket): PeerChain {
  const chain: Uint8Array[] = [];
  let at: Partial<DetailedPeerCertificate> = socket.getPeerCertificate(true);
  // Without a certificate Node gives an empty object; a root is its own issuer.
  while (at.raw !== undefined && chain.length < CHAIN_MAX) {
    chain.push(at.raw);
    if (at.issuerCertificate === undefined || at.issuerCertificate === at) break;
    at = at.issuerCertificate;
  }
  return chain;
}

/** Says whether a path of signatures leads from the leaf of `chain` to a CA of `set`. */
export function isVouchedFor(chain: PeerChain, set: TrustSet): boolean {
  return set.authorities.under(chain).length > 0;
}

/** The intermediates that full handshakes showed to a server; the last ones, up to 64. */
export class Intermediates {
  readonly #held = new Map<string, Uint8Array>();
  #hasForgotten = false;

  /** Says whether there were more than are remembered. */
  get hasForgotten(): boolean {
    return this.#hasForgotten;
  }

  /** Learns from a finished handshake, and completes what a resumed one shows. */
  complete(socket: TLSSocket): PeerChain {
    const chain = chainOf(socket);
    if (socket.isSessionReused()) return [...chain, ...this.#held.values()];
    for (const der of chain.slice(1)) {
      const id = Buffer.from(der).toString('base64');
      this.#held.delete(id);
      this.#held.set(id, der);
    }
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= INTERMEDIATES_MAX) break;
      this.#held.delete(oldest);
      this.#hasForgotten = true;
    }
    return chain;
  }
}
