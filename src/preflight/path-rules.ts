/**
 * Whether a path holds at a time: what OpenSSL checks of each certificate beside its signature.
 *
 * Dates of all certificates, the anchor's too; basicConstraints, path lengths and extended key
 * usages of all above the leaf; no forgeable signature below the anchor; name constraints
 * (`name-constraints.ts`); revocation lists where there are some (`revocations.ts`). Source:
 * RFC 5280 section 6.1, OpenSSL 3 `x509_vfy.c` and `v3_purp.c`.
 *
 * @module
 */
import { formatTimestamp, type Sha256 } from '../core/ids.ts';
import { BROKEN_SIGNATURE_ALGS } from '../x509/signature-algs.ts';
import type { Certificate } from './certificates.ts';
import { nameBeyond } from './name-constraints.ts';
import type { Revocations } from './revocations.ts';

/** Why a path does not hold. */
export type FaultReason =
  | 'expired'
  | 'not-yet-valid'
  | 'not-a-ca'
  | 'path-length'
  | 'usage'
  | 'weak-signature'
  | 'name-constraints'
  /** Its issuer has revoked it, by a revocation list. */
  | 'listed';

/** What is wrong with one certificate of a path. */
export interface Fault {
  readonly reason: FaultReason;
  /** For people. */
  readonly text: string;
  readonly certificate: Sha256;
  /** 0 is the leaf. */
  readonly depth: number;
}

/** What a path is judged by. */
export interface PathTerms {
  readonly nowMs: number;
  readonly purpose: string;
  /** `renewed`: the leaf's own end does not count, because it is taken as renewed in time. */
  readonly leaf: 'as-it-is' | 'renewed';
  /** Absent: nobody asks revocation lists. */
  readonly revocations?: Revocations;
  /** `lax`: clients that do not look at the dates of anchors, as old Android. */
  readonly anchor: 'strict' | 'lax';
}

/** Extended key usages in hex, RFC 5280 section 4.2.1.12, by the purpose that they are for. */
const USAGES: ReadonlyMap<string, string> = new Map([
  ['tls-server', '2b06010505070301'],
  ['tls-client', '2b06010505070302'],
]);

/** The first thing that is wrong with a path (leaf first, anchor last); nothing when it holds. */
export function faultOf(links: readonly Certificate[], terms: PathTerms): Fault | undefined {
  return (
    faultOfShape(links, terms) ??
    faultOfDates(links, terms) ??
    faultOfStanding(links, terms) ??
    faultOfNames(links)
  );
}

/** Dates play no part in it. */
function faultOfShape(
  links: readonly Certificate[],
  { purpose }: Pick<PathTerms, 'purpose'>,
): Fault | undefined {
  const usage = USAGES.get(purpose);
  /** CAs between the leaf and here that do not issue for themselves. */
  let between = 0;
  for (const [depth, link] of links.entries()) {
    const { outline, isCa, isSelfIssued, signatureAlg, name } = link;
    const fault = (reason: FaultReason, text: string): Fault => {
      return { reason, text: `"${name}" ${text}`, certificate: link.id, depth };
    };
    if (depth > 0 && !isCa) return fault('not-a-ca', 'is no CA certificate');
    if (depth > 1 && outline.pathLen !== undefined && between > outline.pathLen) {
      return fault('path-length', `allows ${outline.pathLen} CAs below it; there are ${between}`);
    }
    if (usage !== undefined && outline.usages !== undefined && !outline.usages.includes(usage)) {
      return fault('usage', `may not be used for ${purpose} (extended key usage)`);
    }
    if (depth < links.length - 1 && BROKEN_SIGNATURE_ALGS.has(signatureAlg)) {
      return fault('weak-signature', `is signed with ${signatureAlg}`);
    }
    if (depth > 0 && !isSelfIssued) between += 1;
  }
  return undefined;
}

function faultOfDates(links: readonly Certificate[], terms: PathTerms): Fault | undefined {
  const { nowMs, leaf, anchor } = terms;
  // From the anchor down: what is above concerns more than this one chain.
  for (const [depth, link] of [...links.entries()].reverse()) {
    if (depth === links.length - 1 && depth > 0 && anchor === 'lax') continue;
    const { notBeforeMs, notAfterMs } = link.outline;
    const fault = (reason: FaultReason, text: string): Fault => {
      return { reason, text: `"${link.name}" ${text}`, certificate: link.id, depth };
    };
    if (nowMs < notBeforeMs) {
      return fault('not-yet-valid', `is valid from ${formatTimestamp(notBeforeMs)}`);
    }
    if (nowMs > notAfterMs && !(depth === 0 && leaf === 'renewed')) {
      return fault('expired', `ends on ${formatTimestamp(notAfterMs)}`);
    }
  }
  return undefined;
}

/** From the leaf up; a root is asked about by its own list. */
function faultOfStanding(
  links: readonly Certificate[],
  { revocations }: PathTerms,
): Fault | undefined {
  if (revocations === undefined) return undefined;
  for (const [depth, link] of links.entries()) {
    const issuer = links[depth + 1] ?? link;
    const standing = revocations.standingOf(link, issuer);
    if (standing.kind !== 'revoked') continue;
    const { atMs, reason } = standing.entry;
    const why = reason === undefined ? '' : ` (${reason})`;
    const text = `"${link.name}" was revoked by "${issuer.name}" on ${formatTimestamp(atMs)}${why}`;
    return { reason: 'listed', text, certificate: link.id, depth };
  }
  return undefined;
}

/** Of every CA over all below it. */
function faultOfNames(links: readonly Certificate[]): Fault | undefined {
  for (const [depth, { nameConstraints, name, id }] of links.entries()) {
    if (depth === 0 || nameConstraints === undefined) continue;
    for (const [below, link] of links.slice(0, depth).entries()) {
      if (below > 0 && link.isSelfIssued) continue;
      const place = below === 0 ? 'leaf' : 'above';
      const beyond = nameBeyond(link.names(), nameConstraints, place);
      if (beyond === undefined) continue;
      const text = `"${name}" may not vouch for ${beyond}, of "${link.name}" (name constraints)`;
      return { reason: 'name-constraints', text, certificate: id, depth };
    }
  }
  return undefined;
}
