/**
 * A set of certificate authorities, and which of them vouches for a chain that TLS has verified.
 *
 * OpenSSL alone decides at a handshake. What it decided must be asked again later, when the set
 * has changed and the connection is still there; for that the issuer of each certificate is looked
 * up with OpenSSL's own checks (name, key id, key usage, signature), up to an authority of the set.
 * Dates are the handshake's matter. Nothing here lets in what a handshake refused.
 *
 * @module
 */
import { createHash, type X509Certificate } from 'node:crypto';

/** One trusted CA. */
export interface Authority {
  readonly certificate: X509Certificate;
  /** Part of the set's name: a CA that begins to retire makes another set. */
  readonly state: 'active' | 'retiring';
  /** Leaves that are valid from later than this are not trusted through it. */
  readonly distrustAfterMs?: number;
}

/** A fingerprint of an authority. */
export type AuthorityId = string;

/** Intermediates that a chain may have before an authority. */
const DEPTH_MAX = 8;

/** An immutable set of authorities. */
export class Authorities {
  /** Equal tags, equal sets. 64 hex digits. */
  readonly tag: string;
  /** For `ca` of `node:tls`: one certificate per string, never Node's own list. */
  readonly pems: readonly string[];
  readonly #byId: ReadonlyMap<AuthorityId, Authority>;
  /** When the first of them ends. */
  readonly #firstEndMs: number;

  constructor(authorities: readonly Authority[]) {
    this.#byId = new Map(authorities.map((each) => [each.certificate.fingerprint256, each]));
    this.pems = [...this.#byId.values()].map(({ certificate }) => certificate.toString());
    this.tag = tagOf(this.#byId);
    const ends = [...this.#byId.values()].map(({ certificate }) => Date.parse(certificate.validTo));
    this.#firstEndMs = Math.min(...ends);
  }

  /** Each of them once. */
  get all(): readonly Authority[] {
    return [...this.#byId.values()];
  }

  /** How many there are. */
  get size(): number {
    return this.#byId.size;
  }

  /** Says whether all that an earlier set vouches for is vouched for here. */
  covers(earlier: Authorities): boolean {
    return [...earlier.#byId].every(([id, { distrustAfterMs = Number.POSITIVE_INFINITY }]) => {
      const here = this.#byId.get(id);
      return here !== undefined && (here.distrustAfterMs ?? distrustAfterMs) >= distrustAfterMs;
    });
  }

  /** Says whether there are leaves that OpenSSL lets in and this set does not. */
  get isStricter(): boolean {
    return [...this.#byId.values()].some(({ distrustAfterMs }) => distrustAfterMs !== undefined);
  }

  /**
   * Says whether a leaf that was verified before has expired, or the authority that issued it. By
   * names, as signatures do not change; intermediates are not there to be asked.
   */
  isOver(leaf: X509Certificate, nowMs: number): boolean {
    const isPast = ({ validTo }: X509Certificate): boolean => Date.parse(validTo) < nowMs;
    // Nobody asks who issued it as long as all are valid.
    if (nowMs <= this.#firstEndMs) return isPast(leaf);
    const issuers = [...this.#byId.values()]
      .map(({ certificate }) => certificate)
      .filter((each) => leaf.checkIssued(each));
    return isPast(leaf) || (issuers.length > 0 && issuers.every(isPast));
  }

  /** Says whether an authority, which vouched for a leaf before, is here and still does. */
  stillVouches(id: AuthorityId, validFromMs: number): boolean {
    const authority = this.#byId.get(id);
    return authority !== undefined && mayVouch(authority, validFromMs);
  }

  /**
   * The authority that vouches for a chain, leaf first; undefined when none does. `known` is the
   * answer of an earlier set for the same chain: while it is here, nothing has to be computed.
   */
  vouchFor(chain: readonly X509Certificate[], known?: AuthorityId): AuthorityId | undefined {
    const [leaf, ...rest] = chain;
    if (leaf === undefined) return undefined;
    const validFromMs = Date.parse(leaf.validFrom);
    const usable = [...this.#byId.values()].filter((each) => mayVouch(each, validFromMs));
    if (usable.some(({ certificate }) => certificate.fingerprint256 === known)) return known;
    return authorityOf(leaf, rest.slice(0, DEPTH_MAX), usable);
  }
}

/** A chain as `node:tls` gives it, leaf first, without the repetition at its end. */
export function chainOf(leaf: X509Certificate | undefined): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = leaf;
  while (next !== undefined && chain.length <= DEPTH_MAX) {
    const { fingerprint256 } = next;
    if (chain.some((each) => each.fingerprint256 === fingerprint256)) break;
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function authorityOf(
  certificate: X509Certificate,
  intermediates: readonly X509Certificate[],
  authorities: readonly Authority[],
): AuthorityId | undefined {
  for (const { certificate: authority } of authorities) {
    const { fingerprint256 } = authority;
    if (certificate.fingerprint256 === fingerprint256) return fingerprint256;
    if (isIssuedBy(certificate, authority)) return fingerprint256;
  }
  for (const issuer of intermediates) {
    if (!issuer.ca || !isIssuedBy(certificate, issuer)) continue;
    const others = intermediates.filter((each) => each !== issuer);
    const found = authorityOf(issuer, others, authorities);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mayVouch({ distrustAfterMs }: Authority, validFromMs: number): boolean {
  return distrustAfterMs === undefined || validFromMs <= distrustAfterMs;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key that OpenSSL cannot use has issued nothing.
    return false;
  }
}

function tagOf(byId: ReadonlyMap<AuthorityId, Authority>): string {
  const lines = [...byId].map(([id, { state, distrustAfterMs = '' }]) =>
    [id, state, distrustAfterMs].join(' '),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}
