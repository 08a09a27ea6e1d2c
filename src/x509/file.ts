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
const BEGIN = /^-----BEGIN ([A-Z0-9 ]+)-----$/;
const DER_SEQUENCE = 0x30;
/** What editors on Windows put before UTF-8 text. */
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

interface PemBlock {
  readonly label: string;
  readonly line: number;
  readonly base64: string;
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
  if (bytes[0] === DER_SEQUENCE) return [parseCertificate(bytes)];
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
