/**
 * The little DER that the X.509 library does not give: element boundaries and assembling.
 *
 * Used to refuse trailing bytes, to read a signature's algorithm as it stands in the certificate,
 * and to put together a certificate that node:crypto signs. Source: X.690, DER with low tags and
 * definite lengths only.
 *
 * @module
 */
import { concatBytes, encodeHex, parseHex } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';

/** Where one element lies in its bytes; offsets are absolute, `end` is exclusive. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

/** Tags that certificates use. */
export const DER_TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  context0: 0xa0,
  context3: 0xa3,
} as const;

const LENGTH_BYTES_MAX = 4;

/** Reads the element at an offset. Errors: `PARSE` when it does not fit or is not DER. */
export function readElement(der: Uint8Array, start: number): DerElement {
  const tag = byteAt(der, start);
  const first = byteAt(der, start + 1);
  let length = first;
  let contentStart = start + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > LENGTH_BYTES_MAX) throw malformed('its length is not DER');
    length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + byteAt(der, contentStart + i);
    contentStart += count;
    if (length < 0x80 || byteAt(der, start + 2) === 0) {
      throw malformed('its length is not in the shortest form');
    }
  }
  const end = contentStart + length;
  if (end > der.length) {
    throw malformed(`it is cut off: ${end - der.length} bytes are missing`);
  }
  return { tag, start, contentStart, end };
}

/** Reads the elements inside a constructed element. Errors: `PARSE`. */
export function readChildren(der: Uint8Array, parent: DerElement): readonly DerElement[] {
  const children: DerElement[] = [];
  for (let offset = parent.contentStart; offset < parent.end; ) {
    const child = readElement(der, offset);
    if (child.end > parent.end) throw malformed('an element is longer than what holds it');
    children.push(child);
    offset = child.end;
  }
  return children;
}

/** The bytes of an element with its header; a view. */
export function elementBytes(der: Uint8Array, element: DerElement): Uint8Array {
  return der.subarray(element.start, element.end);
}

/** The bytes of an element without its header; a view. */
export function elementContent(der: Uint8Array, element: DerElement): Uint8Array {
  return der.subarray(element.contentStart, element.end);
}

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

function byteAt(der: Uint8Array, offset: number): number {
  const byte = der[offset];
  if (byte === undefined) throw malformed('it is cut off');
  return byte;
}

function malformed(reason: string): KedgeError {
  return new KedgeError('PARSE', `not a DER certificate: ${reason}`);
}

/** An object identifier's content as hex, for comparing with a table. */
export function oidHex(der: Uint8Array, element: DerElement): string {
  return element.tag === DER_TAG.oid ? encodeHex(elementContent(der, element)) : '';
}
