/**
 * Where the parts of a certificate lie in its bytes, and what certificates and revocation lists
 * have in common: extensions and times.
 *
 * Source: RFC 5280 sections 4.1, 4.2 and 5.1.
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
import { parseTimestamp, timestampMs } from '../ids.ts';

/** One extension. */
export interface Extension {
  /** What the octet string holds. */
  readonly value: DerElement;
  readonly isCritical: boolean;
}

/** By object identifier in hex. */
export type Extensions = ReadonlyMap<string, Extension>;

/** The parts of a certificate that are looked at; all lie in its bytes. */
export interface CertificateFields {
  readonly serial: DerElement;
  readonly issuer: DerElement;
  readonly validity: DerElement;
  readonly subject: DerElement;
  readonly extensions: Extensions;
}

const TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** Finds the parts. Errors: `PARSE`. */
export function readFields(der: Uint8Array): CertificateFields {
  const [tbs] = readChildren(der, readElement(der, 0));
  const all = tbs === undefined ? [] : readChildren(der, tbs);
  // The version is explicit and optional; every certificate with extensions has it.
  const fields = all[0]?.tag === DER_TAG.context0 ? all.slice(1) : all;
  const [serial, , issuer, validity, subject] = fields;
  if (!serial || !issuer || !validity || !subject) throw oddCertificate('it has too few fields');
  const wrapper = fields.find(({ tag }) => tag === DER_TAG.context3);
  return { serial, issuer, validity, subject, extensions: readExtensions(der, wrapper) };
}

/** Reads the list in its explicit tag. Errors: `PARSE`. */
export function readExtensions(der: Uint8Array, wrapper: DerElement | undefined): Extensions {
  if (wrapper === undefined) return new Map();
  return readExtensionList(der, readElement(der, wrapper.contentStart));
}

/** Reads the list itself. Errors: `PARSE`. */
export function readExtensionList(der: Uint8Array, list: DerElement): Extensions {
  const found = new Map<string, Extension>();
  for (const extension of readChildren(der, list)) {
    const parts = readChildren(der, extension);
    const [oid, value] = [parts[0], parts.at(-1)];
    if (oid?.tag !== DER_TAG.oid || value?.tag !== DER_TAG.octetString) {
      throw oddCertificate('an extension is malformed');
    }
    const id = oidHex(der, oid);
    if (found.has(id)) throw oddCertificate('an extension is there twice');
    const inner = readElement(der, value.contentStart);
    if (inner.end !== value.end) throw oddCertificate('an extension has bytes after its end');
    const [, flag] = parts;
    const isCritical = flag?.tag === DER_TAG.boolean && der[flag.contentStart] !== 0;
    found.set(id, { value: inner, isCritical });
  }
  return found;
}

/** Reads a time in either form, milliseconds. Errors: `PARSE`, also for what no calendar has. */
export function readTime(der: Uint8Array, time: DerElement | undefined): number {
  const isUtc = time?.tag === DER_TAG.utcTime;
  if (!time || !(isUtc || time.tag === DER_TAG.generalizedTime)) {
    throw oddCertificate('a time is missing');
  }
  const written = readAscii(der, time);
  // RFC 5280 section 4.1.2.5.1.
  const century = written < '5' ? '20' : '19';
  const text = isUtc ? `${century}${written}` : written;
  if (!TIME.test(text)) throw oddCertificate('a time is malformed');
  return timestampMs(parseTimestamp(text.replace(TIME, '$1-$2-$3T$4:$5:$6Z')));
}

/** Printable ASCII. Errors: `PARSE`. */
export function readAscii(der: Uint8Array, element: DerElement): string {
  const bytes = elementContent(der, element);
  if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw oddCertificate('a name is not ASCII');
  return parseUtf8(bytes);
}

/** What is not as RFC 5280 says. */
export function oddCertificate(reason: string): KedgeError {
  return new KedgeError('PARSE', `a certificate cannot be judged: ${reason}`);
}
