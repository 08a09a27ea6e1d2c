import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MODULE, makeToken, PARAMS, PIN, whyNoToken } from '../signers/soft-token.ts';
import { answers, BUNDLE, type CliRealm, createCliRealm, DRAFT, PASSPHRASE } from './support.ts';

const why = await whyNoToken();
/** Prints its public key, or signs what it reads. */
const SERVICE = `
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
const [, , file, ask] = process.argv;
const key = createPrivateKey(readFileSync(file));
console.error('vault: ' + (ask ?? 'sign ' + process.env.KEDGE_SIGN_STREAM));
if (ask === 'public-key') {
  process.stdout.write(createPublicKey(key).export({ format: 'der', type: 'spki' }));
} else {
  process.stdout.write(sign('sha256', readFileSync(0), { key }).toString('base64'));
}
`;
let realm: CliRealm;
let state: Readonly<Record<string, string>>;
beforeEach(async () => {
  realm = await createCliRealm();
  state = { KEDGE_PASSPHRASE: PASSPHRASE, XDG_STATE_HOME: realm.dir.join('state') };
});
afterEach(async () => {
  await realm[Symbol.asyncDispose]();
});

async function service(): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const script = await realm.dir.write('vault.mjs', SERVICE);
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const key = await realm.dir.write('vault.pem', pem);
  return `exec:'${process.execPath}' ${script} ${key}`;
}

/** Makes `reference` the key of a new signer, and has the next charter signed with it. */
async function signCharterWith(
  reference: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const shown = await realm.run(['signer', 'show', reference, '--out', 'dora.pub'], { env });
  expect(shown.stderr).not.toContain('KEDGE');
  expect(shown.code).toBe(0);
  const roles = ['--role', 'charter=3', '--role', 'release=3'];
  await realm.run(['charter', 'rotate', '--add-signer', 'dora=dora.pub', ...roles]);
  const argv = ['charter', 'sign', 'charter-2.draft.json', '--yes'];
  const signed = await realm.run([...argv, '--key', 'signers/ana.age', '--key', reference], {
    env,
  });
  expect(signed.stderr).not.toContain('error');
  expect(signed.stdout).toContain('Signed by ana, dora; 1 signature still needed.');
}

describe('kedge signer show', () => {
  it('shows the public key of a key file, which a charter takes', async () => {
    const { keyId, alg, publicKey } = await realm.json<Record<string, string>>([
      ...['signer', 'show', 'signers/ana.age', '--out', 'ana.pub'],
    ]);
    expect([alg, keyId?.length]).toEqual(['ed25519', 64]);
    expect(await readFile(`${realm.cwd}/ana.pub`, 'utf8')).toBe(publicKey);
    const charter = await realm.run(['charter', 'show']);
    expect(charter.stdout).toContain(keyId?.slice(0, 16));
  });

  it('never overwrites, and asks for no passphrase then', async () => {
    const argv = ['signer', 'show', 'signers/ana.age', '--out', 'kedge.yaml'];
    const prompter = answers();
    expect((await realm.run(argv, { env: {}, prompter })).code).not.toBe(0);
    expect(prompter.asked).toEqual([]);
  });
});

