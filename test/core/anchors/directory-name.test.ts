import { describe, expect, it } from 'vitest';
import { readDirectoryName, readText } from '../../../src/core/anchors/directory-name.ts';
import { encodeUtf8, parseHex } from '../../../src/core/bytes.ts';
import { readElement } from '../../../src/core/der.ts';
import { derElement } from '../../../src/x509/der.ts';
import { expectCode } from '../support.ts';
import { directoryName, oid, sequence } from './certificates.ts';

type Attribute = readonly [type: string, tag: number, value: Uint8Array];

const TAG = {
  utf8: 0x0c,
  printable: 0x13,
  teletex: 0x14,
  ia5: 0x16,
  visible: 0x1a,
  universal: 0x1c,
  bmp: 0x1e,
};
const CN = '550403';
const organization: Attribute = ['55040a', TAG.utf8, encodeUtf8('a')];

function cn(text: string, tag: number = TAG.utf8): Attribute {
  return [CN, tag, encodeUtf8(text)];
}

/** ASCII in a string type of several bytes for each character. */
function wide(tag: number, width: number, text: string): Attribute {
  const bytes = [...encodeUtf8(text)].flatMap((byte) => [
    ...Array<number>(width - 1).fill(0),
    byte,
  ]);
  return [CN, tag, Uint8Array.from(bytes)];
}

function named(...sets: readonly (readonly Attribute[])[]): readonly string[] {
  const der = directoryName(...sets);
  return readDirectoryName(der, readElement(der, 0));
}

describe('readDirectoryName', () => {
  it.each([
    ['the case of ASCII letters', cn('ROOT One')],
    ['the number of spaces', cn('  Root \t  One ')],
    ['type: PrintableString', cn('Root One', TAG.printable)],
    ['type: TeletexString', cn('Root One', TAG.teletex)],
    ['type: IA5String', cn('Root One', TAG.ia5)],
    ['type: VisibleString', cn('Root One', TAG.visible)],
    ['type: BMPString', wide(TAG.bmp, 2, 'Root One')],
    ['type: UniversalString', wide(TAG.universal, 4, 'Root One')],
  ])('takes names for the same that differ in %s', (_, other) => {
    expect(named([other])).toEqual(named([cn('Root One')]));
  });

  it('takes the attributes of one relative name in any order', () => {
    expect(named([cn('a'), organization])).toEqual(named([organization, cn('a')]));
  });

  it.each([
    ['text', [[cn('a')]], [[cn('b')]]],
    ['a space', [[cn('a b')]], [[cn('ab')]]],
    ['the case of other letters', [[cn('\u00c4')]], [[cn('\u00e4')]]],
    ['an attribute', [[cn('a')]], [[organization]]],
    ['order', [[cn('a')], [organization]], [[organization], [cn('a')]]],
    ['grouping', [[cn('a'), organization]], [[cn('a')], [organization]]],
    ['length', [[cn('a')]], [[cn('a')], [cn('a')]]],
    ['bytes that are no text', [[[CN, 3, parseHex('61')]]], [[[CN, 3, parseHex('41')]]]],
    ['the type of such bytes', [[[CN, 3, parseHex('61')]]], [[[CN, 4, parseHex('61')]]]],
  ] as const)('keeps names apart that differ in %s', (_, one, other) => {
    expect(named(...one)).not.toEqual(named(...other));
  });

  it.each([
    ['without a value', sequence(oid(CN))],
    ['without anything', sequence()],
  ])('refuses a name with an attribute %s', (_, attribute) => {
    const der = sequence(derElement(0x31, attribute));
    expectCode('PARSE', () => readDirectoryName(der, readElement(der, 0)));
  });
});

describe('readText', () => {
  const text = (tag: number, hex: string): string => {
    const der = derElement(tag, parseHex(hex));
    return readText(der, readElement(der, 0));
  };

  it.each([
    [TAG.utf8, 'c3b6', '\u00f6'],
    [TAG.teletex, 'f6', '\u00f6'],
    [TAG.bmp, '00f60061', '\u00f6a'],
    [TAG.universal, '000000f60001f600', '\u00f6\u{1f600}'],
    [TAG.universal, '0010ffff', '\u{10ffff}'],
    [TAG.universal, '0011000000000061', '\u{fffd}a'],
  ])('reads with tag %i %s', (tag, hex, expected) => {
    expect(text(tag, hex)).toBe(expected);
  });

  it('leaves out what is half a character', () => {
    expect(text(TAG.bmp, '006100')).toBe('a');
  });
});
