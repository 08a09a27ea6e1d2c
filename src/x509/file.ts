/**
 * Files with certificates: one DER certificate, or PEM with one or many.
 *
 * PEM files in the wild carry text between the blocks (the CA bundles of operating systems name
 * each certificate there) and sometimes keys; the text is ignored and other blocks are skipped. One
 * bad certificate refuses the whole file, and the error says which it is, because an anchor that
 * silently goes missing is worse than a file that has to be repaired. Source: RFC 7468.
 *
 * @module
 */
import { parseBase64 } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import { ANCHORS_MAX } from '../core/limits.ts';
import { type CertificateFacts, parseCertificate } from './certificate.ts';

/** A file with certificates, bytes: a thousand large ones with text in between. */
const FILE_MAX_BYTES = 32 * 1024 * 1024;
/** Labels under which tools write certificates. */
const CERTIFICATE_LABELS: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);
const PRIVATE_KEY = /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/m;
const BEGIN = /^-----BEGIN ([A-Z0-9 ]+)-----$/;
const DER_SEQUENCE = 0x30;
const DER_LONG = 0x80;
const DER_HEAD_BYTES = 32;
/** A PFX begins with `version INTEGER 3` (RFC 7292 section 4). */
const PKCS12_VERSION = Buffer.from([0x02, 0x01, 0x03]);
/** A ContentInfo of signed data begins with its type (RFC 5652 section 3). */
const PKCS7_OID = Buffer.from('06092a864886f70d010702', 'hex');
const PRINT_PKCS7 = 'pkcs7 -inform DER -in FILE -print_certs';
/** What editors on Windows put before UTF-8 text. */
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

interface PemBlock {
  readonly label: string;
  readonly line: number;
  readonly base64: string;
}

/** Says whether a PEM file holds a private key, beside certificates or alone. */
export function holdsPrivateKey(bytes: Uint8Array): boolean {
  return PRIVATE_KEY.test(Buffer.from(bytes).toString('latin1'));
}

/**
 * Parses a file with at least one certificate, in the file's order, duplicates included. Errors:
 * `PARSE` with the number and line of the certificate that is wrong; `LIMIT`.
 */
export function parseCertificateFile(bytes: Uint8Array): readonly CertificateFacts[] {
  if (bytes.length > FILE_MAX_BYTES) {
    throw new KedgeError('LIMIT', `a file of ${bytes.length} bytes is no certificate file`, {
      detail: { bytes: bytes.length, maxBytes: FILE_MAX_BYTES },
    });
  }
  if (bytes[0] === DER_SEQUENCE) {
    const other = otherDer(bytes);
    if (other !== undefined) throw other;
    return [parseCertificate(bytes)];
  }
  if (Buffer.from(bytes.subarray(0, BOM.length)).equals(BOM)) {
    return parseCertificateFile(bytes.subarray(BOM.length));
  }
  // Latin-1, because the text between the blocks may be in any encoding and does not matter.
  const blocks = readBlocks(Buffer.from(bytes).toString('latin1'));
  const certificates = blocks.filter(({ label }) => CERTIFICATE_LABELS.has(label));
  if (certificates.length === 0) throw noCertificate(blocks);
  if (certificates.length > ANCHORS_MAX) {
    throw new KedgeError(
      'LIMIT',
      `${certificates.length} certificates in one file; at most ${ANCHORS_MAX} are allowed`,
      { detail: { count: certificates.length, max: ANCHORS_MAX } },
    );
  }
  return certificates.map((block, index) => parseBlock(block, index + 1, certificates.length));
}

/** Says what a DER file is that people take for one with certificates. */
function otherDer(bytes: Uint8Array): KedgeError | undefined {
  const start = Buffer.from(bytes.subarray(0, DER_HEAD_BYTES));
  const content = (bytes[1] ?? 0) < DER_LONG ? 2 : 2 + ((bytes[1] ?? 0) & ~DER_LONG);
  const isWith = (head: Buffer): boolean =>
    start.subarray(content, content + head.length).equals(head);
  // Both may have keys in them, so nothing is taken out of them here.
  if (isWith(PKCS12_VERSION)) return notCertificates('PKCS#12', 'pkcs12 -in FILE -nokeys');
  if (isWith(PKCS7_OID)) return notCertificates('PKCS#7', PRINT_PKCS7);
  return undefined;
}

function notCertificates(what: string, command: string): KedgeError {
  const hint = `take the certificates out of it with: openssl ${command} -out FILE.pem`;
  return new KedgeError('PARSE', `this is a ${what} file, not PEM or DER certificates`, {
    detail: { hint },
  });
}

function parseBlock(block: PemBlock, number: number, total: number): CertificateFacts {
  try {
    return parseCertificate(parseBase64(block.base64));
  } catch (cause) {
    const error = KedgeError.from(cause);
    throw new KedgeError(
      error.code,
      `certificate ${number} of ${total} (line ${block.line}): ${error.message}`,
      { cause, detail: { ...error.detail, certificate: number, line: block.line } },
    );
  }
}

function readBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { readonly label: string; readonly line: number; readonly parts: string[] } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    const label = BEGIN.exec(line)?.[1];
    if (label !== undefined) {
      if (open !== undefined) throw unfinished(open.label, open.line);
      open = { label, line: index + 1, parts: [] };
    } else if (open !== undefined) {
      if (line === `-----END ${open.label}-----`) {
        blocks.push({ label: open.label, line: open.line, base64: open.parts.join('') });
        open = undefined;
      } else {
        open.parts.push(line);
      }
    }
  }
  if (open !== undefined) throw unfinished(open.label, open.line);
  return blocks;
}

function unfinished(label: string, line: number): KedgeError {
  return new KedgeError('PARSE', `the ${label} block that begins in line ${line} has no end`, {
    detail: { line },
  });
}

function noCertificate(blocks: readonly PemBlock[]): KedgeError {
  const labels = [...new Set(blocks.map(({ label }) => label))];
  const found = labels.length === 0 ? 'neither PEM nor DER' : `only ${labels.join(', ')}`;
  return new KedgeError('PARSE', `no certificate in this file: it holds ${found}`, {
    detail: { labels },
  });
}
