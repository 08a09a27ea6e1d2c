/**
 * Issues certificates: roots, intermediates and leaves for a first deployment, for the
 * demonstration and for tests. Not a CA: no revocation, no database, no policy.
 *
 * Time and serial numbers are inputs; only the key pair is random. The X.509 library encodes names
 * and extensions; the certificate is put together here and signed by `node:crypto`, because the
 * library can only sign asynchronously and warns about Ed25519 on Node 20.
 *
 * Source: RFC 5280, SPIFFE X.509-SVID (exactly one URI, no CA flag, digitalSignature).
 *
 * @module
 */
import 'reflect-metadata';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate as OpensslCertificate,
  sign,
} from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { encodeHex, parseHex } from '../core/bytes.ts';
import { DER_TAG, elementBytes, elementContent, readChildren, readElement } from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';
import { type CertificateFacts, parseCertificate } from './certificate.ts';
import { derBitString, derElement, derInteger, derTime } from './der.ts';
import { parseCertificateFile } from './file.ts';

/** The kinds of keys that are made here. */
export type CertificateKeyAlg = 'ecdsa-p256' | 'ed25519';

/** A certificate with its private key. Treat `keyPem` as a secret. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  /** PKCS#8, not encrypted. */
  readonly keyPem: string;
  readonly der: Uint8Array;
  readonly facts: CertificateFacts;
}

/** What every certificate needs. */
export interface IssueOptions {
  readonly commonName: string;
  readonly nowMs: number;
  /** The certificate ends this long after `nowMs`, or with its issuer if that is earlier. */
  readonly validForMs: number;
  /** How long before `nowMs` it begins, for clocks that are behind; default 5 minutes. */
  readonly backdateMs?: number;
  /** 1 to 20 bytes, unique for the issuer; a random source is `randomBytes(16)`. */
  readonly serial: () => Uint8Array;
  /** Default `ecdsa-p256`; ignored when `keyPem` is given. */
  readonly keyAlg?: CertificateKeyAlg;
  /** Certifies this key (PKCS#8) again instead of a new one. */
  readonly keyPem?: string;
}

/** Options of {@link issueCa}. */
export interface IssueCaOptions extends IssueOptions {
  /** How many CAs may follow below; no limit by default. */
  readonly pathLen?: number;
}

/** Who signs. */
export type CertificateIssuer = Pick<IssuedCertificate, 'certificatePem' | 'keyPem'>;

/** Options of {@link issueIntermediate}. */
export interface IssueIntermediateOptions extends IssueCaOptions {
  readonly issuer: CertificateIssuer;
}

/** Options of {@link issueLeaf}. */
export interface IssueLeafOptions extends IssueOptions {
  readonly issuer: CertificateIssuer;
  /** For example a SPIFFE ID. */
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ips?: readonly string[];
  /** Default both. */
  readonly usages?: readonly LeafUsage[];
}

/** What a leaf is for. */
export type LeafUsage = 'serverAuth' | 'clientAuth';

interface Template {
  readonly options: IssueOptions;
  readonly issuer?: CertificateIssuer;
  readonly extensions: readonly x509.Extension[];
}

const BACKDATE_MS = 5 * 60_000;
const USAGE_OIDS: Readonly<Record<LeafUsage, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};
const SIGNATURE_ALGS: Readonly<Record<string, Uint8Array>> = {
  ec: parseHex('300a06082a8648ce3d040302'),
  ed25519: parseHex('300506032b6570'),
};
const VERSION_3 = parseHex('a003020102');

/** Issues a self-signed root. */
export function issueCa(options: IssueCaOptions): IssuedCertificate {
  return issue({ options, extensions: authorityExtensions(options) });
}

/** Issues a CA below another. */
export function issueIntermediate(options: IssueIntermediateOptions): IssuedCertificate {
  return issue({ options, issuer: options.issuer, extensions: authorityExtensions(options) });
}

/** Issues a certificate for a server, a client or both. */
export function issueLeaf(options: IssueLeafOptions): IssuedCertificate {
  const { uris = [], dnsNames = [], ips = [], usages = ['serverAuth', 'clientAuth'] } = options;
  const names = [
    ...uris.map((value) => ({ type: 'url', value }) as const),
    ...dnsNames.map((value) => ({ type: 'dns', value }) as const),
    ...ips.map((value) => ({ type: 'ip', value }) as const),
  ];
  return issue({
    options,
    issuer: options.issuer,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages.map((usage) => USAGE_OIDS[usage])),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
}

function authorityExtensions({ pathLen }: IssueCaOptions): readonly x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, pathLen, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ];
}

