/**
 * Revocation lists (CRLs): what one says, and whether a key has signed it.
 *
 * Complete lists of a CA about its own certificates; they may be for a part of these (distribution
 * points, reasons, kinds of certificates). Lists of changes and lists for several CAs are refused,
 * and so is whatever has a critical extension that is not known, as it could change what an entry
 * means. Source: RFC 5280 section 5.
 *
 * @module
 */
import { type KeyObject, verify } from 'node:crypto';
import {
  type Extensions,
  readExtensionList,
  readExtensions,
  readTime,
} from '../core/anchors/certificate-fields.ts';
import { type DirectoryName, readDirectoryName } from '../core/anchors/directory-name.ts';
import { copyBytes, encodeHex, equalBytes } from '../core/bytes.ts';
import {
  DER_TAG,
  type DerElement,
  elementBytes,
  elementContent,
  readChildren,
  readElement,
} from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';
import { CRL_ENTRIES_MAX, CRL_MAX_BYTES } from '../core/limits.ts';
import { type ListScope, readListScope } from './list-scope.ts';
import { readSignatureScheme, type SignatureScheme } from './signature-scheme.ts';

/** What a list says; nothing of it is verified. */
export interface RevocationList {
  readonly issuer: DirectoryName;
  readonly thisUpdateMs: number;
  /** Absent: it does not say when the next one comes. */
  readonly nextUpdateMs?: number;
  readonly scope: ListScope;
  /** By serial number: the content of the integer in hex. */
  readonly entries: ReadonlyMap<string, RevokedEntry>;
  readonly signed: SignedPart;
}

/** One certificate that is revoked. */
export interface RevokedEntry {
  readonly atMs: number;
  /** RFC 5280 section 5.3.1, for example `keyCompromise`; absent: none is given. */
  readonly reason?: string;
}

interface SignedPart {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** Absent: a list with such a signature proves nothing. */
  readonly scheme?: SignatureScheme;
}

const OID = {
  authorityKeyId: '551d23',
  deltaIndicator: '551d1b',
  issuingPoint: '551d1c',
  reasonCode: '551d15',
  certificateIssuer: '551d1d',
} as const;
const ENUMERATED = 0x0a;
/** By code; 8 takes an entry back, in lists of changes alone. */
const REASONS = [
  undefined,
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
];

/** Reads a list. Errors: `PARSE`, `LIMIT`. */
export function parseRevocationList(given: Uint8Array): RevocationList {
  if (given.length > CRL_MAX_BYTES) {
    throw new KedgeError('LIMIT', `a revocation list has more than ${CRL_MAX_BYTES} bytes`);
  }
  const der = copyBytes(given);
  const outer = readElement(der, 0);
  if (outer.end !== der.length) throw odd('bytes follow it');
  const [tbs, algorithm, signature] = readChildren(der, outer);
  if (!tbs || !algorithm || signature?.tag !== DER_TAG.bitString) throw odd('it has too few parts');
  const all = readChildren(der, tbs);
  const fields = all[0]?.tag === DER_TAG.integer ? all.slice(1) : all;
  const [inner, issuer, thisUpdate, ...rest] = fields;
  if (!inner || !issuer || !thisUpdate) throw odd('it has too few fields');
  if (!equalBytes(elementBytes(der, inner), elementBytes(der, algorithm))) {
    throw odd('it names two signature algorithms');
  }
  const nextUpdate = rest.find(({ tag }) => TIMES.has(tag));
  const extensions = readExtensions(
    der,
    rest.find(({ tag }) => tag === DER_TAG.context0),
  );
  requireKnown(extensions);
  const scheme = readSignatureScheme(der, algorithm);
  const bits = elementContent(der, signature).subarray(1);
  return {
    issuer: readDirectoryName(der, issuer),
    thisUpdateMs: readTime(der, thisUpdate),
    ...(nextUpdate && { nextUpdateMs: readTime(der, nextUpdate) }),
    scope: readListScope(der, extensions.get(OID.issuingPoint)?.value),
    entries: readEntries(
      der,
      rest.find(({ tag }) => tag === DER_TAG.sequence),
    ),
    signed: { bytes: elementBytes(der, tbs), signature: bits, ...(scheme && { scheme }) },
  };
}

/** Says whether a key has signed a list, in a way that cannot be forged. */
export function isSignedBy({ signed }: RevocationList, key: KeyObject): boolean {
  const { scheme, bytes, signature } = signed;
  if (scheme?.keyTypes.includes(key.asymmetricKeyType ?? '') !== true) return false;
  try {
    return verify(scheme.digest, bytes, { key, ...scheme.options }, signature);
  } catch {
    // The key cannot be used so: it has signed nothing of this kind.
    return false;
  }
}

const TIMES: ReadonlySet<number> = new Set([DER_TAG.utcTime, DER_TAG.generalizedTime]);

function requireKnown(extensions: Extensions): void {
  if (extensions.has(OID.deltaIndicator)) throw odd('it only lists changes; give the whole list');
  const known: readonly string[] = [OID.authorityKeyId, OID.issuingPoint];
  for (const [id, { isCritical }] of extensions) {
    if (isCritical && !known.includes(id)) throw odd('it has a critical extension not known here');
  }
}

function readEntries(
  der: Uint8Array,
  list: DerElement | undefined,
): ReadonlyMap<string, RevokedEntry> {
  const entries = new Map<string, RevokedEntry>();
  if (list === undefined) return entries;
  // One by one: large CAs list a million.
  for (let offset = list.contentStart; offset < list.end; ) {
    const entry = readElement(der, offset);
    if (entry.end > list.end) throw odd('an entry is longer than the list');
    offset = entry.end;
    const [serial, date, extensions] = readChildren(der, entry);
    if (serial?.tag !== DER_TAG.integer) throw odd('an entry has no serial number');
    if (entries.size >= CRL_ENTRIES_MAX) {
      throw new KedgeError('LIMIT', `a revocation list has more than ${CRL_ENTRIES_MAX} entries`);
    }
    const reason = extensions === undefined ? undefined : readReason(der, extensions);
    entries.set(encodeHex(elementContent(der, serial)), {
      atMs: readTime(der, date),
      ...(reason !== undefined && { reason }),
    });
  }
  return entries;
}

function readReason(der: Uint8Array, list: DerElement): string | undefined {
  const extensions = readExtensionList(der, list);
  for (const [id, { isCritical }] of extensions) {
    if (id === OID.certificateIssuer) throw odd('it is for several CAs');
    if (isCritical && id !== OID.reasonCode) throw odd('an entry has a critical extension');
  }
  const code = extensions.get(OID.reasonCode)?.value;
  if (code?.tag !== ENUMERATED) return undefined;
  return REASONS[elementContent(der, code)[0] ?? 0];
}

function odd(reason: string): KedgeError {
  return new KedgeError('PARSE', `a revocation list cannot be used: ${reason}`);
}
