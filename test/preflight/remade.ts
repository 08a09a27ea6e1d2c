/**
 * Certificates with extensions that are not issued by this project, and revocation lists: put
 * together by hand and signed.
 */
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFields } from '../../src/core/anchors/certificate-fields.ts';
import { encodeUtf8, parseHex } from '../../src/core/bytes.ts';
import {
  DER_TAG,
  elementBytes,
  elementContent,
  oidHex,
  readChildren,
  readElement,
} from '../../src/core/der.ts';
import { encodePem } from '../../src/core/pem.ts';
import { parseCertificate } from '../../src/x509/certificate.ts';
import { derBitString, derElement, derInteger, derTime } from '../../src/x509/der.ts';
import type { IssuedCertificate } from '../../src/x509/issue.ts';

/** An extension by its object identifier in hex. */
export type NewExtension = readonly [id: string, value: Uint8Array];

const ECDSA_SHA256 = parseHex('300a06082a8648ce3d040302');
const TRUE = derElement(DER_TAG.boolean, Uint8Array.of(0xff));

function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return derElement(
    DER_TAG.sequence,
    derElement(DER_TAG.oid, parseHex(id)),
    ...(critical ? [TRUE] : []),
    derElement(DER_TAG.octetString, value),
  );
}

/** The same certificate with some extensions replaced, signed again by its issuer. */
export function remade(
  issued: IssuedCertificate,
  issuer: Pick<IssuedCertificate, 'keyPem'>,
  ...more: readonly NewExtension[]
): IssuedCertificate {
  const { der } = issued;
  const [tbs] = readChildren(der, readElement(der, 0));
  const fields = tbs === undefined ? [] : readChildren(der, tbs);
  const parts = fields.map((field) => {
    if (field.tag !== DER_TAG.context3) return elementBytes(der, field);
    const kept = readChildren(der, readElement(der, field.contentStart)).filter((old) => {
      const [oid] = readChildren(der, old);
      return !more.some(([id]) => oid !== undefined && oidHex(der, oid) === id);
    });
    return derElement(
      DER_TAG.context3,
      derElement(
        DER_TAG.sequence,
        ...kept.map((old) => elementBytes(der, old)),
        ...more.map(([id, value]) => extension(id, value, true)),
      ),
    );
  });
  const bytes = signed(derElement(DER_TAG.sequence, ...parts), issuer);
  return {
    certificatePem: new X509Certificate(bytes).toString(),
    keyPem: issued.keyPem,
    der: bytes,
    facts: parseCertificate(bytes),
  };
}

function signed(content: Uint8Array, { keyPem }: Pick<IssuedCertificate, 'keyPem'>): Uint8Array {
  const signature = sign('sha256', content, createPrivateKey(keyPem));
  return derElement(DER_TAG.sequence, content, ECDSA_SHA256, derBitString(signature));
}

/** The key usage of a CA that also signs revocation lists. */
export const SIGNS_LISTS: NewExtension = ['551d0f', parseHex('03020106')];

/** Names in the forms of RFC 5280 section 4.2.1.6. */
export const name = {
  email: (text: string): Uint8Array => derElement(0x81, encodeUtf8(text)),
  dns: (text: string): Uint8Array => derElement(0x82, encodeUtf8(text)),
  uri: (text: string): Uint8Array => derElement(0x86, encodeUtf8(text)),
  ip: (...bytes: readonly number[]): Uint8Array => derElement(0x87, Uint8Array.from(bytes)),
  /** The subject of a certificate. */
  subjectOf: ({ der }: IssuedCertificate): Uint8Array =>
    derElement(0xa4, elementBytes(der, readFields(der).subject)),
  /** A form that nobody can compare. */
  registered: (): Uint8Array => derElement(0x88, parseHex('2a03')),
};

export function alternativeNames(...names: readonly Uint8Array[]): NewExtension {
  return ['551d11', derElement(DER_TAG.sequence, ...names)];
}

export function nameConstraints(
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[] = [],
): NewExtension {
  const subtrees = (tag: number, bases: readonly Uint8Array[]): readonly Uint8Array[] =>
    bases.length === 0
      ? []
      : [derElement(tag, ...bases.map((base) => derElement(DER_TAG.sequence, base)))];
  const lists = [...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded)];
  return ['551d1e', derElement(DER_TAG.sequence, ...lists)];
}

export function distributionPoint(uri: string): NewExtension {
  const point = derElement(0xa0, derElement(0xa0, name.uri(uri)));
  return ['551d1f', derElement(DER_TAG.sequence, derElement(DER_TAG.sequence, point))];
}

/** What a list of a test says. */
export interface ListTerms {
  readonly revoked?: readonly Pick<IssuedCertificate, 'der'>[];
  /** RFC 5280 section 5.3.1. */
  readonly reason?: number;
  readonly fromMs: number;
  readonly toMs?: number;
  /** Parts of the issuing distribution point. */
  readonly scope?: readonly Uint8Array[];
  /** Another key than that of the issuer. */
  readonly keyPem?: string;
  readonly more?: readonly Uint8Array[];
}

/** Parts of an issuing distribution point. */
interface Scopes {
  readonly usersOnly: Uint8Array;
  readonly authoritiesOnly: Uint8Array;
  readonly someReasons: Uint8Array;
  readonly indirect: Uint8Array;
  readonly at: (uri: string) => Uint8Array;
}

export const scope: Scopes = {
  usersOnly: derElement(0x81, Uint8Array.of(0xff)),
  authoritiesOnly: derElement(0x82, Uint8Array.of(0xff)),
  someReasons: derElement(0x83, parseHex('0640')),
  indirect: derElement(0x84, Uint8Array.of(0xff)),
  at: (uri) => derElement(0xa0, derElement(0xa0, name.uri(uri))),
};

export const deltaIndicator: Uint8Array = extension('551d1b', derInteger(Uint8Array.of(1)), true);

export function makeList(issuer: IssuedCertificate, terms: ListTerms): Uint8Array {
  const { revoked = [], reason, fromMs, toMs, more = [] } = terms;
  const why =
    reason === undefined
      ? []
      : [derElement(DER_TAG.sequence, extension('551d15', Uint8Array.of(0x0a, 1, reason)))];
  const entries = revoked.map(({ der }) => {
    const serial = elementContent(der, readFields(der).serial);
    return derElement(DER_TAG.sequence, derInteger(serial), derTime(fromMs), ...why);
  });
  const keyId = parseHex(issuer.facts.subjectKeyId ?? '');
  const extensions = [
    extension('551d23', derElement(DER_TAG.sequence, derElement(0x80, keyId))),
    extension('551d14', derInteger(Uint8Array.of(1))),
    ...(terms.scope
      ? [extension('551d1c', derElement(DER_TAG.sequence, ...terms.scope), true)]
      : []),
    ...more,
  ];
  const content = derElement(
    DER_TAG.sequence,
    derInteger(Uint8Array.of(1)),
    ECDSA_SHA256,
    elementBytes(issuer.der, readFields(issuer.der).subject),
    derTime(fromMs),
    ...(toMs === undefined ? [] : [derTime(toMs)]),
    ...(entries.length === 0 ? [] : [derElement(DER_TAG.sequence, ...entries)]),
    derElement(DER_TAG.context0, derElement(DER_TAG.sequence, ...extensions)),
  );
  return signed(content, { keyPem: terms.keyPem ?? issuer.keyPem });
}

export function listPem(der: Uint8Array): string {
  return encodePem('X509 CRL', der);
}
