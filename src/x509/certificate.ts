/**
 * One certificate as plain facts.
 *
 * Two parsers must agree before anything is believed: OpenSSL (`node:crypto`), because it is what
 * `tls` will use, and `@peculiar/x509` for what OpenSSL does not tell. Both accept bytes after the
 * certificate, which would give one certificate many ids, so the outer length is checked first.
 * Whether the certificate may become an anchor is decided in `admission.ts`.
 *
 * Source: RFC 5280 section 4.
 *
 * @module
 */
import 'reflect-metadata';
import { createHash, X509Certificate as OpensslCertificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { copyBytes, encodeHex } from '../core/bytes.ts';
import { DER_TAG, readElement } from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';
import { type AnchorId, parseSha256, type Sha256 } from '../core/ids.ts';
import { ANCHOR_MAX_BYTES } from '../core/limits.ts';
import { readSignatureAlg } from './signature-algs.ts';

/** What a certificate says, as plain values; nothing here says that it is trustworthy. */
export interface CertificateFacts {
  /** SHA-256 of the DER. */
  readonly id: AnchorId;
  /** The exact bytes; a copy that belongs to these facts. */
  readonly der: Uint8Array;
  /** RFC 4514 text, most significant part first as in the certificate. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** What basicConstraints says; `false` when the extension is missing. */
  readonly isCa: boolean;
  readonly pathLen?: number;
  /** `rsa`, `ec`, `ed25519` or another name that Node gives. */
  readonly keyAlg: string;
  /** RSA: size of the modulus. */
  readonly keyBits?: number;
  /** EC: OpenSSL's name of the curve, for example `prime256v1`. */
  readonly keyCurve?: string;
  /** SHA-256 of the SubjectPublicKeyInfo: equal for certificates with one key. */
  readonly publicKeyDigest: Sha256;
  /** For example `rsa-sha256`; the dotted identifier when unknown. */
  readonly signatureAlg: string;
  /** Lower-case hex. */
  readonly subjectKeyId?: string;
  /** Subject and issuer are equal. */
  readonly selfIssued: boolean;
  /** Self-issued, and the signature verifies with the certificate's own key. */
  readonly selfSigned: boolean;
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  readonly ips: readonly string[];
  /** Absent when the certificate does not limit the usage; RFC 5280 names. */
  readonly keyUsage?: readonly KeyUsageName[];
  /** Dotted identifiers; absent when the certificate does not limit the usage. */
  readonly extendedKeyUsage?: readonly string[];
  readonly hasNameConstraints: boolean;
}

/** A usage bit of RFC 5280 section 4.2.1.3. */
export type KeyUsageName =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly';

const KEY_USAGE: ReadonlyMap<KeyUsageName, number> = new Map([
  ['digitalSignature', x509.KeyUsageFlags.digitalSignature],
  ['nonRepudiation', x509.KeyUsageFlags.nonRepudiation],
  ['keyEncipherment', x509.KeyUsageFlags.keyEncipherment],
  ['dataEncipherment', x509.KeyUsageFlags.dataEncipherment],
  ['keyAgreement', x509.KeyUsageFlags.keyAgreement],
  ['keyCertSign', x509.KeyUsageFlags.keyCertSign],
  ['cRLSign', x509.KeyUsageFlags.cRLSign],
  ['encipherOnly', x509.KeyUsageFlags.encipherOnly],
  ['decipherOnly', x509.KeyUsageFlags.decipherOnly],
]);
const OID_NAME_CONSTRAINTS = '2.5.29.30';

/**
 * Parses one DER certificate and nothing else. Errors: `PARSE` when the bytes are not exactly one
 * certificate that OpenSSL can load, `LIMIT` when they are more than an anchor may have.
 */
export function parseCertificate(der: Uint8Array): CertificateFacts {
  if (der.length > ANCHOR_MAX_BYTES) {
    throw new KedgeError(
      'LIMIT',
      `a certificate of ${der.length} bytes; at most ${ANCHOR_MAX_BYTES} are allowed`,
      { detail: { bytes: der.length, maxBytes: ANCHOR_MAX_BYTES } },
    );
  }
  const outer = readElement(der, 0);
  if (outer.tag !== DER_TAG.sequence) {
    throw new KedgeError('PARSE', 'not a DER certificate: it does not start with a sequence');
  }
  if (outer.end !== der.length) {
    const extra = der.length - outer.end;
    throw new KedgeError('PARSE', `${extra} bytes follow the certificate; remove them`);
  }
  const bytes = copyBytes(der);
  try {
    return readFacts(bytes);
  } catch (cause) {
    if (cause instanceof KedgeError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KedgeError('PARSE', `not a DER certificate: ${reason}`, { cause });
  }
}

function readFacts(der: Uint8Array): CertificateFacts {
  const openssl = new OpensslCertificate(der);
  const parsed = new x509.X509Certificate(der);
  const key = openssl.publicKey;
  const constraints = parsed.getExtension(x509.BasicConstraintsExtension);
  const subjectKeyId = parsed.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const selfIssued = openssl.subject === openssl.issuer;
  return {
    id: sha256(der),
    der,
    subject: parsed.subject,
    issuer: parsed.issuer,
    serial: parsed.serialNumber.toLowerCase(),
    notBeforeMs: timeMs(parsed.notBefore),
    notAfterMs: timeMs(parsed.notAfter),
    isCa: constraints?.ca ?? false,
    ...(constraints?.pathLength === undefined ? {} : { pathLen: constraints.pathLength }),
    keyAlg: key.asymmetricKeyType ?? 'unknown',
    ...keySize(key.asymmetricKeyDetails),
    publicKeyDigest: sha256(key.export({ type: 'spki', format: 'der' })),
    signatureAlg: readSignatureAlg(der),
    ...(subjectKeyId === undefined ? {} : { subjectKeyId: subjectKeyId.toLowerCase() }),
    selfIssued,
    selfSigned: selfIssued && openssl.verify(key),
    ...alternativeNames(parsed),
    ...usages(parsed),
    hasNameConstraints: parsed.getExtension(OID_NAME_CONSTRAINTS) !== null,
  };
}

function keySize(
  details: { modulusLength?: number; namedCurve?: string } | undefined,
): Pick<CertificateFacts, 'keyBits' | 'keyCurve'> {
  return {
    ...(details?.modulusLength === undefined ? {} : { keyBits: details.modulusLength }),
    ...(details?.namedCurve === undefined ? {} : { keyCurve: details.namedCurve }),
  };
}

function alternativeNames(
  parsed: x509.X509Certificate,
): Pick<CertificateFacts, 'dnsNames' | 'uris' | 'ips'> {
  const names = parsed.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const ofType = (type: x509.GeneralName['type']): readonly string[] =>
    names.filter((name) => name.type === type).map((name) => name.value);
  return { dnsNames: ofType('dns'), uris: ofType('url'), ips: ofType('ip') };
}

function usages(
  parsed: x509.X509Certificate,
): Pick<CertificateFacts, 'keyUsage' | 'extendedKeyUsage'> {
  const flags = parsed.getExtension(x509.KeyUsagesExtension)?.usages;
  const extended = parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages;
  return {
    ...(flags === undefined ? {} : { keyUsage: usageNames(flags) }),
    ...(extended === undefined ? {} : { extendedKeyUsage: extended.map(String) }),
  };
}

function usageNames(flags: number): readonly KeyUsageName[] {
  return [...KEY_USAGE].filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
}

function timeMs(date: Date): number {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new KedgeError('PARSE', 'the certificate has an impossible date');
  return ms;
}

function sha256(bytes: Uint8Array): Sha256 {
  return parseSha256(encodeHex(createHash('sha256').update(bytes).digest()));
}
