import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  concatBytes,
  copyBytes,
  encodeBase64,
  encodeHex,
  encodeUtf8,
  equalBytes,
  parseBase64,
  parseHex,
  parseUtf8,
} from '../../src/core/bytes.ts';
import { expectCode } from './support.ts';

const bytes = fc.uint8Array({ maxLength: 200 });

describe('parseHex', () => {
  it('reads what encodeHex wrote', () => {
    fc.assert(fc.property(bytes, (one) => equalBytes(parseHex(encodeHex(one)), one)));
  });

  it.each(['AB', 'a', 'zz', '0x', ' 00', '00\n'])('refuses %j', (text) => {
    expectCode('PARSE', () => parseHex(text));
  });
});

describe('parseBase64', () => {
  it('reads what encodeBase64 wrote', () => {
    fc.assert(fc.property(bytes, (one) => equalBytes(parseBase64(encodeBase64(one)), one)));
  });

  it('accepts one text per byte string only', () => {
    fc.assert(
      fc.property(fc.base64String(), (text) => {
        let parsed: Uint8Array;
        try {
          parsed = parseBase64(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PARSE' });
          return;
        }
        expect(encodeBase64(parsed)).toBe(text);
      }),
    );
  });

  it.each([
    ['no padding', 'AA'],
    ['spare bits', 'AB=='],
    ['spare bits before one pad', 'AAB='],
    ['a space', 'AA AA='],
    ['a line feed', 'AAAA\n'],
    ['the URL alphabet', '-_--'],
    ['padding inside', 'AA==AAAA'],
    ['padding alone', '===='],
  ])('refuses %s', (_name, text) => {
    expectCode('PARSE', () => parseBase64(text));
  });
});

describe('parseUtf8', () => {
  it('reads what encodeUtf8 wrote', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(fc.property(text, (one) => parseUtf8(encodeUtf8(one)) === one));
  });

  it.each([
    ['an overlong slash', 'c0af'],
    ['half a surrogate pair', 'eda080'],
    ['a cut sequence', 'e282'],
    ['a lone continuation', '80'],
  ])('refuses %s', (_name, hex) => {
    expectCode('PARSE', () => parseUtf8(parseHex(hex)));
  });

  it('keeps a byte order mark, so that JSON parsers refuse it', () => {
    expect(parseUtf8(parseHex('efbbbf7b7d'))).toBe('\ufeff{}');
  });
});

describe('equalBytes', () => {
  it('compares content, whatever buffer holds it', () => {
    const whole = Uint8Array.of(9, 1, 2, 3, 9);
    expect(equalBytes(whole.subarray(1, 4), Uint8Array.of(1, 2, 3))).toBe(true);
    expect(equalBytes(whole.subarray(1, 3), Uint8Array.of(1, 2, 3))).toBe(false);
    expect(equalBytes(whole.subarray(1, 4), Uint8Array.of(1, 2, 4))).toBe(false);
  });
});

describe('concatBytes', () => {
  it('joins in order', () => {
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(
      Uint8Array.of(1, 2, 3),
    );
  });
});

describe('copyBytes', () => {
  it('copies a Buffer too, whose own slice would be a view', () => {
    const pool = Buffer.from([1, 2, 3]);
    const copy = copyBytes(pool.subarray(1));
    pool.fill(0);
    expect([...copy]).toEqual([2, 3]);
    expect(copy.buffer.byteLength).toBe(2);
    expect(Buffer.isBuffer(copy)).toBe(false);
  });
});
