/**
 * Whether a path from a leaf to an anchor would hold if it were the only one. Spec rule US-3.
 *
 * @module
 */
import type { CertificateOutline } from './outline.ts';

/** What a path is judged by, beside its signatures, when another path is forbidden. */
export interface PathContext {
  readonly nowMs: number;
  /** What the leaf is used for. */
  readonly usage: 'server' | 'client';
}

/** Extended key usages in hex, RFC 5280 section 4.2.1.12. */
const USAGES = { server: '2b06010505070301', client: '2b06010505070302', any: '551d2500' };

/** Judges what is above the leaf, from below up, the anchor last. */
export function isSoundPath(
  outlines: readonly CertificateOutline[],
  { nowMs, usage }: PathContext,
): boolean {
  return outlines.every((outline, below) => {
    if (outline.hasNameConstraints) return false;
    const { notBeforeMs, notAfterMs, pathLen = Infinity, usages } = outline;
    const isNow = notBeforeMs <= nowMs && nowMs <= notAfterMs;
    const isFor = usages?.some((one) => one === USAGES[usage] || one === USAGES.any) ?? true;
    return isNow && isFor && below <= pathLen;
  });
}
