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
import { parseUtf8 } from '../bytes.ts';
import {
  DER_TAG,
  type DerElement,
  elementContent,
  oidHex,
  readChildren,
  readElement,
} from '../der.ts';
import { KedgeError } from '../errors.ts';
import { CERTIFICATE_NAMES_MAX } from '../limits.ts';

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
type Extensions = ReadonlyMap<string, DerElement>;

const OID = {
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  nameConstraints: '551d1e',
  extendedKeyUsage: '551d25',
} as const;
/** Of a general name, RFC 5280 section 4.2.1.6. */
const NAME_TAG = { dns: 0x82, uri: 0x86, ip: 0x87 } as const;
const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const NO_NAMES: Names = { dnsNames: [], uris: [], ips: [] };
/** Bytes per character of the string types that a name may have; the others have one. */
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [0x1c, 4],
  [0x1e, 2],
]);

/** Reads a certificate. Errors: `PARSE` when it is not what RFC 5280 says, `LIMIT`. */
export function readOutline(der: Uint8Array): CertificateOutline {
  const [tbs] = readChildren(der, readElement(der, 0));
  const fields = tbs === undefined ? [] : readChildren(der, tbs);
  // The version is explicit and optional; every certificate with extensions has it.
  const [, , , validity, subject] = fields[0]?.tag === DER_TAG.context0 ? fields.slice(1) : fields;
  if (validity === undefined || subject === undefined) throw odd('it has too few fields');
  const [notBefore, notAfter] = readChildren(der, validity);
  const extensions = readExtensions(
    der,
    fields.find(({ tag }) => tag === DER_TAG.context3),
  );
  const pathLen = readPathLen(der, extensions.get(OID.basicConstraints));
  const usages = extensions.get(OID.extendedKeyUsage);
  return {
    notBeforeMs: readTime(der, notBefore),
    notAfterMs: readTime(der, notAfter),
    ...readNames(der, extensions.get(OID.subjectAltName)),
    commonNames: readCommonNames(der, subject),
    ...(pathLen !== undefined && { pathLen }),
    ...(usages && { usages: readChildren(der, usages).map((usage) => oidHex(der, usage)) }),
    hasNameConstraints: extensions.has(OID.nameConstraints),
  };
}

/** The value of each extension by its identifier. */
function readExtensions(der: Uint8Array, wrapper: DerElement | undefined): Extensions {
  const found = new Map<string, DerElement>();
  if (wrapper === undefined) return found;
  for (const extension of readChildren(der, readElement(der, wrapper.contentStart))) {
    const parts = readChildren(der, extension);
    const [oid, value] = [parts[0], parts.at(-1)];
    if (oid?.tag !== DER_TAG.oid || value?.tag !== DER_TAG.octetString) {
      throw odd('an extension is malformed');
    }
    const id = oidHex(der, oid);
    if (found.has(id)) throw odd('an extension is there twice');
    const inner = readElement(der, value.contentStart);
    if (inner.end !== value.end) throw odd('an extension has bytes after its end');
    found.set(id, inner);
  }
  return found;
}

function readNames(der: Uint8Array, list: DerElement | undefined): Names {
  if (list === undefined) return NO_NAMES;
  const all = readChildren(der, list);
  if (list.tag !== DER_TAG.sequence) throw odd('its names are no list');
  if (all.length > CERTIFICATE_NAMES_MAX) {
    throw new KedgeError('LIMIT', `a certificate has more than ${CERTIFICATE_NAMES_MAX} names`);
  }
  const texts = (wanted: number): string[] =>
    all.filter(({ tag }) => tag === wanted).map((name) => readAscii(der, name));
  const ips = all
    .filter(({ tag }) => tag === NAME_TAG.ip)
    .map((name) => Uint8Array.from(elementContent(der, name)));
  if (ips.some(({ length }) => length !== 4 && length !== 16)) throw odd('an address is malformed');
  return { dnsNames: texts(NAME_TAG.dns), uris: texts(NAME_TAG.uri), ips };
}

function readCommonNames(der: Uint8Array, subject: DerElement): readonly string[] {
  return readChildren(der, subject)
    .flatMap((set) => readChildren(der, set))
    .flatMap((attribute) => {
      const [oid, value] = readChildren(der, attribute);
      if (oid === undefined || value === undefined) throw odd('its subject is malformed');
      return oidHex(der, oid) === OID.commonName ? [readText(der, value)] : [];
    });
}

/** The text of a name in any of its string types, so that none of them hides a host name. */
function readText(der: Uint8Array, value: DerElement): string {
  const bytes = elementContent(der, value);
  if (value.tag === DER_TAG.utf8String) return parseUtf8(bytes);
  const width = WIDTHS.get(value.tag) ?? 1;
  let text = '';
  for (let offset = 0; offset + width <= bytes.length; offset += width) {
    const point = bytes.subarray(offset, offset + width).reduce((sum, byte) => sum * 256 + byte, 0);
    text += point > 0x10ffff ? '\u{fffd}' : String.fromCodePoint(point);
  }
  return text;
}

function readPathLen(der: Uint8Array, constraints: DerElement | undefined): number | undefined {
  if (constraints === undefined) return undefined;
  const length = readChildren(der, constraints).find(({ tag }) => tag === DER_TAG.integer);
  if (length === undefined) return undefined;
  const [value, more] = elementContent(der, length);
  // More than a chain can ever have is no limit.
  return more === undefined ? value : undefined;
}

function readTime(der: Uint8Array, time: DerElement | undefined): number {
  const text = time === undefined ? '' : readAscii(der, time);
  const isUtc = time?.tag === DER_TAG.utcTime;
  const [, year = '', ...rest] = (isUtc ? UTC_TIME : GENERALIZED_TIME).exec(text) ?? [];
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = rest.map(Number);
  // RFC 5280 section 4.1.2.5.1.
  const century = Number(year) < 50 ? 2000 : 1900;
  const ms = Date.UTC(isUtc ? century + Number(year) : Number(year), month - 1, day, hour, minute);
  if (year === '' || Number.isNaN(ms)) throw odd('a time is malformed');
  return ms + second * 1000;
}

function readAscii(der: Uint8Array, element: DerElement): string {
  const bytes = elementContent(der, element);
  if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw odd('a name is not ASCII');
  return parseUtf8(bytes);
}

function odd(reason: string): KedgeError {
  return new KedgeError('PARSE', `a certificate cannot be judged: ${reason}`);
}
