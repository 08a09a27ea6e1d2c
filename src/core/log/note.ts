/**
 * The signed note: a text and lines of signatures under it, as a file that any C2SP tool reads.
 *
 * Reading is strict and says nothing about validity. A signature line is kept whoever it claims to
 * be by, since the note format lets strangers sign too; `regions.ts` picks out the known ones.
 * Source: c2sp.org/signed-note; spec section 8.
 *
 * @module
 */
import {
  concatBytes,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  parseBase64,
  parseHex,
  parseUtf8,
} from '../bytes.ts';
import { KedgeError } from '../errors.ts';
import { NOTE_MAX_BYTES, NOTE_SIGNATURES_MAX } from '../limits.ts';

/** One signature line. */
export interface NoteSignature {
  /** The key's name: no spaces, no plus. */
  readonly name: string;
  /** C2SP calls these four bytes the key id; as hex. */
  readonly keyHash: string;
  /** What follows the key hash. */
  readonly signature: Uint8Array;
}

/** A text, its last newline included, and the signatures under it. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const KEY_HASH_BYTES = 4;
const LINE = /^\u2014 ([^\p{White_Space}+]+) ([A-Za-z0-9+/=]+)$/u;

/** Parses a signed note. Errors: `LIMIT`, `PARSE`. Rules CO-1 and CO-2. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > NOTE_MAX_BYTES) throw tooLarge(`${bytes.length} bytes`, NOTE_MAX_BYTES);
  if (bytes.some(isControl)) throw malformed('a control character');
  const whole = parseUtf8(bytes);
  const end = whole.lastIndexOf('\n\n');
  if (end <= 0 || !whole.endsWith('\n')) throw malformed('no blank line, or no last newline');
  // The text has its newline; what follows the blank line are whole lines.
  const lines = whole
    .slice(end + 2)
    .split('\n')
    .slice(0, -1);
  if (lines.length === 0) throw malformed('no signature line');
  if (lines.length > NOTE_SIGNATURES_MAX) {
    throw tooLarge(`${lines.length} signature lines`, NOTE_SIGNATURES_MAX);
  }
  return { text: whole.slice(0, end + 1), signatures: lines.map(parseLine) };
}

/** Encodes a signed note. Errors: those of {@link parseNote}, which accepts what this returns. */
export function encodeNote({ text, signatures }: Note): Uint8Array {
  const lines = signatures.map(({ name, keyHash, signature }) => {
    const blob = encodeBase64(concatBytes(parseHex(keyHash), signature));
    return `\u2014 ${name} ${blob}\n`;
  });
  const bytes = encodeUtf8(`${text}\n${lines.join('')}`);
  parseNote(bytes);
  return bytes;
}

function parseLine(line: string): NoteSignature {
  const [, name, base64] = LINE.exec(line) ?? [];
  if (name === undefined || base64 === undefined) throw malformed('a malformed signature line');
  const blob = parseBase64(base64);
  if (blob.length <= KEY_HASH_BYTES) throw malformed('an empty signature');
  return {
    name,
    keyHash: encodeHex(blob.subarray(0, KEY_HASH_BYTES)),
    signature: blob.subarray(KEY_HASH_BYTES),
  };
}

function isControl(byte: number): boolean {
  return byte < SPACE && byte !== NEWLINE;
}

function malformed(what: string): KedgeError {
  return new KedgeError('PARSE', `a signed note has ${what}`);
}

function tooLarge(has: string, max: number): KedgeError {
  return new KedgeError('LIMIT', `a signed note has ${has}; at most ${max} are allowed`, {
    detail: { max },
  });
}
