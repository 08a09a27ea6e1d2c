import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PEM_MAX_CHARS } from '../../src/core/limits.ts';
import { encodePem, parsePem } from '../../src/core/pem.ts';
import { expectCode } from './support.ts';

const block = encodePem('CERTIFICATE', Uint8Array.of(1, 2, 3));

describe('encodePem', () => {
  it('writes lines of 64 characters between boundaries', () => {
    expect(encodePem('CERTIFICATE', new Uint8Array(49))).toBe(
      `-----BEGIN CERTIFICATE-----\n${'A'.repeat(64)}\nAA==\n-----END CERTIFICATE-----\n`,
    );
  });

  it.each(['', 'certificate', 'A-----\n', ' A', 'A  B'])('refuses the label %j', (label) => {
    expectCode('PARSE', () => encodePem(label, Uint8Array.of(1)));
  });
});

describe('parsePem', () => {
  it('reads what encodePem wrote', () => {
    const blocks = fc.array(
      fc.record({
        label: fc.constantFrom('CERTIFICATE', 'PRIVATE KEY', 'X509 CRL'),
        der: fc.uint8Array({ minLength: 1, maxLength: 200 }),
      }),
    );
    fc.assert(
      fc.property(blocks, (some) => {
        const text = some.map(({ label, der }) => encodePem(label, der)).join('');
        expect(parsePem(text)).toEqual(some);
      }),
    );
  });

  it('reads the real roots that Node ships', () => {
    const blocks = parsePem(rootCertificates.join('\n'));
    expect(blocks).toHaveLength(rootCertificates.length);
    expect(new Set(blocks.map(({ label }) => label))).toEqual(new Set(['CERTIFICATE']));
  });

  it('skips comments between blocks, and takes CRLF, CR and trailing spaces', () => {
    const text = `# Root A\n${block}\n==========\nRoot B\n${block.replaceAll('\n', ' \r\n')}`;
    expect(parsePem(text)).toHaveLength(2);
    expect(parsePem(block.replaceAll('\n', '\r'))).toHaveLength(1);
  });

  it('finds no block in other text', () => {
    expect(parsePem('')).toEqual([]);
    expect(parsePem('hello\n')).toEqual([]);
  });

  it.each([
    ['an unclosed block', block.replace(/-----END.*\n/, '')],
    ['a block that opens inside another', block.replace('AQID', '-----BEGIN CERTIFICATE-----')],
    ['another label at the end', block.replace('END CERTIFICATE', 'END X509 CRL')],
    ['an end without a begin', '-----END CERTIFICATE-----\n'],
    ['an empty block', block.replace('AQID\n', '')],
    ['a lower-case label', block.replaceAll('CERTIFICATE', 'certificate')],
    ['headers', block.replace('AQID', 'Proc-Type: 4,ENCRYPTED\n\nAQID')],
    ['base64 without padding', block.replace('AQID', 'AQI')],
    ['base64 with spare bits', block.replace('AQID', 'AB==')],
    ['padding in the middle', block.replace('AQID', 'AA==\nAQID')],
    ['foreign characters', block.replace('AQID', 'AQ*D')],
    ['a damaged boundary', block.replace('-----END CERTIFICATE-----', '----END CERTIFICATE-----')],
  ])('refuses %s', (_name, text) => {
    expect(expectCode('PARSE', () => parsePem(text)).detail).toHaveProperty('line');
  });

  it('refuses text that is too long before it looks for blocks', () => {
    expectCode('LIMIT', () => parsePem('x'.repeat(PEM_MAX_CHARS + 1)));
  });

  it('throws nothing but PARSE on any text', () => {
    const lines = fc.array(
      fc.oneof(
        fc.constantFrom(
          '-----BEGIN A-----',
          '-----END A-----',
          '-----BEGIN -----',
          'AQID',
          '-----',
        ),
        fc.string(),
      ),
    );
    fc.assert(
      fc.property(lines, (some) => {
        try {
          parsePem(some.join('\n'));
        } catch (error) {
          expect(error).toMatchObject({ code: 'PARSE' });
        }
      }),
    );
  });
});
