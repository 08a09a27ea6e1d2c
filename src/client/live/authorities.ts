/**
 * Which CAs of a set a certificate chain rests on: by signatures, because CAs that follow each
 * other often have the same name.
 *
 * It answers two questions about a handshake that OpenSSL has verified already: whether a CA of a
 * newer set vouches for it too, and which anchors it used. So names and signatures are looked at
 * (RFC 5280 section 6.1) and nothing else. Each CA is parsed once for all sets that have it, and a
 * leaf that comes again costs a digest.
 *
 * A path may lead through several anchors, when an intermediate is one itself: all of them count.
 * Where several CAs have the same name and key, the one counts that will stay: active before
 * retiring, then the one that expires last.
 *
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { AnchorState } from '../../core/anchors/anchor.ts';
import type { AnchorId } from '../../core/ids.ts';
import type { AnchorInside } from '../taking.ts';

/** Leaves whose path is remembered: the peers of a busy program. */
const PATHS_MAX = 2048;

/** One CA. */
export interface Authority extends AnchorInside {
  readonly id: AnchorId;
  readonly state: AnchorState;
}

/** The CAs of one set. */
export class Authorities {
  readonly #cas: readonly Authority[];
  /** By digest of the leaf. Only what was found: what is missing now may be shown later. */
  readonly #paths: Map<string, readonly AnchorId[]> = new Map();
  #bySubject: ReadonlyMap<string, readonly Authority[]> | undefined;

  constructor(cas: readonly Authority[]) {
    this.#cas = cas;
  }

  /**
   * The anchors on the path from the leaf of `chain` (DER, leaf first) upwards, the nearest first.
   * Empty: none of the set vouches for it.
   */
  under(chain: readonly Uint8Array[]): readonly AnchorId[] {
    const [leaf] = chain;
    if (leaf === undefined) return [];
    const key = createHash('sha256').update(leaf).digest('base64');
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const path = this.#find(chain.map((der) => new X509Certificate(der)));
    if (path.length > 0) this.#remember(key, path);
    return path;
  }

  #remember(key: string, path: readonly AnchorId[]): void {
    const oldest = this.#paths.keys().next();
    if (this.#paths.size >= PATHS_MAX && oldest.done !== true) this.#paths.delete(oldest.value);
    this.#paths.set(key, path);
  }

  #find([leaf, ...rest]: readonly X509Certificate[]): readonly AnchorId[] {
    if (leaf === undefined) return [];
    const own = this.#named(leaf.subject).find((ca) => isSame(leaf, ca.certificate()));
    if (own !== undefined) return [own.id];
    return this.#above(
      leaf,
      rest.filter(({ ca }) => ca),
      new Set(),
    );
  }

  /** Each certificate is tried once: two may have signed each other. */
  #above(
    certificate: X509Certificate,
    between: readonly X509Certificate[],
    tried: Set<string>,
  ): readonly AnchorId[] {
    tried.add(certificate.fingerprint256);
    const ca = this.#issuerOf(certificate, tried);
    if (ca !== undefined) {
      const isTop = ca.certificate().subject === ca.certificate().issuer;
      return [ca.id, ...(isTop ? [] : this.#above(ca.certificate(), between, tried))];
    }
    for (const issuer of between) {
      if (tried.has(issuer.fingerprint256) || !isIssuedBy(certificate, issuer)) continue;
      const path = this.#above(issuer, between, tried);
      if (path.length > 0) return path;
    }
    return [];
  }

  #issuerOf(certificate: X509Certificate, tried: ReadonlySet<string>): Authority | undefined {
    return this.#named(certificate.issuer).find(
      (ca) =>
        !tried.has(ca.certificate().fingerprint256) && isIssuedBy(certificate, ca.certificate()),
    );
  }

  /** OpenSSL compares names more kindly than letter by letter; where it matters all are tried. */
  #named(subject: string): readonly Authority[] {
    this.#bySubject ??= sortBySubject(this.#cas);
    return this.#bySubject.get(subject) ?? this.#cas;
  }
}

function sortBySubject(cas: readonly Authority[]): ReadonlyMap<string, readonly Authority[]> {
  const bySubject = new Map<string, Authority[]>();
  for (const ca of cas) {
    const { subject } = ca.certificate();
    const same = bySubject.get(subject);
    if (same === undefined) bySubject.set(subject, [ca]);
    else same.push(ca);
  }
  for (const same of bySubject.values()) if (same.length > 1) same.sort(byStaying);
  return bySubject;
}

function byStaying(a: Authority, b: Authority): number {
  if (a.state !== b.state) return a.state === 'active' ? -1 : 1;
  return Date.parse(b.certificate().validTo) - Date.parse(a.certificate().validTo);
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

/** Names alone prove nothing: CAs that follow each other often have the same one. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
