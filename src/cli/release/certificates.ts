/**
 * Certificates in and out of the CLI: files with one or many, judged before they may enter a draft,
 * and shown so that a person can compare them with what the CA's owner published.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { type AdmissionFinding, admitAnchor } from '../../x509/admission.ts';
import { type CertificateFacts, parseCertificate } from '../../x509/certificate.ts';
import { holdsPrivateKey, parseCertificateFile } from '../../x509/file.ts';
import { formatDistance } from '../durations.ts';
import { readInput } from '../files.ts';
import type { Json } from '../output.ts';
import type { Session } from '../session.ts';
import { formatFields, printable } from '../terminal/styles.ts';

const FILE_MAX_BYTES = 32 * 1024 * 1024;
const LABEL_MAX_CHARS = 120;

/** A certificate of the command line and where it came from. */
export interface InputCertificate {
  readonly facts: CertificateFacts;
  readonly file: string;
}

/** Reads all certificates of the given files; `-` is standard input. */
export async function readCertificates(
  session: Session,
  files: readonly string[],
): Promise<readonly InputCertificate[]> {
  const all: InputCertificate[] = [];
  for (const file of files) {
    const bytes =
      file === '-'
        ? await session.context.readStdin(FILE_MAX_BYTES)
        : await readInput(session.path(file), {
            what: 'certificate file',
            maxBytes: FILE_MAX_BYTES,
          });
    if (holdsPrivateKey(bytes)) warnOfKey(session, file);
    for (const facts of parseFile(bytes, file)) all.push({ facts, file });
  }
  return all;
}

/** Anchors are published to everybody; their keys must not even be near. */
function warnOfKey({ output }: Session, file: string): void {
  output.warn(
    `${file} holds a private key: it is not read, and nothing of it gets into the draft; keep ` +
      'keys apart from certificates, and replace this one if others could read the file',
  );
}

function parseFile(bytes: Uint8Array, file: string): readonly CertificateFacts[] {
  const hint = 'give PEM or DER certificates; see what it is with: openssl x509 -in FILE -text';
  if (bytes.length === 0) {
    throw new KedgeError('PARSE', `the certificate file ${file} is empty`, { detail: { hint } });
  }
  try {
    return parseCertificateFile(bytes);
  } catch (cause) {
    const error = KedgeError.from(cause);
    throw new KedgeError(error.code, `${file}: ${error.message}`, {
      cause,
      detail: { hint, ...error.detail },
    });
  }
}

/** A certificate that was judged. */
export interface JudgedCertificate extends InputCertificate {
  readonly findings: readonly AdmissionFinding[];
  readonly verdict: 'admitted' | 'refused';
}

/** Judges certificates against what the bundle has and against each other. */
export function judgeCertificates(
  certificates: readonly InputCertificate[],
  existing: readonly CertificateFacts[],
  nowMs: number,
): readonly JudgedCertificate[] {
  const known = [...existing];
  return certificates.map(({ facts, file }) => {
    const findings = admitAnchor(facts, { nowMs, existing: known });
    const verdict = findings.some(({ severity }) => severity === 'refuse') ? 'refused' : 'admitted';
    if (verdict === 'admitted') known.push(facts);
    return { facts, file, findings, verdict };
  });
}

/** Parses the DER of a draft or bundle for display; absent when it is not there or unreadable. */
export function factsOf(der: Uint8Array | undefined): CertificateFacts | undefined {
  if (der === undefined) return undefined;
  try {
    return parseCertificate(der);
  } catch {
    // A release may hold what this version cannot read; the caller shows the id instead.
    return undefined;
  }
}

/** A short name for a certificate: its common name, else the most specific part of its subject. */
export function suggestLabel(facts: CertificateFacts): string {
  const parts = facts.subject.split(/(?<!\\), ?/);
  const name = parts.findLast((part) => part.startsWith('CN=')) ?? parts.at(-1) ?? '';
  const text = name
    .replace(/^[A-Za-z0-9.]+=/, '')
    .replace(/\\(.)/g, '$1')
    .trim();
  return printable(text === '' ? facts.id.slice(0, 16) : text).slice(0, LABEL_MAX_CHARS);
}

/** The facts that people compare, as indented lines. */
export function formatFacts(facts: CertificateFacts, nowMs: number): string {
  const rows: (readonly [string, string])[] = [
    ['subject', printable(facts.subject)],
    ...(facts.selfIssued ? [] : [['issuer', printable(facts.issuer)] as const]),
    ['sha256', facts.id],
    ['valid', formatValidity(facts, nowMs)],
    ['key', formatKey(facts)],
  ];
  return formatFields(rows);
}

/** `2026-… to 2031-… (in 1500 days)`. */
function formatValidity(facts: CertificateFacts, nowMs: number): string {
  const span = `${dateOf(facts.notBeforeMs)} to ${dateOf(facts.notAfterMs)}`;
  const distance = formatDistance(facts.notAfterMs, nowMs);
  return `${span} (${facts.notAfterMs < nowMs ? `expired ${distance}` : `ends ${distance}`})`;
}

/** `EC prime256v1, signed with ecdsa-sha256`. */
function formatKey(facts: CertificateFacts): string {
  const size = facts.keyCurve ?? (facts.keyBits === undefined ? '' : `${facts.keyBits} bits`);
  return `${`${facts.keyAlg} ${size}`.trim()}, signed with ${facts.signatureAlg}`;
}

/** The same facts for JSON. */
export function factsJson(facts: CertificateFacts): Json {
  return {
    subject: facts.subject,
    issuer: facts.issuer,
    serial: facts.serial,
    notBefore: formatTimestamp(facts.notBeforeMs),
    notAfter: formatTimestamp(facts.notAfterMs),
    key: facts.keyCurve === undefined ? facts.keyAlg : `${facts.keyAlg} ${facts.keyCurve}`,
    signatureAlg: facts.signatureAlg,
    selfSigned: facts.selfSigned,
  };
}

function dateOf(timeMs: number): string {
  return formatTimestamp(timeMs).slice(0, 10);
}
