import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import {
  ALGORITHMS,
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  verifySignature,
} from '../../src/core/crypto.ts';

describe('SigningKey', () => {
  it.each(ALGORITHMS)('of %s signs what its public key verifies, also after export', (alg) => {
    const key = importSigningKey(alg, exportSigningKey(generateSigningKey(alg)));
    const message = encodeUtf8('message');
    const signature = key.sign(message);
    expect(verifySignature(key.publicKey, message, signature)).toBe(true);
    expect(verifySignature(key.publicKey, encodeUtf8('massage'), signature)).toBe(false);
  });
});
