import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { loadCryptoki, tokenError } from '../../src/signers/cryptoki.ts';

describe('loadCryptoki', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    ['missing', () => Promise.reject(new Error('Cannot find package')), 'it is not installed'],
    ['of another shape', () => Promise.resolve({ default: {} }), 'another shape'],
  ])('says how to install the package when it is %s', async (_what, load, text) => {
    const error = KedgeError.from(await loadCryptoki(load).catch(KedgeError.from));
    expect([error.code, error.message]).toEqual(['CONFIG', expect.stringContaining(text)]);
    expect(error.detail['hint']).toContain('npm install --ignore-scripts=false pkcs11js@2');
  });
});

describe('tokenError', () => {
  it.each([
    ['CKR_PIN_INCORRECT', 'ACCESS'],
    ['CKR_PIN_LOCKED', 'ACCESS'],
    ['CKR_FUNCTION_CANCELED', 'ACCESS'],
    ['CKR_SESSION_COUNT', 'UNAVAILABLE'],
    ['CKR_DEVICE_REMOVED', 'UNAVAILABLE'],
    ['CKR_MECHANISM_INVALID', 'ALGORITHM'],
    ['CKR_SOMETHING_NEW', 'UNAVAILABLE'],
    ['no code at all', 'UNAVAILABLE'],
  ])('gives %s the code %s', (message, code) => {
    expect(tokenError(new Error(`${message}:5`), 'token kedge').code).toBe(code);
  });
});
