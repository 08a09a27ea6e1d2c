/**
 * Checks of single protobuf fields, shared by all codecs.
 *
 * Generated types promise nothing about what a peer sent: a message may be absent, an enum may be a
 * number that we do not know, a 64-bit number is a decimal string, and `bytes` is a view that keeps
 * the whole message alive. Each function here checks one field, names it in its error and copies
 * bytes. Errors: `PARSE` for a wrong value, `LIMIT` for one that is too large.
 *
 * @module
 */
import { copyBytes, encodeHex, parseHex } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import { parseSequence, parseSha256, type Sequence, type Sha256 } from '../core/ids.ts';

const SHA256_BYTES = 32;
const DECIMAL = /^(?:0|[1-9]\d{0,15})$/;
/** The end of the year 9999. */
const TIME_MAX_MS = Date.UTC(10_000, 0) - 1;

/** Refuses a message above its limit before it is parsed. */
export function requireSize(bytes: Uint8Array, maxBytes: number, what: string): void {
  if (bytes.length > maxBytes) throw tooLarge(what, bytes.length, maxBytes, 'bytes');
}

/** A sub-message that must be there. */
export function requireMessage<T>(message: T | null | undefined, what: string): T {
  if (message !== null && message !== undefined) return message;
  throw new KedgeError('PARSE', `${what} is missing`);
}

/** A copy of bytes whose length lies within bounds. */
export function decodeBytes(
  bytes: Uint8Array,
  bounds: { readonly min: number; readonly max: number },
  what: string,
): Uint8Array {
  if (bytes.length > bounds.max) throw tooLarge(what, bytes.length, bounds.max, 'bytes');
  if (bytes.length < bounds.min) {
    throw new KedgeError('PARSE', `${what} has ${String(bytes.length)} bytes, too few`);
  }
  return copyBytes(bytes);
}

/** A list whose count lies within its bound. */
export function requireCount<T>(list: readonly T[], max: number, what: string): readonly T[] {
  if (list.length > max) throw tooLarge(what, list.length, max, 'entries');
  return list;
}

/** Text within its bound, UTF-16 units. */
export function decodeText(text: string, maxChars: number, what: string): string {
  if (text.length > maxChars) throw tooLarge(what, text.length, maxChars, 'characters');
  return text;
}

/** A 64-bit number as a safe integer from 0. */
export function decodeUint(decimal: string, what: string): number {
  const value = DECIMAL.test(decimal) ? Number(decimal) : Number.NaN;
  if (!Number.isSafeInteger(value)) {
    throw new KedgeError('PARSE', `${what} is not an integer from 0 to 2^53 - 1`);
  }
  return value;
}

/**
 * A time, milliseconds since 1970; `unitMs` is what it is counted in. What lies beyond the year
 * 9999 has no text as a timestamp, and is the last moment that has one.
 */
export function decodeTime(decimal: string, what: string, unitMs: 1 | 1000 = 1): number {
  return Math.min(TIME_MAX_MS, unitMs * decodeUint(decimal, what));
}

/** A sequence from 1. */
export function decodeSequence(decimal: string, what: string): Sequence {
  return parseSequence(decodeUint(decimal, what));
}

/** A sequence from 1, or `undefined` for 0. */
export function decodeOptionalSequence(decimal: string, what: string): Sequence | undefined {
  const value = decodeUint(decimal, what);
  return value === 0 ? undefined : parseSequence(value);
}

/** 32 bytes as a digest. */
export function decodeSha256(bytes: Uint8Array, what: string): Sha256 {
  if (bytes.length !== SHA256_BYTES) {
    throw new KedgeError('PARSE', `${what} has ${String(bytes.length)} bytes instead of 32`);
  }
  return parseSha256(encodeHex(bytes));
}

/** 32 bytes as a digest, or `undefined` for none. */
export function decodeOptionalSha256(bytes: Uint8Array, what: string): Sha256 | undefined {
  return bytes.length === 0 ? undefined : decodeSha256(bytes, what);
}

/** A random id of 16 bytes as 32 hex digits. */
export function decodeRandomId(bytes: Uint8Array, what: string): string {
  if (bytes.length !== 16) {
    throw new KedgeError('PARSE', `${what} has ${String(bytes.length)} bytes instead of 16`);
  }
  return encodeHex(bytes);
}

/** The bytes of a digest or other hex text. */
export function encodeHexBytes(hex: string): Uint8Array {
  return parseHex(hex);
}

/** The name that a message has of an enum's value. Errors: `PARSE` for one that is not known. */
export function decodeName<Name extends string>(
  names: Readonly<Record<Name, string>>,
  message: string,
  what: string,
): Name {
  const found = Object.entries(names).find(([, name]) => name === message)?.[0];
  if (found !== undefined) return found as Name;
  throw new KedgeError('PARSE', `unknown: ${what}`, { detail: { message } });
}

/** The error for a oneof of which no member that we know is set. */
export function unknownMember(what: string): KedgeError {
  return new KedgeError('PARSE', `${what} holds no message that this version knows`);
}

function tooLarge(what: string, size: number, max: number, unit: string): KedgeError {
  const message = `${what} has ${String(size)} ${unit}, more than ${String(max)}`;
  return new KedgeError('LIMIT', message, { detail: { size, max } });
}
