import { createDecipheriv, scryptSync } from 'node:crypto';
import {
  appendFile,
  chmod,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { armor, Encrypter } from 'age-encryption';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { ALGORITHMS, generateSigningKey, verifySignature } from '../../src/core/crypto.ts';
import { parseSignerId } from '../../src/core/ids.ts';
import { createKeyFile, openKeyFile } from '../../src/signers/key-file.ts';
import { codeOf } from '../contract/store.ts';
import { containing } from '../support/messages.ts';

const root = await mkdtemp(join(tmpdir(), 'kedge-key-'));
const signer = parseSignerId('ana');
const passphrase = 'correct horse battery staple';
/** The lowest one: the tests are about the files. */
const scryptWorkFactor = 1;
const message = encodeUtf8('a message');
let folder = '';
let path = '';
let count = 0;

afterAll(() => rm(root, { recursive: true }));

beforeEach(async () => {
  count += 1;
  folder = await mkdtemp(join(root, `${String(count)}-`));
  path = join(folder, 'ana.age');
});

describe('createKeyFile and openKeyFile', () => {
  it.each(ALGORITHMS)('keep an %s key', async (alg) => {
    const key = generateSigningKey(alg);
    const publicKey = await createKeyFile({ path, passphrase, signer, key, scryptWorkFactor });
    const opened = await openKeyFile({ path, passphrase });
    expect(publicKey).toEqual(key.publicKey);
    expect(opened.signer).toBe('ana');
    expect(opened.key.publicKey).toEqual(key.publicKey);
    expect(verifySignature(publicKey, message, await opened.key.sign(message))).toBe(true);
  });

  it('make a new Ed25519 key by default', async () => {
    const publicKey = await createKeyFile({ path, passphrase, signer, scryptWorkFactor });
    expect(publicKey.alg).toBe('ed25519');
  });

  // The cost is meant to be felt: seconds, and more on a busy machine.
  it('use the work factor of age by default', { timeout: 90_000 }, async () => {
    await createKeyFile({ path, passphrase, signer });
    const file = armor.decode(await readFile(path, 'utf8'));
    const [, salt = '', wrapped = ''] =
      /^-> scrypt (\S+) 18\n(\S+)$/m.exec(Buffer.from(file).toString('latin1')) ?? [];
    expect(unwrapped(Buffer.from(salt, 'base64'), Buffer.from(wrapped, 'base64'))).toHaveLength(16);
  });

  /** The file key of a stanza of age, by another scrypt than that of the library. */
  function unwrapped(salt: Buffer, wrapped: Buffer): Buffer {
    const label = Buffer.concat([Buffer.from('age-encryption.org/v1/scrypt'), salt]);
    const cost = { N: 2 ** 18, r: 8, p: 1, maxmem: 2 ** 29 };
    const key = scryptSync(passphrase, label, 32, cost);
    const nonce = Buffer.alloc(12);
    const cipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
    cipher.setAuthTag(wrapped.subarray(-16));
    return Buffer.concat([cipher.update(wrapped.subarray(0, -16)), cipher.final()]);
  }

  it('write an armored age file for the owner alone, and nothing else', async () => {
    await createKeyFile({ path, passphrase, signer, scryptWorkFactor });
    expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['ana.age']);
  });
});

describe('createKeyFile', () => {
  it('never overwrites a file', async () => {
    await writeFile(path, 'precious');
    const created = createKeyFile({ path, passphrase, signer, scryptWorkFactor });
    await expect(created).rejects.toMatchObject({
      code: 'STORE',
      message: containing('never overwritten'),
    });
    expect(await readFile(path, 'utf8')).toBe('precious');
    expect(await readdir(folder)).toEqual(['ana.age']);
  });

  it('lets one of two win', async () => {
    const options = { path, passphrase, signer, scryptWorkFactor };
    const codes = await Promise.all([createKeyFile(options), createKeyFile(options)].map(codeOf));
    expect(codes.sort()).toEqual(['STORE', 'no error']);
  });

  it('says what to do when the folder is missing', async () => {
    const missing = join(folder, 'missing', 'ana.age');
    const created = createKeyFile({ path: missing, passphrase, signer, scryptWorkFactor });
    await expect(created).rejects.toMatchObject({
      code: 'STORE',
      message: containing('check the path'),
    });
  });

  it.each([0, 21, 1.5])('refuses a work factor of %s', async (factor) => {
    const created = createKeyFile({ path, passphrase, signer, scryptWorkFactor: factor });
    expect(await codeOf(created)).toBe('CONFIG');
  });

  it('refuses an empty passphrase', async () => {
    expect(await codeOf(createKeyFile({ path, passphrase: '', signer }))).toBe('CONFIG');
  });
});

describe('openKeyFile', () => {
  it('gives one error for a wrong passphrase and for a changed file (J01)', async () => {
    await createKeyFile({ path, passphrase, signer, scryptWorkFactor });
    const wrong = await failure(openKeyFile({ path, passphrase: 'wrong' }));
    const file = armor.decode(await readFile(path, 'utf8'));
    file.set([(file.at(-1) ?? 0) ^ 1], file.length - 1);
    await writeFile(path, armor.encode(file));
    const changed = await failure(openKeyFile({ path, passphrase }));
    expect(wrong).toMatchObject({ code: 'ACCESS' });
    expect(changed).toEqual(wrong);
    expect(JSON.stringify(wrong)).not.toContain('wrong"');
  });

  it.each([
    ['is no age file', 'something else', 'PARSE'],
    ['is empty', '', 'PARSE'],
    ['is too large', 'x'.repeat(20_000), 'LIMIT'],
  ])('refuses a file that %s', async (_what, content, code) => {
    await writeFile(path, content);
    expect(await codeOf(openKeyFile({ path, passphrase }))).toBe(code);
  });

  it('refuses a file with something after the armor', async () => {
    await createKeyFile({ path, passphrase, signer, scryptWorkFactor });
    await chmod(path, 0o600);
    await appendFile(path, 'more');
    expect(await codeOf(openKeyFile({ path, passphrase }))).toBe('PARSE');
  });

  it.each([
    ['other JSON', '{"alg":"ed25519"}', 'PARSE'],
    ['an unknown algorithm', '{"alg":"rsa","pkcs8":"AAAA","signer":"ana"}', 'PARSE'],
    ['no key', '{"alg":"ed25519","pkcs8":"AAAA","signer":"ana"}', 'KEY'],
  ])('refuses %s under the right passphrase', async (_what, secret, code) => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase(passphrase);
    encrypter.setScryptWorkFactor(scryptWorkFactor);
    await writeFile(path, armor.encode(await encrypter.encrypt(secret)));
    expect(await codeOf(openKeyFile({ path, passphrase }))).toBe(code);
  });

  it('quotes nothing of what it decrypted, in no cause either', async () => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase(passphrase);
    encrypter.setScryptWorkFactor(scryptWorkFactor);
    await writeFile(
      path,
      armor.encode(await encrypter.encrypt('{"hunter2hunter2hunter2":secret}')),
    );
    const refused = await failure(openKeyFile({ path, passphrase }));
    expect(inspect(refused, { depth: 10 })).not.toMatch(/hunter2|secret/);
  });

  it('says what to do when the file is missing', async () => {
    await expect(openKeyFile({ path, passphrase })).rejects.toMatchObject({
      code: 'STORE',
      message: containing('check the path'),
    });
  });
});

async function failure(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}
