/**
 * Distinguished names as they are compared: by their bytes, not by the text that is printed of
 * them.
 *
 * As OpenSSL compares them: string types do not matter, nor do the case of ASCII letters and the
 * number of spaces. Source: RFC 5280 section 7.1.
 *
 * @module
 */
import { encodeHex, parseUtf8 } from '../bytes.ts';
import { DER_TAG, type DerElement, elementContent, oidHex, readChildren } from '../der.ts';
import { KedgeError } from '../errors.ts';

/** One text for each relative name, the most significant first; equal texts are equal names. */
export type DirectoryName = readonly string[];

/** An attribute of a name; its value lies in the same bytes. */
export interface NameAttribute {
  /** Object identifier in hex. */
  readonly type: string;
  readonly value: DerElement;
}

/** Bytes per character of the string types that a name may have; the others have one. */
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [0x1c, 4],
  [0x1e, 2],
]);
/** UTF8String, PrintableString, TeletexString, IA5String, VisibleString and the two wide ones. */
const FOLDED: ReadonlySet<number> = new Set([0x0c, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e]);

/** The attributes of each relative name. Errors: `PARSE`. */
export function readAttributes(
  der: Uint8Array,
  name: DerElement,
): readonly (readonly NameAttribute[])[] {
  return readChildren(der, name).map((set) =>
    readChildren(der, set).map((attribute): NameAttribute => {
      const [type, value] = readChildren(der, attribute);
      if (type === undefined || value === undefined) {
        throw new KedgeError('PARSE', 'a certificate cannot be judged: a name is malformed');
      }
      return { type: oidHex(der, type), value };
    }),
  );
}

/** Reads a name to be compared. Errors: `PARSE`. */
export function readDirectoryName(der: Uint8Array, name: DerElement): DirectoryName {
  return readAttributes(der, name).map((attributes) => {
    const texts = attributes.map(({ type, value }) => `${type} ${foldValue(der, value)}`);
    return JSON.stringify(texts.sort());
  });
}

/** The text of a value in any of its string types, so that none of them hides a host name. */
export function readText(der: Uint8Array, value: DerElement): string {
  const bytes = elementContent(der, value);
  if (value.tag === DER_TAG.utf8String) return parseUtf8(bytes);
  const width = WIDTHS.get(value.tag) ?? 1;
  let text = '';
  for (let offset = 0; offset + width <= bytes.length; offset += width) {
    const point = bytes.subarray(offset, offset + width).reduce((sum, byte) => sum * 256 + byte, 0);
    text += point > 0x10ffff ? '\u{fffd}' : String.fromCodePoint(point);
  }
  return text;
}

function foldValue(der: Uint8Array, value: DerElement): string {
  if (!FOLDED.has(value.tag)) return `#${value.tag} ${encodeHex(elementContent(der, value))}`;
  return readText(der, value)
    .replace(/[\t-\r ]+/g, ' ')
    .replace(/^ | $/g, '')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
