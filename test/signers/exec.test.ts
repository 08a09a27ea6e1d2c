import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { sha256, verifySignature } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { NO_PREVIOUS, parseRealmName, parseSequence, parseStreamName } from '../../src/core/ids.ts';
import { PAYLOAD_TYPE, pae } from '../../src/core/statements/envelope.ts';
import { encodeStatement } from '../../src/core/statements/statement.ts';
import { ExecSigner } from '../../src/signers/exec.ts';
import { parseExecReference } from '../../src/signers/exec-reference.ts';
import { Ledger } from '../../src/signers/ledger.ts';
import { signWithLedger } from '../../src/signers/sign.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { codeOf } from '../contract/store.ts';
import { testHost } from './host.ts';

const dir = await createTempDir('kedge-exec-');
afterAll(() => dir[Symbol.asyncDispose]());
const PAYLOAD = encodeStatement({
  realm: parseRealmName('prod.example.org'),
  stream: parseStreamName('release/payments.example.org'),
  sequence: parseSequence(7),
  previous: NO_PREVIOUS,
  charterVersion: 1,
  issuedMs: Date.UTC(2026, 10, 23),
  expiresMs: Date.UTC(2027, 10, 23),
  bodyDigest: sha256(encodeUtf8('body')),
  bodyBytes: 4,
});
let count = 0;

/** A key service of one file: signs what it reads, or does what its mode says. */
const SERVICE = `
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
const [, , keyFile, mode, ask] = process.argv;
const key = createPrivateKey(readFileSync(keyFile));
const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
if (ask === 'public-key') {
  process.stdout.write(createPublicKey(key).export({ format: 'pem', type: 'spki' }));
} else if (mode === 'env') {
  writeFileSync(keyFile + '.env', JSON.stringify(process.env));
} else if (mode === 'refuse') {
  console.error('policy of the vault: not on Fridays');
  process.exit(77);
} else if (mode === 'fail') {
  console.error('no network');
  process.exit(3);
} else if (mode === 'flood') {
  process.stdout.write(Buffer.alloc(1 << 20));
  setTimeout(() => {}, 60_000);
} else if (mode === 'hang') {
  process.on('SIGTERM', () => {});
  setTimeout(() => {}, 60_000);
} else if (mode === 'not-reading') {
  process.stdout.write(Buffer.alloc(64));
} else {
  const dsaEncoding = mode === 'der' ? 'der' : 'ieee-p1363';
  const signature = sign(hash, readFileSync(0), { key, dsaEncoding });
  process.stdout.write(mode === 'base64' ? signature.toString('base64') + '\\n' : signature);
}
`;

async function service(
  key: KeyObject,
  mode: string,
  options = '',
): Promise<{ readonly reference: string; readonly keyFile: string }> {
  count += 1;
  const script = await dir.write('service.mjs', SERVICE);
  const pem = key.export({ format: 'pem', type: 'pkcs8' }).toString();
  const keyFile = await dir.write(`${String(count)}.pem`, pem);
  return {
    reference: `exec:'${process.execPath}' ${script} ${keyFile} ${mode}${options}`,
    keyFile,
  };
}

const ed25519 = (): KeyObject => generateKeyPairSync('ed25519').privateKey;
const p256 = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const publicPem = (): string =>
  generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString();

async function open(reference: string, host = testHost()): Promise<ExecSigner> {
  return ExecSigner.open(parseExecReference(reference), host);
}

function newLedger(): Ledger {
  count += 1;
  return new Ledger(dir.join(`${String(count)}.ledger`));
}

