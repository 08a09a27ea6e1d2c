/**
 * Names of certificates in all the forms that name constraints are about.
 *
 * Unlike the outline by which anchors limit leaves, everything is read here, also of CAs, and what
 * is odd is kept as it is written: what becomes of it is for `name-constraints.ts` to say.
 * Source: RFC 5280 sections 4.1.2.6, 4.2.1.6.
 *
 * @module
 */
import { readFields } from '../core/anchors/certificate-fields.ts';
import {
  type DirectoryName,
  readAttributes,
  readDirectoryName,
  readText,
} from '../core/anchors/directory-name.ts';
import { encodeHex } from '../core/bytes.ts';
import { type DerElement, elementContent, oidHex, readChildren, readElement } from '../core/der.ts';

/** One name. */
export type GeneralName =
  | { readonly kind: 'directory'; readonly name: DirectoryName }
  | { readonly kind: 'email' | 'dns' | 'uri'; readonly text: string }
  | { readonly kind: 'ip'; readonly bytes: Uint8Array }
  /** What nobody here can compare; `form` says which form of name it is. */
  | { readonly kind: 'other'; readonly form: string };

/** The names of one certificate. */
export interface CertificateNames {
  /** Of the subject; empty when it has none. */
  readonly subject: DirectoryName;
  /** Addresses within the subject, in any string type. */
  readonly subjectEmails: readonly { readonly text: string; readonly isIa5: boolean }[];
  readonly commonNames: readonly string[];
  readonly alternatives: readonly GeneralName[];
}

/** The form of addresses with letters beyond ASCII, RFC 8398. */
export const SMTP_UTF8_MAILBOX = 'a0:2b06010505070809';

const OID = { commonName: '550403', email: '2a864886f70d010901', subjectAltName: '551d11' };
const IA5_STRING = 0x16;
const TAG = { other: 0xa0, email: 0x81, dns: 0x82, directory: 0xa4, uri: 0x86, ip: 0x87 } as const;

/** Reads the names of a certificate. Errors: `PARSE`. */
export function readCertificateNames(der: Uint8Array): CertificateNames {
  const { subject, extensions } = readFields(der);
  const attributes = readAttributes(der, subject).flat();
  const ofType = (wanted: string): readonly DerElement[] =>
    attributes.filter(({ type }) => type === wanted).map(({ value }) => value);
  const list = extensions.get(OID.subjectAltName)?.value;
  return {
    subject: readDirectoryName(der, subject),
    subjectEmails: ofType(OID.email).map((value) => {
      return { text: readText(der, value), isIa5: value.tag === IA5_STRING };
    }),
    commonNames: ofType(OID.commonName).map((value) => readText(der, value)),
    alternatives: list === undefined ? [] : readGeneralNames(der, list),
  };
}

/** Reads a list of names. Errors: `PARSE`. */
function readGeneralNames(der: Uint8Array, list: DerElement): readonly GeneralName[] {
  return readChildren(der, list).map((name) => readGeneralName(der, name));
}

/** Reads one name. Errors: `PARSE`. */
export function readGeneralName(der: Uint8Array, name: DerElement): GeneralName {
  const { tag, contentStart } = name;
  const text = (): string => Buffer.from(elementContent(der, name)).toString('latin1');
  switch (tag) {
    case TAG.email:
      return { kind: 'email', text: text() };
    case TAG.dns:
      return { kind: 'dns', text: text() };
    case TAG.uri:
      return { kind: 'uri', text: text() };
    case TAG.ip:
      return { kind: 'ip', bytes: Uint8Array.from(elementContent(der, name)) };
    case TAG.directory:
      return { kind: 'directory', name: readDirectoryName(der, readElement(der, contentStart)) };
    case TAG.other:
      return { kind: 'other', form: `a0:${oidHex(der, readElement(der, contentStart))}` };
    default:
      return { kind: 'other', form: encodeHex(Uint8Array.of(tag)) };
  }
}
