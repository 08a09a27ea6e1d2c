/**
 * What a caller has shown of itself, looked at when the authorities become others.
 *
 * A parsed certificate takes several kilobytes and a tenth of a millisecond, so nothing is parsed
 * before, and kept are the bytes of the leaf and the intermediates, of which a fleet has a few and
 * which all connections share.
 *
 * A resumed TLS session shows the leaf alone. It is completed by the intermediates that others have
 * shown, or that this node's own chain has.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { chainOf } from './authorities.ts';

/** Intermediates that are remembered. */
const INTERMEDIATES_MAX = 64;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The chain of one connection. */
export interface Presented {
  /** DER. */
  readonly leaf: Buffer;
  readonly validFromMs: number;
  readonly intermediates: readonly X509Certificate[];
}

/** The intermediates of one listener. */
export class Intermediates {
  readonly #known: Map<string, X509Certificate> = new Map();
  #all: readonly X509Certificate[] = [];
  /** Connections with the same ones share one list. */
  #last: readonly X509Certificate[] = [];

  /** `ownChain` is what this node shows, in PEM: its fleet often has the same intermediates. */
  constructor(ownChain: Buffer) {
    const pems = ownChain.toString('latin1').match(CERTIFICATE) ?? [];
    for (const pem of pems.slice(1)) this.#remember(new X509Certificate(pem));
  }

  /**
   * What the caller on a connection has shown; absent without a certificate. To be asked once per
   * connection: Node 20 takes what it returns out of the connection's chain.
   */
  shownBy(socket: TLSSocket): Presented | undefined {
    const [leaf, ...rest] = chainOf(socket.getPeerX509Certificate());
    if (leaf === undefined) return undefined;
    const intermediates = socket.isSessionReused() ? this.#all : this.#share(rest);
    return { leaf: leaf.raw, validFromMs: Date.parse(leaf.validFrom), intermediates };
  }

  /** Remembers certificates; returns the same ones as others have them. */
  #share(shown: readonly X509Certificate[]): readonly X509Certificate[] {
    const shared = shown.map((one) => this.#remember(one));
    const isLast =
      shared.length === this.#last.length && shared.every((one, i) => one === this.#last[i]);
    if (!isLast) this.#last = shared;
    return this.#last;
  }

  #remember(certificate: X509Certificate): X509Certificate {
    const { fingerprint256 } = certificate;
    const known = this.#known.get(fingerprint256);
    if (known !== undefined) return known;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= INTERMEDIATES_MAX && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(fingerprint256, certificate);
    this.#all = [...this.#known.values()];
    return certificate;
  }
}

/** The chain, leaf first. */
export function chainIn(shown: Presented): readonly X509Certificate[] {
  return [new X509Certificate(shown.leaf), ...shown.intermediates];
}