describe('a command that signs', () => {
  it.each([
    ['Ed25519, raw', ed25519, 'raw'],
    ['Ed25519 in base64', ed25519, 'base64'],
    ['P-256 as r and s', p256, 'raw'],
    ['P-256 as DER', p256, 'der'],
  ])('gives a good signature: %s', async (_what, makeKey, mode) => {
    const signer = await open((await service(makeKey(), mode)).reference);
    const { signatures } = await signWithLedger(signer, newLedger(), PAYLOAD);
    const signature = signatures[0]?.signature ?? new Uint8Array();
    expect(verifySignature(signer.publicKey, pae(PAYLOAD_TYPE, PAYLOAD), signature)).toBe(true);
  });

  it('is told what it signs, and no secret of ours', async () => {
    const { reference, keyFile } = await service(ed25519(), 'env');
    const env = {
      AWS_PROFILE: 'signing',
      KEDGE_PASSPHRASE: 'secret',
      KEDGE_PASSPHRASE_ANA: 'secret',
      KEDGE_OLD_PASSPHRASE: 'secret',
      KEDGE_TOKEN_PIN_X: 'secret',
    };
    const signer = await open(reference, testHost({ env }));
    expect(await codeOf(signWithLedger(signer, newLedger(), PAYLOAD))).toBe('PARSE');
    const seen = JSON.parse(await readFile(`${keyFile}.env`, 'utf8')) as Record<string, string>;
    expect(seen).toMatchObject({
      AWS_PROFILE: 'signing',
      KEDGE_SIGN_ALG: 'ed25519',
      KEDGE_SIGN_KEY_ID: signer.publicKey.keyId,
      KEDGE_SIGN_REALM: 'prod.example.org',
      KEDGE_SIGN_STREAM: 'release/payments.example.org',
      KEDGE_SIGN_SEQUENCE: '7',
      KEDGE_SIGN_DIGEST: sha256(PAYLOAD),
    });
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  it('is not asked for the public key when a file has it; a wrong one is found (J02)', async () => {
    const { reference, keyFile } = await service(ed25519(), 'raw');
    const { publicKey } = await open(reference);
    await dir.write('wrong.b64', Buffer.from(publicKey.spki).toString('base64'));
    const host = testHost({ cwd: dir.path });
    const other = await service(ed25519(), 'raw', '?spki=wrong.b64');
    const signer = await open(other.reference, host);
    expect(signer.publicKey.keyId).toBe(publicKey.keyId);
    expect(await codeOf(signWithLedger(signer, newLedger(), PAYLOAD))).toBe('KEY');
    expect(existsSync(keyFile)).toBe(true);
  });

  it.each([
    ['refuses', 'refuse', 'ACCESS', 'not on Fridays'],
    ['fails', 'fail', 'UNAVAILABLE', 'exit code 3: "no network"'],
    ['writes without end', 'flood', 'LIMIT', 'more than a signature'],
    ['signs without reading', 'not-reading', 'KEY', 'does not verify'],
  ])('that %s is a typed error', async (_what, mode, code, text) => {
    const host = testHost();
    const signer = await open((await service(ed25519(), mode)).reference, host);
    const failure = signWithLedger(signer, newLedger(), PAYLOAD).catch(KedgeError.from);
    const error = KedgeError.from(await failure);
    expect({ code: error.code, message: error.message }).toEqual({
      code,
      message: expect.stringContaining(text) as unknown,
    });
    if (mode === 'refuse') expect(host.notes).toEqual(['policy of the vault: not on Fridays']);
  });

  it('that hangs is ended, also when it does not want to', async () => {
    const signer = await open((await service(ed25519(), 'hang', '?timeout=1s')).reference);
    const error = KedgeError.from(await signer.sign(PAYLOAD).catch(KedgeError.from));
    expect([error.code, error.message]).toEqual([
      'UNAVAILABLE',
      `${process.execPath} did not end within 1 s`,
    ]);
  });

  it('ends when the person interrupts', async () => {
    const interrupt = new AbortController();
    const { reference } = await service(ed25519(), 'hang');
    const signer = await open(reference, testHost({ signal: interrupt.signal }));
    const signing = signer.sign(PAYLOAD);
    interrupt.abort();
    expect(await codeOf(signing)).toBe('UNAVAILABLE');
  });

  it.each(['exec:/nonexistent/sign', 'exec:no-such-command-of-any-name'])(
    'that is not there is a CONFIG error: %s',
    async (reference) => {
      expect(await codeOf(open(reference))).toBe('CONFIG');
    },
  );

  it('may open its input by name', async () => {
    // Node gives a child a socket otherwise, which has no name to open.
    const [file, key] = [dir.join('seen'), await dir.write('p.pem', publicPem())];
    const signer = await open(`exec:cp /dev/stdin ${file}?spki=${key}`);
    expect(await codeOf(signer.sign(PAYLOAD))).toBe('PARSE');
    expect(new Uint8Array(await readFile(file))).toEqual(PAYLOAD);
  });

  it('that prints no public key is refused', async () => {
    expect(await codeOf(open("exec:printf 'hello %s'"))).toBe('PARSE');
  });

  it('gets its words without a shell', async () => {
    const file = dir.join('made-by-a-shell');
    expect(await codeOf(open(`exec:echo $(touch ${file}) ; touch ${file}`))).toBe('PARSE');
    expect(existsSync(file)).toBe(false);
  });
});