describe('--key exec:', () => {
  it('signs a charter, and keeps the ledger by the id of the key', async () => {
    const reference = await service();
    await signCharterWith(reference, state);
    const { keyId } = await realm.json<{ readonly keyId: string }>(['signer', 'show', reference], {
      env: state,
    });
    const folder = realm.dir.join('state', 'kedge', 'ledgers');
    expect(await readdir(folder)).toEqual([`${keyId.slice(0, 32)}.ledger`]);
  });

  it('shows what the command says, and where the ledger must be given', async () => {
    const reference = await service();
    await signCharterWith(reference, state);
    const argv = ['charter', 'sign', 'charter-2.draft.json', '--yes', '--key', reference];
    const homeless = await realm.run(argv, { env: {} });
    expect(homeless.code).toBe(2);
    expect(homeless.stderr).toContain('give --ledger <file>');
    const given = await realm.run([...argv, '--ledger', 'dora.ledger'], { env: {} });
    expect(given.code).toBe(0);
    expect(given.stderr).toContain('vault: sign charter');
  });

  it('says what to do about a command that cannot sign, and changes nothing', async () => {
    await signCharterWith(await service(), state);
    const argv = ['charter', 'sign', 'charter-2.draft.json', '--yes', '--ledger', 'dora.ledger'];
    const pub = realm.dir.join('realm', 'dora.pub');
    const draft = realm.dir.join('realm', 'charter-2.draft.json');
    const before = await readFile(draft);
    for (const [command, code, hint] of [
      ['false', 9, 'run the command by itself until it works'],
      ['echo hello', 3, 'standard output is for the signature alone'],
      ["sh -c 'exit 77'", 8, 'ask whoever gives out the rights of the key service'],
      ["sh -c 'head -c 64 /dev/zero'", 3, 'the signature was thrown away'],
      ["sh -c 'head -c 70000 /dev/zero'", 3, 'docs/signers.md#commands-exec'],
    ] as const) {
      const run = await realm.run([...argv, '--key', `exec:${command}?spki=${pub}`], { env: {} });
      expect([run.code, run.stderr]).toEqual([code, expect.stringContaining(hint)]);
    }
    expect(await readFile(draft)).toEqual(before);
  });

  it('is asked only after the person said yes', async () => {
    await realm.run(['anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE]);
    const prompter = answers('n');
    const argv = ['release', 'sign', DRAFT, '--key', await service()];
    const run = await realm.run(argv, { prompter, env: state });
    expect(run.stderr).not.toContain('vault:');
    expect(run.code).toBe(2);
  });
});

describe.skipIf(why !== undefined)(`--key pkcs11:${why === undefined ? '' : ` ${why}`}`, () => {
  it('signs a charter with a token, and shows its PIN nowhere', async () => {
    await using _token = await makeToken([{ label: 'dora', id: 1, params: PARAMS.ed25519 }]);
    const reference = `pkcs11:token=kedge;object=dora?module-path=${MODULE ?? ''}`;
    await signCharterWith(reference, { ...state, KEDGE_TOKEN_PIN_KEDGE: PIN });
    const wrong = { ...state, KEDGE_TOKEN_PIN: '4711' };
    const run = await realm.run(['signer', 'show', reference], { env: wrong });
    expect(run.code).toBe(8);
    expect(run.stderr).toContain('the PIN is wrong; it was tried once');
    expect(run.stderr).not.toContain('4711');
    const prompter = answers(PIN);
    expect((await realm.run(['signer', 'show', reference], { env: {}, prompter })).code).toBe(0);
    expect(prompter.asked).toEqual(['PIN of token kedge: ']);
  });
});

describe('kedge signer import', () => {
  const importing = ['signer', 'import', 'dora', 'dora.p8', '--scrypt-work-factor', '10'];

  async function write(
    format: 'pem' | 'der',
    encryption: { readonly cipher?: string; readonly passphrase?: string },
  ): Promise<string> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const text = privateKey.export({ format, type: 'pkcs8', ...encryption } as never);
    await writeFile(`${realm.cwd}/dora.p8`, text as string | Buffer);
    return publicKey.export({ format: 'pem', type: 'spki' }).toString();
  }

  it.each(['pem', 'der'] as const)('takes an encrypted key in %s', async (format) => {
    const pub = await write(format, { cipher: 'aes-256-cbc', passphrase: 'of another tool' });
    const env = { KEDGE_PASSPHRASE: PASSPHRASE, KEDGE_OLD_PASSPHRASE: 'of another tool' };
    const run = await realm.run(importing, { env });
    expect(run.stderr).toBe('');
    expect(await readFile(`${realm.cwd}/dora.age.pub`, 'utf8')).toBe(pub);
    const shown = await realm.json<{ readonly publicKey: string }>(['signer', 'show', 'dora.age']);
    expect(shown.publicKey).toBe(pub);
    // The encrypted PKCS#8 file itself can sign too.
    const direct = await realm.json<{ readonly publicKey: string }>(['signer', 'show', 'dora.p8'], {
      env: { KEDGE_PASSPHRASE: 'of another tool' },
    });
    expect(direct.publicKey).toBe(pub);
  });

  it('takes a plain key', async () => {
    await write('pem', {});
    expect((await realm.run(importing)).code).toBe(0);
  });

  it('asks for both passphrases, and leaves nothing behind when the old one is wrong', async () => {
    await write('pem', { cipher: 'aes-256-cbc', passphrase: 'of another tool' });
    const prompter = answers('a wrong one');
    const run = await realm.run(importing, { env: {}, prompter });
    expect(run.code).toBe(8);
    expect(run.stderr).toContain('the passphrase is wrong, or the file was changed');
    expect(run.stderr).toContain('the passphrase that the other tool asks for');
    expect(prompter.asked).toEqual(['Passphrase of dora.p8: ']);
    expect(await readdir(realm.cwd)).not.toContain('dora.age');
    const right = answers('of another tool', PASSPHRASE, PASSPHRASE);
    expect((await realm.run(importing, { env: {}, prompter: right })).code).toBe(0);
  });

  it('refuses a key that no charter could list', async () => {
    const { privateKey } = generateKeyPairSync('x25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await realm.dir.write('realm/dora.p8', pem);
    const run = await realm.run(importing);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('the private key is x25519; a signer has one of ed25519, ');
  });
});

describe('a role that asks for two kinds of keys', () => {
  it('says who has signed with one of them, and that this counts for nothing yet', async () => {
    const options: string[] = [];
    for (const name of ['ana', 'ben', 'cleo']) {
      const out = `${name}-2.age`;
      const kind = ['--algorithm', 'ecdsa-p256-sha256', '--scrypt-work-factor', '10'];
      await realm.run(['signer', 'create', name, '--out', out, ...kind]);
      options.push('--add-key', `${name}=${out}.pub`);
    }
    options.push('--require-alg', 'charter=ed25519,ecdsa-p256-sha256');
    await realm.run(['charter', 'rotate', ...options]);
    const sign = ['charter', 'sign', 'charter-2.draft.json', '--yes', '--key'];
    const half = await realm.run([...sign, realm.key('ana')]);
    expect(half.stdout).toContain('ana counts when a key of ecdsa-p256-sha256 signs too');
    const whole = await realm.run([...sign, 'ana-2.age']);
    expect(whole.stdout).not.toContain('counts when');
    expect(whole.stdout).toContain('Signed by ana; 1 signature still needed');
  });
});
