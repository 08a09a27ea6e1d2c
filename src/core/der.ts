/**
 * The little DER that certificates are read with: element boundaries.
 *
 * Used to refuse trailing bytes, and to read what OpenSSL does not tell, or tells as text that can
 * be taken for something else. Source: X.690, DER with low tags and definite lengths only.
 *
 * @module
 */
import { encodeHex } from './bytes.ts';
import { KedgeError } from './errors.ts';

/** Where one element lies in its bytes; offsets are absolute, `end` is exclusive. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

/** Tags that certificates use. */
export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
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
