/**
 * Bytes and their text forms: hex, strict base64, UTF-8, comparison.
 *
 * Base64 is strict (RFC 4648 section 3.5 and 4): canonical padding, no spare bits, no spaces, so
 * that one byte string has one text. UTF-8 is strict too: malformed input is refused.
 *
 * @module
 */
import { KedgeError } from './errors.ts';

const HEX_TEXT = /^(?:[0-9a-f]{2})*$/;
const BASE64_TEXT = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Encodes bytes as lower-case hex. */
export function encodeHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** Parses lower-case hex. Errors: `PARSE`. */
export function parseHex(text: string): Uint8Array {
  if (!HEX_TEXT.test(text)) throw new KedgeError('PARSE', 'not lower-case hex');
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Encodes bytes as padded standard base64. */
export function encodeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64');
}

/** Parses padded standard base64, canonical only. Errors: `PARSE`. */
export function parseBase64(text: string): Uint8Array {
  if (!BASE64_TEXT.test(text)) throw new KedgeError('PARSE', 'not canonical base64');
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  if (encodeBase64(bytes) !== text) {
    throw new KedgeError('PARSE', 'not canonical base64: spare bits are set');
  }
  return bytes;
}

/** Encodes text as UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** Parses UTF-8; malformed sequences are refused. Errors: `PARSE`. */
export function parseUtf8(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes);
  } catch (cause) {
    throw new KedgeError('PARSE', 'not valid UTF-8', { cause });
  }
}

/** Says whether two byte strings are equal. Not constant-time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return asBuffer(a).equals(asBuffer(b));
}

/** Orders byte strings like words of a dictionary: negative when `a` comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return asBuffer(a).compare(asBuffer(b));
}

/** Joins byte strings into a new one. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Copies bytes, so that the larger buffer that they are a view of can be released. The copy of a
 * Buffer is a plain `Uint8Array`.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
