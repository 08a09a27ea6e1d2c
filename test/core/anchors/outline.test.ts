import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOutline } from '../../../src/core/anchors/outline.ts';
import { encodeUtf8, parseHex } from '../../../src/core/bytes.ts';
import { DER_TAG } from '../../../src/core/der.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { CERTIFICATE_NAMES_MAX } from '../../../src/core/limits.ts';
import { parsePem } from '../../../src/core/pem.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { derElement } from '../../../src/x509/der.ts';
import { expectCode } from '../support.ts';
import { certificate, directoryName, extension, sequence } from './certificates.ts';

const pki = createTestPki({ commonName: 'Outline CA', shape: 'with-intermediate' });
const leaf = pki.issue('leaf', {
  uris: ['spiffe://example.org/billing'],
  dnsNames: ['*.example.org'],
});

function replaced(der: Uint8Array, from: string, to: string): Uint8Array {
  const at = Buffer.from(der).indexOf(from);
  const copy = Buffer.from(der);
  copy.write(to, at, 'latin1');
  return copy;
}

describe('readOutline', () => {
  it('reads names and times as another parser does', () => {
    const { dnsNames, uris, notBeforeMs, notAfterMs } = leaf.facts;
    expect(readOutline(leaf.facts.der)).toEqual({
      ...{ dnsNames, uris, notBeforeMs, notAfterMs },
      ips: [Uint8Array.of(127, 0, 0, 1), Uint8Array.from([...Array<number>(15).fill(0), 1])],
      commonNames: ['leaf'],
      usages: ['2b06010505070301', '2b06010505070302'],
      hasNameConstraints: false,
    });
  });

  it('reads a CA and an intermediate', () => {
    const [, between] = parsePem(leaf.certificatePem);
    for (const der of [pki.ca.der, between?.der ?? new Uint8Array()]) {
      expect(readOutline(der)).toMatchObject({ dnsNames: [], hasNameConstraints: false });
    }
  });

  it('refuses names that are not ASCII', () => {
    for (const between of ['\0', '\u00e9', '\n', '\u001f', '\u007f']) {
      const odd = `*.exam${between}le.org`;
      const der = replaced(leaf.facts.der, '*.example.org', odd);
      expect(() => readOutline(der)).toThrow(expect.objectContaining({ code: 'PARSE' }));
    }
  });

  it('gives back any printable character', () => {
    const der = replaced(leaf.facts.der, '*.example.org', '*.ex !|}~.org');
    expect(readOutline(der).dnsNames).toContain('*.ex !|}~.org');
  });

  it('gives back names that look like several as the one that they are', () => {
    const der = replaced(leaf.facts.der, '*.example.org', 'a,DNS:evil.co');
    expect(readOutline(der).dnsNames).toContain('a,DNS:evil.co');
  });

  it('refuses damaged bytes with a typed error, or reads them, and never fails otherwise', () => {
    const { der } = leaf.facts;
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), fc.nat(der.length), (at, byte, length) => {
        const damaged = Uint8Array.from(der.subarray(0, Math.max(length, 1)));
        damaged[at % damaged.length] = byte;
        try {
          readOutline(damaged);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(KedgeError);
          expect(['PARSE', 'LIMIT']).toContain(KedgeError.from(thrown).code);
        }
      }),
    );
  });
});

describe('readOutline of a certificate without extensions', () => {
  it('finds no name, no limit and every usage', () => {
    expect(readOutline(certificate())).toEqual({
      notBeforeMs: Date.UTC(2026, 10, 23, 10),
      notAfterMs: Date.UTC(2027, 10, 23, 10),
      ...{ dnsNames: [], uris: [], ips: [], commonNames: [] },
      hasNameConstraints: false,
    });
  });

  it('reads the common names of the subject alone, however many there are', () => {
    const one = (type: string, text: string) =>
      [type, DER_TAG.utf8String, encodeUtf8(text)] as const;
    const subject = directoryName(
      [one('55040a', 'Example')],
      [one('550403', 'a.example.org'), one('55040b', 'Ops')],
      [one('550403', 'b.example.org')],
    );
    const { commonNames } = readOutline(certificate({ subject }));
    expect(commonNames).toEqual(['a.example.org', 'b.example.org']);
  });
});

describe('readOutline of alternative names', () => {
  const read = (list: Uint8Array): ReturnType<typeof readOutline> =>
    readOutline(certificate({ extensions: [extension('551d11', list)] }));
  const address = (length: number): Uint8Array => derElement(0x87, new Uint8Array(length));

  it('leaves out those of other kinds', () => {
    const email = derElement(0x81, encodeUtf8('a@example.org'));
    const names = sequence(email, derElement(0x82, encodeUtf8('example.org')));
    expect(read(names)).toMatchObject({ dnsNames: ['example.org'], uris: [], ips: [] });
  });

  it('takes addresses of 4 and 16 bytes, and refuses all when one has another length', () => {
    expect(read(sequence(address(4), address(16))).ips).toHaveLength(2);
    for (const length of [0, 3, 5, 8, 15, 17, 32]) {
      expectCode('PARSE', () => read(sequence(address(4), address(length))));
    }
  });

  it('refuses what is no list', () => {
    expectCode('PARSE', () => read(derElement(DER_TAG.set, address(4))));
  });

  it('refuses more names than are ever needed', () => {
    const names = (count: number): Uint8Array =>
      sequence(...Array.from({ length: count }, () => address(4)));
    expect(read(names(CERTIFICATE_NAMES_MAX)).ips).toHaveLength(CERTIFICATE_NAMES_MAX);
    expectCode('LIMIT', () => read(names(CERTIFICATE_NAMES_MAX + 1)));
  });
});

describe('readOutline of what narrows a CA', () => {
  it.each([
    ['no length for a CA without one', '30030101ff', undefined],
    ['no length for what is no CA', '3000', undefined],
    ['the length 0', '30060101ff020100', 0],
    ['the length 3', '30060101ff020103', 3],
    ['no length for one that no chain can have', '30070101ff02020100', undefined],
  ])('finds %s', (_, constraints, pathLen) => {
    const extensions = [extension('551d13', parseHex(constraints))];
    expect(readOutline(certificate({ extensions })).pathLen).toBe(pathLen);
  });

  it('says that it has name constraints, whatever they are', () => {
    const extensions = [extension('551d1e', sequence())];
    expect(readOutline(certificate({ extensions })).hasNameConstraints).toBe(true);
  });

  it('lists its usages; an empty list allows none', () => {
    const usages = (hex: string): readonly string[] | undefined =>
      readOutline(certificate({ extensions: [extension('551d25', parseHex(hex))] })).usages;
    expect(usages('300a06082b06010505070301')).toEqual(['2b06010505070301']);
    expect(usages('3000')).toEqual([]);
  });
});
