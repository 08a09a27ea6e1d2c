/**
 * What the limits of an anchor are judged by: the names and times of a leaf, and what narrows a
 * certificate between leaf and anchor.
 *
 * Read from the bytes: the text that OpenSSL and Node print of alternative names can be made to
 * look like another name (CVE-2021-44532), and times are printed for people. Whoever reads here has
 * a certificate whose signature was verified; it may still be odd on purpose, so everything that is
 * not exactly as expected is refused. Source: RFC 5280 sections 4.1 and 4.2.1.
 *
 * @module
 */
import { DER_TAG, type DerElement, elementContent, oidHex, readChildren } from '../der.ts';
import { KedgeError } from '../errors.ts';
import { CERTIFICATE_NAMES_MAX } from '../limits.ts';
import { oddCertificate, readAscii, readFields, readTime } from './certificate-fields.ts';
import { readAttributes, readText } from './directory-name.ts';

/** The part of a certificate that limits are about. */
export interface CertificateOutline {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** As they are written, printable ASCII. */
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  /** 4 or 16 bytes each. */
  readonly ips: readonly Uint8Array[];
  /** Of the subject, what of it can be read. */
  readonly commonNames: readonly string[];
  /** How many CAs may follow below. */
  readonly pathLen?: number;
  /** Object identifiers in hex; absent when every usage is allowed. */
  readonly usages?: readonly string[];
  readonly hasNameConstraints: boolean;
}

type Names = Pick<CertificateOutline, 'dnsNames' | 'uris' | 'ips'>;

const OID = {
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  nameConstraints: '551d1e',
  extendedKeyUsage: '551d25',
} as const;
/** Of a general name, RFC 5280 section 4.2.1.6. */
const NAME_TAG = { dns: 0x82, uri: 0x86, ip: 0x87 } as const;
const NO_NAMES: Names = { dnsNames: [], uris: [], ips: [] };

/** Reads a certificate. Errors: `PARSE` when it is not what RFC 5280 says, `LIMIT`. */
export function readOutline(der: Uint8Array): CertificateOutline {
  const { validity, subject, extensions } = readFields(der);
  const [notBefore, notAfter] = readChildren(der, validity);
  const pathLen = readPathLen(der, extensions.get(OID.basicConstraints)?.value);
  const usages = extensions.get(OID.extendedKeyUsage)?.value;
  return {
    notBeforeMs: readTime(der, notBefore),
    notAfterMs: readTime(der, notAfter),
    ...readNames(der, extensions.get(OID.subjectAltName)?.value),
    commonNames: readCommonNames(der, subject),
    ...(pathLen !== undefined && { pathLen }),
    ...(usages && { usages: readChildren(der, usages).map((usage) => oidHex(der, usage)) }),
    hasNameConstraints: extensions.has(OID.nameConstraints),
  };
}

function readNames(der: Uint8Array, list: DerElement | undefined): Names {
  if (list === undefined) return NO_NAMES;
  const all = readChildren(der, list);
  if (list.tag !== DER_TAG.sequence) throw oddCertificate('its names are no list');
  if (all.length > CERTIFICATE_NAMES_MAX) {
    throw new KedgeError('LIMIT', `a certificate has more than ${CERTIFICATE_NAMES_MAX} names`);
  }
  const texts = (wanted: number): string[] =>
    all.filter(({ tag }) => tag === wanted).map((name) => readAscii(der, name));
  const ips = all
    .filter(({ tag }) => tag === NAME_TAG.ip)
    .map((name) => Uint8Array.from(elementContent(der, name)));
  if (ips.some(({ length }) => length !== 4 && length !== 16)) {
    throw oddCertificate('an address is malformed');
  }
  return { dnsNames: texts(NAME_TAG.dns), uris: texts(NAME_TAG.uri), ips };
}

function readCommonNames(der: Uint8Array, subject: DerElement): readonly string[] {
  return readAttributes(der, subject)
    .flat()
    .flatMap(({ type, value }) => (type === OID.commonName ? [readText(der, value)] : []));
}

function readPathLen(der: Uint8Array, constraints: DerElement | undefined): number | undefined {
  if (constraints === undefined) return undefined;
  const length = readChildren(der, constraints).find(({ tag }) => tag === DER_TAG.integer);
  if (length === undefined) return undefined;
  const [value, more] = elementContent(der, length);
  // More than a chain can ever have is no limit.
  return more === undefined ? value : undefined;
}
