/**
 * Certificates as paths are built from them: each read once, and each signature checked once,
 * however many chains, times and bundles it is looked at for.
 *
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readFields } from '../core/anchors/certificate-fields.ts';
import { foldName } from '../core/anchors/names.ts';
import { type CertificateOutline, readOutline } from '../core/anchors/outline.ts';
import { copyBytes } from '../core/bytes.ts';
import { readElement } from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';
import { parseSha256, type Sha256 } from '../core/ids.ts';
import { ANCHOR_MAX_BYTES } from '../core/limits.ts';
import { readSignatureAlg } from '../x509/signature-algs.ts';
import { type CertificateNames, readCertificateNames } from './general-names.ts';
import { type NameConstraints, readNameConstraints } from './name-constraints.ts';

/** One certificate. */
export interface Certificate {
  /** SHA-256 of the DER. */
  readonly id: Sha256;
  readonly der: Uint8Array;
  /** For people: its common name, else what of its subject stands last. */
  readonly name: string;
  /** Folded, to be compared. */
  readonly subject: string;
  readonly issuer: string;
  readonly x509: X509Certificate;
  readonly outline: CertificateOutline;
  readonly isCa: boolean;
  readonly isSelfIssued: boolean;
  /** Lower-case name, as `rsa-sha256`. */
  readonly signatureAlg: string;
  /** As its key usage says, if it says anything. */
  readonly maySignLists: boolean;
  /** Which names it may vouch for by its own word; absent: all. */
  readonly nameConstraints?: NameConstraints;
  /** All its names, read when they are asked for; undefined when they cannot be read. */
  readonly names: () => CertificateNames | undefined;
}

/**
 * Whether one certificate issued another. `lookalike`: name and key identifiers fit, the key does
 * not, which only the signature shows; `other-key`: the name fits, and an identifier or the key
 * usage says that it is not the issuer.
 */
export type Relation = 'issued' | 'lookalike' | 'other-key' | 'unrelated';

const OID_KEY_USAGE = '551d0f';
const CRL_SIGN = 0x02;

/** Every certificate of one plan. */
export class Certificates {
  readonly #known = new Map<string, Certificate>();
  readonly #relations = new Map<Certificate, Map<Certificate, Relation>>();
  readonly #keys = new Map<Certificate, string>();

  /** Reads a certificate. Errors: `PARSE`, `LIMIT`. */
  read(der: Uint8Array): Certificate {
    const id = createHash('sha256').update(der).digest('hex');
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const certificate = readCertificate(der, parseSha256(id));
    this.#known.set(id, certificate);
    return certificate;
  }

  /** How `issuer` stands to `certificate`. */
  relation(certificate: Certificate, issuer: Certificate): Relation {
    if (certificate.issuer !== issuer.subject) return 'unrelated';
    const found = this.#relations.get(certificate) ?? new Map<Certificate, Relation>();
    const known = found.get(issuer);
    if (known !== undefined) return known;
    const relation = relate(certificate, issuer);
    this.#relations.set(certificate, found.set(issuer, relation));
    return relation;
  }

  isSelfSigned(certificate: Certificate): boolean {
    return this.relation(certificate, certificate) === 'issued';
  }

  /** Equal for certificates of one key. */
  keyOf(certificate: Certificate): string {
    const known = this.#keys.get(certificate);
    if (known !== undefined) return known;
    const spki = certificate.x509.publicKey.export({ type: 'spki', format: 'der' });
    const key = createHash('sha256').update(spki).digest('hex');
    this.#keys.set(certificate, key);
    return key;
  }
}

function readCertificate(bytes: Uint8Array, id: Sha256): Certificate {
  if (bytes.length > ANCHOR_MAX_BYTES) {
    throw new KedgeError('LIMIT', `a certificate has more than ${ANCHOR_MAX_BYTES} bytes`);
  }
  if (readElement(bytes, 0).end !== bytes.length) {
    throw new KedgeError('PARSE', 'bytes follow a certificate');
  }
  const der = copyBytes(bytes);
  const x509 = parseX509(der);
  const [subject, issuer] = [foldName(x509.subject), foldName(x509.issuer)];
  const nameConstraints = readNameConstraints(der);
  return {
    id,
    der,
    name: nameOf(x509.subject, id),
    subject,
    issuer,
    x509,
    outline: readOutline(der),
    isCa: x509.ca,
    isSelfIssued: subject === issuer,
    signatureAlg: readSignatureAlg(der),
    maySignLists: maySignLists(der),
    ...(nameConstraints && { nameConstraints }),
    names: namesOnce(der),
  };
}

/** A bit string without unused bytes: the bit 6 of the first byte, counted from the left. */
function maySignLists(der: Uint8Array): boolean {
  const usage = readFields(der).extensions.get(OID_KEY_USAGE)?.value;
  const unusedBitsByte = 1;
  return usage === undefined || ((der[usage.contentStart + unusedBitsByte] ?? 0) & CRL_SIGN) !== 0;
}

function namesOnce(der: Uint8Array): Certificate['names'] {
  let read: { readonly names?: CertificateNames } | undefined;
  return () => {
    read ??= tryNames(der);
    return read.names;
  };
}

function tryNames(der: Uint8Array): { readonly names?: CertificateNames } {
  try {
    return { names: readCertificateNames(der) };
  } catch (thrown) {
    const error = KedgeError.from(thrown);
    if (error.code === 'BUG') throw error;
    return {};
  }
}

function parseX509(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KedgeError('PARSE', `not a certificate: ${reason}`, { cause });
  }
}

/** Node writes one part of a name per line. */
function nameOf(subject: string, id: Sha256): string {
  const parts = subject.split('\n');
  const part = parts.findLast((one) => one.startsWith('CN=')) ?? parts.at(-1) ?? '';
  const name = part.replace(/^[A-Za-z0-9.]+=/, '').trim();
  return name === '' ? id.slice(0, 16) : name;
}

function relate(certificate: Certificate, issuer: Certificate): Relation {
  if (!certificate.x509.checkIssued(issuer.x509)) return 'other-key';
  return certificate.x509.verify(issuer.x509.publicKey) ? 'issued' : 'lookalike';
}
