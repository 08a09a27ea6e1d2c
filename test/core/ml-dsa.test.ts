/**
 * ML-DSA against vectors of others: NIST ACVP for keys (its samples for signatures have contexts,
 * which are not used here), C2SP Wycheproof for what verifiers get wrong.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concatBytes, parseBase64, parseHex } from '../../src/core/bytes.ts';
import { importPublicKey, sha256, verifySignature } from '../../src/core/crypto.ts';
import { type MlDsa, mlDsaPair, SPKI_PREFIXES } from '../../src/core/ml-dsa.ts';
import { expectCode } from './support.ts';

interface Vectors {
  readonly keys: readonly {
    readonly alg: MlDsa;
    readonly seed: string;
    readonly publicKeySha256: string;
  }[];
  readonly publicKeys: readonly string[];
  readonly signatures: readonly {
    readonly name: string;
    readonly alg: MlDsa;
    readonly key: number;
    readonly message: string;
    readonly signature: string;
    readonly isValid: boolean;
  }[];
}

const file = new URL('../vectors/ml-dsa.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('ML-DSA', () => {
  it.each(vectors.keys)('makes the key of the seed $seed ($alg)', (vector) => {
    const { publicKey } = mlDsaPair(vector.alg, parseHex(vector.seed));
    expect(sha256(publicKey)).toBe(vector.publicKeySha256);
  });

  it.each(vectors.signatures)('$alg, $name: $isValid', (vector) => {
    const { alg, name, isValid } = vector;
    const point = parseBase64(vectors.publicKeys[vector.key] ?? '');
    const spki = concatBytes(SPKI_PREFIXES[alg], point);
    if (name === 'short public key') {
      expectCode('KEY', () => importPublicKey({ alg, spki }));
      return;
    }
    const key = importPublicKey({ alg, spki });
    const message = parseHex(vector.message);
    expect(verifySignature(key, message, parseBase64(vector.signature))).toBe(isValid);
  });
});
