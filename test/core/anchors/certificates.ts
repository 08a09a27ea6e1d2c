/** Certificates for readers that look at parts of their bytes: written by hand, not signed. */
import { encodeUtf8, parseHex } from '../../../src/core/bytes.ts';
import { DER_TAG } from '../../../src/core/der.ts';
import { derElement, derInteger } from '../../../src/x509/der.ts';

const VERSION_3 = derElement(DER_TAG.context0, derInteger(Uint8Array.of(2)));
/** Stands for what is not read: the algorithm, the issuer, the key. */
const ANYTHING = sequence();

/** The parts of a certificate that a test writes otherwise. */
export interface Written {
  readonly version?: Uint8Array;
  readonly notBefore?: Uint8Array;
  readonly notAfter?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
}

/** A certificate of three versions' order, RFC 5280 section 4.1. */
export function certificate(written: Written = {}): Uint8Array {
  const { version = VERSION_3, subject = ANYTHING, extensions } = written;
  const { notBefore = utcTime('261123100000Z'), notAfter = utcTime('271123100000Z') } = written;
  const list = extensions && derElement(DER_TAG.context3, sequence(...extensions));
  return certificateOf(
    ...[version, derInteger(Uint8Array.of(7)), ANYTHING, ANYTHING],
    ...[sequence(notBefore, notAfter), subject, ANYTHING, ...(list ? [list] : [])],
  );
}

/** A certificate of these fields. */
export function certificateOf(...fields: readonly Uint8Array[]): Uint8Array {
  return sequence(sequence(...fields));
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return derElement(DER_TAG.sequence, ...parts);
}

export function oid(hex: string): Uint8Array {
  return derElement(DER_TAG.oid, parseHex(hex));
}

export function utcTime(text: string): Uint8Array {
  return derElement(DER_TAG.utcTime, encodeUtf8(text));
}

/** An extension from what its octet string holds, with parts between its name and that. */
export function extension(
  id: string,
  value: Uint8Array,
  ...between: readonly Uint8Array[]
): Uint8Array {
  return sequence(oid(id), ...between, derElement(DER_TAG.octetString, value));
}

/** A name from its relative names, each of attributes: type in hex, tag and bytes of the value. */
export function directoryName(
  ...sets: readonly (readonly (readonly [type: string, tag: number, value: Uint8Array])[])[]
): Uint8Array {
  return sequence(
    ...sets.map((attributes) =>
      derElement(
        DER_TAG.set,
        ...attributes.map(([type, tag, value]) => sequence(oid(type), derElement(tag, value))),
      ),
    ),
  );
}
