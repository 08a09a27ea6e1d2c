/**
 * Against a real PKCS#11 module: SoftHSM 2 of Debian, through the real binding. Where one of the
 * two is missing the whole suite is skipped, and its name says which.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { verifySignature } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { TokenSigner } from '../../src/signers/pkcs11.ts';
import { parsePkcs11Uri } from '../../src/signers/pkcs11-uri.ts';
import type { TempDir } from '../../src/testing/temp-dir.ts';
import { codeOf } from '../contract/store.ts';
import { testHost } from './host.ts';
import { type KeyPlan, MODULE, makeToken, PARAMS, PIN, whyNoToken } from './soft-token.ts';

const why = await whyNoToken();
const MESSAGE = encodeUtf8('DSSEv1 a message');
const KEYS: readonly KeyPlan[] = [
  { label: 'ed', id: 1, params: PARAMS.ed25519 },
  { label: 'p256', id: 2, params: PARAMS.p256 },
  { label: 'p384', id: 3, params: PARAMS.p384 },
  { label: 'again', id: 4, params: PARAMS.p256, again: true },
  { label: 'p521', id: 5, params: PARAMS.p521 },
  { label: 'lost', id: 6, params: PARAMS.ed25519, keep: 'private' },
  // The public key of another pair lies where that of this one should.
  { label: 'swapped', id: 7, params: PARAMS.ed25519, keep: 'private' },
  { label: 'swapped', id: 7, params: PARAMS.ed25519, keep: 'public' },
  { label: 'twice', id: 8, params: PARAMS.ed25519 },
  { label: 'twice', id: 9, params: PARAMS.ed25519 },
];

describe.skipIf(why !== undefined)(`a key in a token${why === undefined ? '' : `: ${why}`}`, () => {
  let dir: TempDir;
  beforeAll(async () => {
    dir = await makeToken(KEYS);
  });
  afterAll(() => dir[Symbol.asyncDispose]());

  const uri = (key: string, token = 'kedge') =>
    parsePkcs11Uri(`pkcs11:token=${token};${key}?module-path=${MODULE ?? ''}`);
  const failure = async (opening: Promise<unknown>): Promise<KedgeError> =>
    KedgeError.from(await opening.then(() => new Error('it opened'), KedgeError.from));

  it.each([
    ['ed', 'ed25519', 1],
    ['p256', 'ecdsa-p256-sha256', 1],
    ['p384', 'ecdsa-p384-sha384', 1],
    ['again', 'ecdsa-p256-sha256', 1],
  ])('signs with %s, more than once, and asks for the PIN once', async (label, alg, asked) => {
    const host = testHost({ secrets: [PIN] });
    await using signer = await TokenSigner.open(uri(`object=${label}`), host);
    expect(signer.publicKey.alg).toBe(alg);
    for (let i = 0; i < 3; i += 1) {
      const signature = await signer.sign(MESSAGE);
      expect(verifySignature(signer.publicKey, MESSAGE, signature)).toBe(true);
    }
    expect(host.asked).toEqual(Array.from({ length: asked }, () => ({ kind: 'pin', of: 'kedge' })));
  });

  it('finds a key by its id, and the module in the environment', async () => {
    const host = testHost({ secrets: [PIN], env: { KEDGE_PKCS11_MODULE: MODULE ?? '' } });
    await using signer = await TokenSigner.open(parsePkcs11Uri('pkcs11:id=%01'), host);
    const signature = await signer.sign(MESSAGE);
    expect(verifySignature(signer.publicKey, MESSAGE, signature)).toBe(true);
  });

  it('reads the PIN from a file that the URI names', async () => {
    const file = await dir.write('pin', `${PIN}\n`);
    const text = `pkcs11:object=ed?module-path=${MODULE ?? ''}&pin-source=file:${file}`;
    const host = testHost();
    await using signer = await TokenSigner.open(parsePkcs11Uri(text), host);
    expect(signer.publicKey.alg).toBe('ed25519');
    expect(host.asked).toEqual([]);
  });

  it('tries a wrong PIN once, and warns the next time', async () => {
    const host = testHost({ secrets: ['0000', PIN] });
    const error = await failure(TokenSigner.open(uri('object=ed'), host));
    expect([error.code, error.message]).toEqual([
      'ACCESS',
      'token kedge: the PIN is wrong; it was tried once',
    ]);
    expect(host.asked).toHaveLength(1);
    expect(JSON.stringify(error.detail)).not.toContain('0000');
    await using signer = await TokenSigner.open(uri('object=ed'), host);
    expect(signer.publicKey.alg).toBe('ed25519');
    expect(host.warnings).toEqual(['a wrong PIN was tried on the token kedge before']);
  });

  it('may sign with another key than it shows, which the check finds (J02)', async () => {
    await using signer = await TokenSigner.open(uri('id=%07'), testHost({ secrets: [PIN] }));
    const signature = await signer.sign(MESSAGE);
    expect(verifySignature(signer.publicKey, MESSAGE, signature)).toBe(false);
  });

  it.each([
    ['of an unknown curve', 'object=p521', 'kedge', 'ALGORITHM', 'not of Ed25519'],
    ['without a public half', 'object=lost', 'kedge', 'KEY', 'does not show the public key'],
    ['that is not there', 'object=none', 'kedge', 'CONFIG', 'no private key'],
    ['that is one of two', 'object=twice', 'kedge', 'CONFIG', 'more than one private key'],
    ['in a token that is not there', 'object=ed', 'other', 'UNAVAILABLE', 'there: "kedge"'],
  ])('refuses a key %s', async (_what, key, token, code, text) => {
    const error = await failure(TokenSigner.open(uri(key, token), testHost({ secrets: [PIN] })));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
  });

  it('says that the token is busy while this process uses it', async () => {
    await using signer = await TokenSigner.open(uri('object=ed'), testHost({ secrets: [PIN] }));
    const second = TokenSigner.open(uri('object=p256'), testHost({ secrets: [PIN] }));
    expect(await codeOf(second)).toBe('UNAVAILABLE');
    // The first one is none the worse.
    const signature = await signer.sign(MESSAGE);
    expect(verifySignature(signer.publicKey, MESSAGE, signature)).toBe(true);
  });

  it('needs a module, and one that loads', async () => {
    const none = TokenSigner.open(parsePkcs11Uri('pkcs11:object=ed'), testHost());
    expect((await failure(none)).message).toBe('the PKCS#11 module of the token is not given');
    const wrong = parsePkcs11Uri('pkcs11:object=ed?module-path=/nonexistent/m.so');
    const error = await failure(TokenSigner.open(wrong, testHost()));
    expect([error.code, error.message]).toEqual(['CONFIG', expect.stringContaining('cannot load')]);
  });

  it('signs no more when it is closed', async () => {
    const signer = await TokenSigner.open(uri('object=ed'), testHost({ secrets: [PIN] }));
    await signer[Symbol.asyncDispose]();
    expect(await codeOf(signer.sign(MESSAGE))).toBe('UNAVAILABLE');
  });
});
