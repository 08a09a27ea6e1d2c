/**
 * Which certificates of its issuer a revocation list is about, and where certificates say that
 * theirs is found.
 *
 * Source: RFC 5280 sections 4.2.1.13 and 5.2.5.
 *
 * @module
 */
import { readFields } from '../core/anchors/certificate-fields.ts';
import { DER_TAG, type DerElement, elementContent, readChildren } from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';

/** What a list covers; that a certificate is not on it says something of these alone. */
export interface ListScope {
  readonly kinds: 'all' | 'users' | 'authorities' | 'none';
  /** Addresses, of which a certificate has to name one; absent: wherever it is found. */
  readonly points?: readonly string[];
  /** `some`: it lists what was revoked for some reasons alone. */
  readonly reasons: 'all' | 'some';
}

const EVERYTHING: ListScope = { kinds: 'all', reasons: 'all' };
const OID_DISTRIBUTION_POINTS = '551d1f';
/** Parts of the issuing distribution point, and of a distribution point. */
const TAG = {
  point: 0xa0,
  users: 0x81,
  authorities: 0x82,
  reasons: 0x83,
  indirect: 0x84,
  attributes: 0x85,
  pointReasons: 0x81,
  pointIssuer: 0xa2,
  fullName: 0xa0,
  uri: 0x86,
} as const;

/** Reads the extension of a list. Errors: `PARSE`, also for lists of several CAs. */
export function readListScope(der: Uint8Array, value: DerElement | undefined): ListScope {
  if (value === undefined) return EVERYTHING;
  const parts = readChildren(der, value);
  const isSet = (wanted: number): boolean =>
    parts.some((part) => part.tag === wanted && der[part.contentStart] !== 0);
  if (isSet(TAG.indirect)) throw odd('it is for several CAs');
  const kinds = (['users', 'authorities', 'attributes'] as const).filter((kind) =>
    isSet(TAG[kind]),
  );
  if (kinds.length > 1) throw odd('it says that it is about two things alone');
  const [kind = 'all'] = kinds;
  const point = parts.find(({ tag }) => tag === TAG.point);
  return {
    kinds: kind === 'attributes' ? 'none' : kind,
    ...(point && { points: readAddresses(der, point) }),
    reasons: parts.some(({ tag }) => tag === TAG.reasons) ? 'some' : 'all',
  };
}

/** Where a certificate says that the list of its issuer is, for all reasons. Errors: `PARSE`. */
export function readDistributionPoints(der: Uint8Array): readonly string[] {
  const value = readFields(der).extensions.get(OID_DISTRIBUTION_POINTS)?.value;
  if (value?.tag !== DER_TAG.sequence) return [];
  return readChildren(der, value).flatMap((entry) => {
    const parts = readChildren(der, entry);
    const isPartial = parts.some(({ tag }) => tag === TAG.pointReasons || tag === TAG.pointIssuer);
    const point = parts.find(({ tag }) => tag === TAG.point);
    return isPartial || point === undefined ? [] : readAddresses(der, point);
  });
}

function readAddresses(der: Uint8Array, point: DerElement): readonly string[] {
  return readChildren(der, point)
    .filter(({ tag }) => tag === TAG.fullName)
    .flatMap((names) => readChildren(der, names))
    .filter(({ tag }) => tag === TAG.uri)
    .map((name) => Buffer.from(elementContent(der, name)).toString('latin1'));
}

function odd(reason: string): KedgeError {
  return new KedgeError('PARSE', `a revocation list cannot be used: ${reason}`);
}