function issue({ options, issuer, extensions }: Template): IssuedCertificate {
  const key = options.keyPem === undefined ? generateKey(options) : loadKey(options.keyPem);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const keyId = keyIdentifier(spki);
  const subject = new Uint8Array(new x509.Name([{ CN: [options.commonName] }]).toArrayBuffer());
  const parent = issuer === undefined ? undefined : readIssuer(issuer);
  const signingKey = parent?.key ?? key;
  const algorithm = SIGNATURE_ALGS[signingKey.asymmetricKeyType ?? ''];
  if (algorithm === undefined) {
    throw new KedgeError('KEY', 'only P-256 and Ed25519 keys can sign certificates here');
  }
  const { nowMs, validForMs, backdateMs = BACKDATE_MS } = options;
  const all = [
    ...extensions,
    new x509.SubjectKeyIdentifierExtension(encodeHex(keyId)),
    new x509.AuthorityKeyIdentifierExtension(encodeHex(parent?.keyId ?? keyId)),
  ];
  const tbs = derElement(
    DER_TAG.sequence,
    VERSION_3,
    derInteger(options.serial()),
    algorithm,
    parent?.subject ?? subject,
    derElement(
      DER_TAG.sequence,
      derTime(nowMs - backdateMs),
      derTime(Math.min(nowMs + validForMs, parent?.notAfterMs ?? Number.MAX_SAFE_INTEGER)),
    ),
    subject,
    spki,
    derElement(
      DER_TAG.context3,
      derElement(DER_TAG.sequence, ...all.map((extension) => new Uint8Array(extension.rawData))),
    ),
  );
  const digest = signingKey.asymmetricKeyType === 'ec' ? 'sha256' : null;
  const signature = sign(digest, tbs, signingKey);
  const der = derElement(DER_TAG.sequence, tbs, algorithm, derBitString(signature));
  return {
    certificatePem: new OpensslCertificate(der).toString(),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    der,
    facts: parseCertificate(der),
  };
}

interface ReadIssuer {
  readonly key: KeyObject;
  readonly subject: Uint8Array;
  readonly keyId: Uint8Array;
  readonly notAfterMs: number;
}

/** Takes the subject's exact bytes, because chains are built by comparing them. */
function readIssuer({ certificatePem, keyPem }: CertificateIssuer): ReadIssuer {
  const [facts] = parseCertificateFile(Buffer.from(certificatePem));
  if (facts === undefined) throw new KedgeError('PARSE', 'the issuer has no certificate');
  const { der } = facts;
  if (!facts.isCa) throw new KedgeError('CONFIG', `${facts.subject} is not a CA: it cannot issue`);
  const [tbs] = readChildren(der, readElement(der, 0));
  const fields = tbs === undefined ? [] : readChildren(der, tbs);
  const [, , , , , subject, spki] = fields;
  if (subject === undefined || spki === undefined) {
    throw new KedgeError('PARSE', 'the issuer is not an X.509 version 3 certificate');
  }
  return {
    key: loadKey(keyPem),
    subject: elementBytes(der, subject),
    keyId:
      facts.subjectKeyId === undefined
        ? keyIdentifier(elementBytes(der, spki))
        : parseHex(facts.subjectKeyId),
    notAfterMs: facts.notAfterMs,
  };
}

function generateKey({ keyAlg = 'ecdsa-p256' }: IssueOptions): KeyObject {
  return keyAlg === 'ed25519'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
}

function loadKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new KedgeError('KEY', 'not a PKCS#8 private key in PEM without a passphrase', { cause });
  }
}

/** RFC 7093 section 2, method 1: the first 20 bytes of the SHA-256 of the key's bits. */
function keyIdentifier(spki: Uint8Array): Uint8Array {
  const [, bits] = readChildren(spki, readElement(spki, 0));
  if (bits === undefined) throw new KedgeError('PARSE', 'not a SubjectPublicKeyInfo');
  const unusedBitsByte = 1;
  const key = elementContent(spki, bits).subarray(unusedBitsByte);
  return createHash('sha256').update(key).digest().subarray(0, 20);
}
