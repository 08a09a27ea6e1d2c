import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOutline } from '../../../src/core/anchors/outline.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { parsePem } from '../../../src/core/pem.ts';
import { createTestPki } from '../../../src/testing/pki.ts';

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
    for (const odd of ['*.exam\0le.org', '*.exam\u00e9le.org', '*.exam\nle.org']) {
      const der = replaced(leaf.facts.der, '*.example.org', odd);
      expect(() => readOutline(der)).toThrow(expect.objectContaining({ code: 'PARSE' }));
    }
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
