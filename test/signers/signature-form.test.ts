import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUtf8, parseHex } from '../../src/core/bytes.ts';
import { ALGORITHMS, generateSigningKey } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { parseSignatureOutput } from '../../src/signers/signature-form.ts';

const MESSAGE = encodeUtf8('a message');
const CURVES = [
  ['ecdsa-p256-sha256', 'prime256v1', 'sha256'],
  ['ecdsa-p384-sha384', 'secp384r1', 'sha384'],
] as const;
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

describe('parseSignatureOutput', () => {
  it.each(ALGORITHMS)('takes %s raw, in base64, base64url and lines', (alg) => {
    const signature = generateSigningKey(alg).sign(MESSAGE);
    const text = base64(signature);
    const url = Buffer.from(signature).toString('base64url');
    const lines = `${text.slice(0, 40)}\r\n${text.slice(40)}\n`;
    const forms = [signature, ...[text, `${text}\n`, url, lines].map((form) => encodeUtf8(form))];
    for (const form of forms) expect(parseSignatureOutput(alg, form)).toEqual(signature);
  });

  it.each(CURVES)('takes %s as DER, also in base64', (alg, namedCurve, digest) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve });
    // Many, so that short r and s and leading zeros come up.
    for (let i = 0; i < 40; i += 1) {
      const der = sign(digest, MESSAGE, { key: privateKey, dsaEncoding: 'der' });
      const half = alg === 'ecdsa-p256-sha256' ? 32 : 48;
      const raw = parseSignatureOutput(alg, new Uint8Array(der));
      expect(raw).toHaveLength(2 * half);
      expect(parseSignatureOutput(alg, encodeUtf8(base64(der)))).toEqual(raw);
      expect(toDer(raw)).toEqual(new Uint8Array(der));
    }
  });

  it.each([
    ['nothing', ''],
    ['a negative r', '3006020180020101'],
    ['a long zero', '300702020001020101'],
    ['three numbers', '3009020101020101020101'],
    ['a byte too many', '300602010102010100'],
    ['a number that is too large', `3026022101${'ff'.repeat(32)}020101`],
    ['a form of indefinite length', '308002010102010100'],
    ['half a signature', 'ab'.repeat(32)],
  ])('refuses %s for P-256', (_what, hex) => {
    expect(codeFor('ecdsa-p256-sha256', parseHex(hex))).toBe('PARSE');
  });

  it('refuses DER and other sizes for Ed25519', () => {
    const der = parseHex('3006020101020101');
    for (const bytes of [der, new Uint8Array(63), new Uint8Array(65), encodeUtf8('{"sig":""}')]) {
      expect(codeFor('ed25519', bytes)).toBe('PARSE');
    }
  });

  it('gives a typed answer for any output', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 140 }),
        fc.constantFrom(...ALGORITHMS),
        (bytes, alg) => {
          expect(['PARSE', 'ok']).toContain(codeFor(alg, bytes));
        },
      ),
    );
  });
});

function codeFor(alg: (typeof ALGORITHMS)[number], bytes: Uint8Array): string {
  try {
    parseSignatureOutput(alg, bytes);
    return 'ok';
  } catch (thrown) {
    return KedgeError.from(thrown).code;
  }
}

function toDer(raw: Uint8Array): Uint8Array {
  const number = (bytes: Uint8Array): number[] => {
    let value = [...bytes];
    while (value.length > 1 && value[0] === 0) value = value.slice(1);
    if ((value[0] ?? 0) >= 0x80) value = [0, ...value];
    return [2, value.length, ...value];
  };
  const half = raw.length / 2;
  const body = [...number(raw.subarray(0, half)), ...number(raw.subarray(half))];
  return Uint8Array.of(0x30, body.length, ...body);
}
