import { createECDH, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { ALGORITHMS, exportSigningKey, generateSigningKey } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { encodePem } from '../../src/core/pem.ts';
import { loadPlainKey, parsePlainKey } from '../../src/signers/plain-key.ts';
import { containing } from '../support/messages.ts';

const root = await mkdtemp(join(tmpdir(), 'kedge-plain-'));
afterAll(() => rm(root, { recursive: true }));

describe('parsePlainKey', () => {
  it.each(ALGORITHMS)('reads an %s key from DER and from PEM', (alg) => {
    const key = generateSigningKey(alg);
    const der = exportSigningKey(key);
    const pem = `# a comment\n${encodePem('PRIVATE KEY', der)}`;
    expect(parsePlainKey(der).publicKey).toEqual(key.publicKey);
    expect(parsePlainKey(encodeUtf8(pem)).publicKey).toEqual(key.publicKey);
  });

  it.each([
    ['an RSA key', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['a secp256k1 key', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
    ['an X25519 key', generateKeyPairSync('x25519')],
  ])('refuses %s', (_what, { privateKey }) => {
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(() => parsePlainKey(encodeUtf8(pem))).toThrow(expect.objectContaining({ code: 'KEY' }));
  });

  it.each([
    ['in the older EC form', { type: 'sec1' }],
    ['that is encrypted', { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }],
  ] as const)('refuses a key %s and says how to convert it', (_what, options) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const pem = privateKey.export({ format: 'pem', ...options }).toString();
    const expected = { code: 'KEY', message: containing('openssl pkcs8 -topk8') };
    expect(() => parsePlainKey(encodeUtf8(pem))).toThrow(expect.objectContaining(expected));
  });

  it('refuses a file with two keys, with none, or with something else', () => {
    const pem = encodePem('PRIVATE KEY', exportSigningKey(generateSigningKey('ed25519')));
    const point = createECDH('prime256v1').generateKeys();
    for (const text of [pem + pem, '', 'text', encodePem('PUBLIC KEY', point)]) {
      expect(() => parsePlainKey(encodeUtf8(text))).toThrow(KedgeError);
    }
  });
});

describe('loadPlainKey', () => {
  it('reads a file', async () => {
    const key = generateSigningKey('ed25519');
    const path = join(root, 'key.pem');
    await writeFile(path, encodePem('PRIVATE KEY', exportSigningKey(key)));
    expect((await loadPlainKey(path)).publicKey).toEqual(key.publicKey);
  });
});
