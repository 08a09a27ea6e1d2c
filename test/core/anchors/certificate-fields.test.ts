import { describe, expect, it } from 'vitest';
import { readFields, readTime } from '../../../src/core/anchors/certificate-fields.ts';
import { encodeUtf8, parseHex } from '../../../src/core/bytes.ts';
import { DER_TAG, elementBytes, elementContent, readElement } from '../../../src/core/der.ts';
import { derElement } from '../../../src/x509/der.ts';
import { expectCode } from '../support.ts';
import { certificate, certificateOf, extension, oid, sequence, utcTime } from './certificates.ts';

const NULL = parseHex('0500');
const TRUE = derElement(DER_TAG.boolean, Uint8Array.of(0xff));
const FALSE = derElement(DER_TAG.boolean, Uint8Array.of(0));

describe('readFields', () => {
  it('finds the parts of a certificate with a version and of one without', () => {
    const subject = sequence(NULL);
    for (const version of [undefined, new Uint8Array()]) {
      const der = certificate({ subject, ...(version && { version }) });
      const fields = readFields(der);
      expect(elementContent(der, fields.serial)).toEqual(Uint8Array.of(7));
      expect(elementBytes(der, fields.subject)).toEqual(subject);
      expect(fields.extensions.size).toBe(0);
    }
  });

  it.each([0, 1, 2, 3, 4])('refuses a certificate with %i fields', (count) => {
    const fields = Array.from({ length: count }, () => sequence());
    expectCode('PARSE', () => readFields(certificateOf(...fields)));
  });

  it('refuses a certificate without any content', () => {
    expectCode('PARSE', () => readFields(sequence()));
  });
});

describe('the extensions of a certificate', () => {
  const read = (
    ...extensions: readonly Uint8Array[]
  ): ReturnType<typeof readFields>['extensions'] =>
    readFields(certificate({ extensions })).extensions;

  it('are critical where the flag is there and set', () => {
    const list = read(
      extension('550101', NULL),
      extension('550102', NULL, TRUE),
      extension('550103', NULL, FALSE),
    );
    expect([...list].map(([id, { isCritical }]) => [id, isCritical])).toEqual([
      ['550101', false],
      ['550102', true],
      ['550103', false],
    ]);
  });

  it.each([
    ['without a value', sequence(oid('550101'))],
    ['without a name', sequence(derElement(DER_TAG.octetString, NULL))],
    ['without anything', sequence()],
    ['with a name that is none', sequence(NULL, derElement(DER_TAG.octetString, NULL))],
    ['with a value that is none', sequence(oid('550101'), NULL)],
    ['with two things in its value', extension('550101', Uint8Array.of(...NULL, ...NULL))],
  ])('are refused with one %s', (_, odd) => {
    expectCode('PARSE', () => read(odd));
  });

  it('are refused when two have one name, of which readers may take either', () => {
    expectCode('PARSE', () => read(extension('550101', NULL), extension('550101', TRUE)));
  });
});

describe('readTime', () => {
  const read = (tag: number, text: string): number => {
    const der = derElement(tag, encodeUtf8(text));
    return readTime(der, readElement(der, 0));
  };

  it.each([
    [DER_TAG.utcTime, '261123100203Z', Date.UTC(2026, 10, 23, 10, 2, 3)],
    [DER_TAG.utcTime, '491231235959Z', Date.UTC(2049, 11, 31, 23, 59, 59)],
    [DER_TAG.utcTime, '500101000000Z', Date.UTC(1950, 0, 1)],
    [DER_TAG.generalizedTime, '20500102030405Z', Date.UTC(2050, 0, 2, 3, 4, 5)],
    [DER_TAG.generalizedTime, '99991231235959Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])('reads with tag %i %s', (tag, text, ms) => {
    expect(read(tag, text)).toBe(ms);
  });

  it.each([
    [DER_TAG.utcTime, ''],
    [DER_TAG.utcTime, '20261123100203Z'],
    [DER_TAG.utcTime, '2611231002Z'],
    [DER_TAG.utcTime, '261123100203'],
    [DER_TAG.utcTime, '261123100203+0100'],
    [DER_TAG.utcTime, '261123100203Z '],
    [DER_TAG.utcTime, ' 261123100203Z'],
    [DER_TAG.utcTime, '261323100203Z'],
    [DER_TAG.utcTime, '260231100203Z'],
    [DER_TAG.utcTime, '261123250203Z'],
    [DER_TAG.utcTime, '261123106003Z'],
    [DER_TAG.utcTime, '261123100260Z'],
    [DER_TAG.generalizedTime, '261123100203Z'],
    [DER_TAG.generalizedTime, '20261123100203.5Z'],
    [DER_TAG.generalizedTime, '020261123100203Z'],
    [DER_TAG.generalizedTime, '20261123100203Z0'],
    [DER_TAG.generalizedTime, '2026-11-23T10:02:03Z'],
    [DER_TAG.octetString, '20261123100203Z'],
  ])('refuses with tag %i %j', (tag, text) => {
    expectCode('PARSE', () => read(tag, text));
  });

  it('refuses a time that is missing', () => {
    expectCode('PARSE', () => readTime(utcTime('261123100203Z'), undefined));
  });
});
