/**
 * Assembles DER: what the X.509 library cannot sign by itself is put together here and signed by
 * node:crypto. Reading is `core/der.ts`. Source: X.690, definite lengths only.
 *
 * @module
 */
import { concatBytes, parseHex } from '../core/bytes.ts';
import { DER_TAG } from '../core/der.ts';

/** Builds an element from its parts. */
export function derElement(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  return concatBytes(Uint8Array.of(tag), derLength(content.length), content);
}

/** Builds a positive integer from big-endian bytes. */
export function derInteger(magnitude: Uint8Array): Uint8Array {
  const firstUsed = magnitude.findIndex((byte) => byte !== 0);
  const digits = firstUsed === -1 ? Uint8Array.of(0) : magnitude.subarray(firstUsed);
  const needsSign = ((digits[0] ?? 0) & 0x80) !== 0;
  return derElement(DER_TAG.integer, ...(needsSign ? [Uint8Array.of(0)] : []), digits);
}

/** Builds a bit string without unused bits. */
export function derBitString(bytes: Uint8Array): Uint8Array {
  return derElement(DER_TAG.bitString, Uint8Array.of(0), bytes);
}

/** Builds a time as RFC 5280 section 4.1.2.5 wants it: UTCTime up to 2049, then GeneralizedTime. */
export function derTime(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '');
  const isUtcTime = digits >= '1950' && digits < '2050';
  const text = `${isUtcTime ? digits.slice(2) : digits}Z`;
  return derElement(
    isUtcTime ? DER_TAG.utcTime : DER_TAG.generalizedTime,
    Uint8Array.from(text, (char) => char.charCodeAt(0)),
  );
}

function derLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const hex = length.toString(16);
  const bytes = parseHex(hex.length % 2 === 0 ? hex : `0${hex}`);
  return concatBytes(Uint8Array.of(0x80 | bytes.length), bytes);
}
