/**
 * What the other side of a handshake has shown.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

/** DER of what the other side showed, leaf first. */
export type PeerChain = readonly Uint8Array[];

/** Longer chains than this are not followed. */
const CHAIN_MAX = 16;
/** Intermediates that are remembered, by a server and by the program: a fleet has a few. */
const INTERMEDIATES_MAX = 64;
const SHARED_MAX = 256;

/** The intermediates that were shown last: the same ones come with every handshake. */
const shared = new Map<string, Uint8Array>();
const parsedShared = new WeakMap<Uint8Array, X509Certificate>();

/**
 * What the other side of a full handshake showed; empty without a certificate. A resumed session
 * shows a server the client's leaf alone, and a client nothing.
 *
 * `getPeerX509Certificate` would do less work, but Node 20 takes what it returns out of the
 * connection's chain.
 */
export function chainOf(socket: TLSSocket): PeerChain {
  // Node gives null for a socket that is gone, whatever its types say.
  return socket.destroyed ? [] : chainFrom(socket.getPeerCertificate(true));
}

/** The chain of a certificate as Node shows it. */
export function chainFrom(certificate: Partial<DetailedPeerCertificate>): PeerChain {
  const chain: Uint8Array[] = [];
  let at = certificate;
  // Without a certificate Node gives an empty object; a root is its own issuer.
  while (at.raw !== undefined && chain.length < CHAIN_MAX) {
    chain.push(chain.length === 0 ? at.raw : share(at.raw));
    if (at.issuerCertificate === undefined || at.issuerCertificate === at) break;
    at = at.issuerCertificate;
  }
  return chain;
}

/** The certificate of an intermediate; parsed once for all chains that share its bytes. */
export function parsed(der: Uint8Array): X509Certificate {
  const known = parsedShared.get(der);
  if (known !== undefined) return known;
  const certificate = new X509Certificate(der);
  parsedShared.set(der, certificate);
  return certificate;
}

/** The intermediates that full handshakes showed to a server; the last ones, up to 64. */
export class Intermediates {
  readonly #held = new Set<Uint8Array>();
  #hasForgotten = false;

  /** Says whether there were more than are remembered. */
  get hasForgotten(): boolean {
    return this.#hasForgotten;
  }

  /** Learns from a finished handshake, and completes what a resumed one shows. */
  complete(socket: TLSSocket): PeerChain {
    const chain = chainOf(socket);
    if (socket.isSessionReused()) return [...chain, ...this.#held];
    for (const der of chain.slice(1)) {
      this.#held.delete(der);
      this.#held.add(der);
    }
    if (this.#held.size > INTERMEDIATES_MAX) this.#hasForgotten = true;
    forgetOldest(this.#held, INTERMEDIATES_MAX);
    return chain;
  }
}

/** The bytes of an intermediate as everybody has them: once. */
function share(der: Uint8Array): Uint8Array {
  const id = Buffer.from(der).toString('base64');
  const known = shared.get(id) ?? der;
  shared.delete(id);
  shared.set(id, known);
  forgetOldest(shared, SHARED_MAX);
  return known;
}

function forgetOldest<Key>(
  held: { readonly size: number; keys(): Iterable<Key>; delete(key: Key): boolean },
  max: number,
): void {
  for (const oldest of held.keys()) {
    if (held.size <= max) break;
    held.delete(oldest);
  }
}
