/**
 * PEM text (RFC 7468): the armour around DER in files.
 *
 * Text between blocks is skipped, as certificate bundles carry comments; within a block everything
 * is strict, so that a damaged block is an error and never a silently shorter list of anchors.
 *
 * @module
 */
import { encodeBase64, parseBase64 } from './bytes.ts';
import { KedgeError } from './errors.ts';
import { PEM_MAX_CHARS } from './limits.ts';

/** One block of a PEM text. */
export interface PemBlock {
  /** For example `CERTIFICATE`. */
  readonly label: string;
  readonly der: Uint8Array;
}

const LINE_CHARS = 64;
const LABEL = /^[A-Z0-9]+(?: [A-Z0-9]+)*$/;
const BOUNDARY = /^-----(BEGIN|END) (.*)-----$/;

/** Encodes DER as one PEM block with lines of 64 characters and a final line feed. */
export function encodePem(label: string, der: Uint8Array): string {
  if (!LABEL.test(label)) throw new KedgeError('PARSE', `not a PEM label: ${quote(label)}`);
  const base64 = encodeBase64(der);
  let body = '';
  for (let i = 0; i < base64.length; i += LINE_CHARS) {
    body += `${base64.slice(i, i + LINE_CHARS)}\n`;
  }
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`;
}

/**
 * Parses every block of a PEM text, in order; none is an empty list.
 *
 * Errors: `LIMIT` (text too long), `PARSE` (unclosed or crossed blocks, headers inside a block,
 * base64 that is not canonical, an empty block).
 */
export function parsePem(text: string): readonly PemBlock[] {
  if (text.length > PEM_MAX_CHARS) {
    throw new KedgeError('LIMIT', `PEM text has more than ${PEM_MAX_CHARS} characters`, {
      detail: { size: text.length, max: PEM_MAX_CHARS },
    });
  }
  const blocks: PemBlock[] = [];
  let open: { readonly label: string; readonly line: number; base64: string } | undefined;
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.trimEnd();
    const [, side, label = ''] = BOUNDARY.exec(line) ?? [];
    if (open === undefined) {
      if (side === 'END') throw wrong(index, `an END ${label} without its BEGIN`);
      if (side === 'BEGIN') open = { label: requireLabel(label, index), line: index, base64: '' };
    } else if (side === undefined) {
      open.base64 += line;
    } else {
      if (side === 'BEGIN') throw wrong(open.line, `BEGIN ${open.label} is never closed`);
      if (label !== open.label) throw wrong(index, `END ${label} closes BEGIN ${open.label}`);
      blocks.push({ label, der: parseBlock(open.base64, open.line) });
      open = undefined;
    }
  }
  if (open !== undefined) throw wrong(open.line, `BEGIN ${open.label} is never closed`);
  return blocks;
}

function requireLabel(label: string, index: number): string {
  if (LABEL.test(label)) return label;
  throw wrong(index, `the label ${quote(label)} is not one`);
}

function parseBlock(base64: string, index: number): Uint8Array {
  if (base64 === '') throw wrong(index, 'the block is empty');
  if (base64.includes(':')) throw wrong(index, 'the block has headers; convert it to PKCS#8 first');
  try {
    return parseBase64(base64);
  } catch (cause) {
    throw wrong(index, 'the block is not canonical base64', cause);
  }
}

function wrong(index: number, what: string, cause?: unknown): KedgeError {
  return new KedgeError('PARSE', `PEM line ${index + 1}: ${what}`, {
    detail: { line: index + 1 },
    cause,
  });
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
