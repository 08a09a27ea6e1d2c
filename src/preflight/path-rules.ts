/**
 * Whether a path holds at a time: what OpenSSL checks of each certificate beside its signature.
 *
 * Dates of all certificates, the anchor's too; basicConstraints, path lengths and extended key
 * usages of all above the leaf; no forgeable signature below the anchor. Name constraints inside
 * certificates are not evaluated here: paths with them say so. Source: RFC 5280 section 6.1,
 * OpenSSL 3 `x509_vfy.c` and `v3_purp.c`.
 *
 * @module
 */
import { formatTimestamp, type Sha256 } from '../core/ids.ts';
import { BROKEN_SIGNATURE_ALGS } from '../x509/signature-algs.ts';
import type { Certificate } from './certificates.ts';

/** Why a path does not hold. */
export type FaultReason =
  | 'expired'
  | 'not-yet-valid'
  | 'not-a-ca'
  | 'path-length'
  | 'usage'
  | 'weak-signature';

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
  return faultOfShape(links, terms) ?? faultOfDates(links, terms);
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
