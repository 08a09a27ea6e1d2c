/**
 * What an anchor may vouch for, beside its purposes: names, times and how long a leaf may be valid.
 *
 * A limit holds for leaves, per anchor: where a leaf leads to several anchors, one that allows it
 * is enough. The time now plays no part: `distrustAfter` asks when a leaf begins to be valid, and
 * so the answer for one leaf never changes. Spec rules US-3 to US-6.
 *
 * @module
 */
import { formatTimestamp } from '../ids.ts';
import type { Anchor, Constraint } from './anchor.ts';
import type { CertificateOutline } from './outline.ts';
import {
  type AddressBlock,
  isAddressWithin,
  isDnsWithin,
  isHostLike,
  isUriWithin,
  type NameSubtree,
  parseAddressBlock,
  parseDnsSubtree,
  parseUriSubtree,
} from './subtrees.ts';

/** The limits of one anchor; what is absent is not limited. */
export interface AnchorLimits {
  readonly dns?: readonly NameSubtree[];
  readonly uris?: readonly NameSubtree[];
  readonly ips?: readonly AddressBlock[];
  readonly maxValidityMs?: number;
  readonly distrustAfterMs?: number;
}

/** The limits of an anchor, or why they cannot be enforced. `limits` is absent without any. */
export type LimitsReading =
  | { readonly kind: 'known'; readonly limits?: AnchorLimits }
  | { readonly kind: 'unknown'; readonly message: string };

const SECONDS = /^[1-9]\d{0,10}$/;

/** How the values of each type of constraint are read; none when one of them is malformed. */
const READERS: ReadonlyMap<string, (values: readonly string[]) => AnchorLimits | undefined> =
  new Map([
    ['permitted-dns', (values) => ifAll(values.map(parseDnsSubtree), (dns) => ({ dns }))],
    ['permitted-uri', (values) => ifAll(values.map(parseUriSubtree), (uris) => ({ uris }))],
    ['permitted-ip', (values) => ifAll(values.map(parseAddressBlock), (ips) => ({ ips }))],
    ['max-validity-seconds', readMaxValidity],
  ]);

/** The types of constraints that are enforced. */
export const CONSTRAINT_TYPES: readonly string[] = [...READERS.keys()];

/** Reads the limits of an anchor: unknown when it must not be used by whoever reads it here. */
export function readLimits({
  constraints,
  distrustAfterMs,
}: Pick<Anchor, 'constraints' | 'distrustAfterMs'>): LimitsReading {
  let limits: AnchorLimits = distrustAfterMs === undefined ? {} : { distrustAfterMs };
  for (const constraint of constraints) {
    const reader = READERS.get(constraint.type);
    if (reader === undefined) {
      if (!constraint.critical) continue;
      return unknown(constraint, 'is not enforced by this version');
    }
    // Also where it is not critical: it was meant to limit something, and nobody knows what.
    const read = reader(constraint.values);
    if (read === undefined) return unknown(constraint, 'cannot be read');
    limits = { ...limits, ...read };
  }
  return Object.keys(limits).length === 0 ? { kind: 'known' } : { kind: 'known', limits };
}

/** Why the limits forbid a leaf; nothing when they allow it. */
export function breachOf(limits: AnchorLimits, leaf: CertificateOutline): string | undefined {
  const { distrustAfterMs = Infinity, maxValidityMs = Infinity } = limits;
  if (leaf.notBeforeMs > distrustAfterMs) {
    return `it is valid from later than ${formatTimestamp(distrustAfterMs)}`;
  }
  if (leaf.notAfterMs - leaf.notBeforeMs > maxValidityMs) {
    return `it is valid for longer than ${maxValidityMs / 1000} seconds`;
  }
  return (
    outside('DNS name', dnsNamesOf(leaf), limits.dns, isDnsWithin) ??
    outside('URI', leaf.uris, limits.uris, isUriWithin) ??
    outside('address', leaf.ips, limits.ips, isAddressWithin)
  );
}

/** Programs that look for a host name take the common name where there is no other. */
function dnsNamesOf({ dnsNames, commonNames }: CertificateOutline): readonly string[] {
  return dnsNames.length > 0 ? dnsNames : commonNames.filter(isHostLike);
}

function outside<Name, Part>(
  what: string,
  names: readonly Name[],
  permitted: readonly Part[] | undefined,
  isWithin: (name: Name, part: Part) => boolean,
): string | undefined {
  if (permitted === undefined) return undefined;
  const isOutside = names.some((name) => !permitted.some((part) => isWithin(name, part)));
  return isOutside ? `it has a ${what} that the anchor may not vouch for` : undefined;
}

function readMaxValidity([text = '', ...more]: readonly string[]): AnchorLimits | undefined {
  if (more.length > 0 || !SECONDS.test(text)) return undefined;
  return { maxValidityMs: Number(text) * 1000 };
}

function ifAll<Part>(
  parts: readonly (Part | undefined)[],
  make: (parts: readonly Part[]) => AnchorLimits,
): AnchorLimits | undefined {
  const read = parts.filter((part) => part !== undefined);
  return read.length === parts.length ? make(read) : undefined;
}

function unknown({ type }: Constraint, what: string): LimitsReading {
  return { kind: 'unknown', message: `constraint ${type} ${what}` };
}
