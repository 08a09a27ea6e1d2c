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

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

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

/** Reads a time in either form, milliseconds. Errors: `PARSE`. */
export function readTime(der: Uint8Array, time: DerElement | undefined): number {
  const text = time === undefined ? '' : readAscii(der, time);
  const isUtc = time?.tag === DER_TAG.utcTime;
  const [, year = '', ...rest] = (isUtc ? UTC_TIME : GENERALIZED_TIME).exec(text) ?? [];
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = rest.map(Number);
  // RFC 5280 section 4.1.2.5.1.
  const century = Number(year) < 50 ? 2000 : 1900;
  const ms = Date.UTC(isUtc ? century + Number(year) : Number(year), month - 1, day, hour, minute);
  if (year === '' || Number.isNaN(ms)) throw oddCertificate('a time is malformed');
  return ms + second * 1000;
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
