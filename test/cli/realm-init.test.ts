import { readdir, readFile, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadDocumentFile } from '../../src/cli/document-file.ts';
import { verifyFirstCharter } from '../../src/core/charter/chain.ts';
import { parseRealmName, parseSha256 } from '../../src/core/ids.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { answers, createCliRealm, kedge, PASSPHRASE } from './support.ts';

let dir: TempDir;
beforeEach(async () => {
  dir = await createTempDir();
});
afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

const FAST = ['--scrypt-work-factor', '10'];

function init(argv: readonly string[], settings = {}): ReturnType<typeof kedge> {
  return kedge(['realm', 'init', 'r.example.org', ...FAST, ...argv], {
    cwd: dir.path,
    ...settings,
  });
}

describe('kedge realm init', () => {
  it('writes a first charter that verifies against the pin, signed by everybody', async () => {
    await using realm = await createCliRealm('--threshold', '2', '--role', 'revoke=1');
    const document = await loadDocumentFile(`${realm.cwd}/charter-1.json`, 'charter');
    const pin = { realm: parseRealmName('prod.example.org'), digest: parseSha256(realm.pin) };
    const { charter, document: verified } = verifyFirstCharter(document, pin);
    expect(verified.statement.signatures).toHaveLength(3);
    expect(charter.signers.map(({ id, owner }) => [id, owner])).toEqual([
      ['ana', 'ana@example.org'],
      ['ben', 'ben'],
      ['cleo', 'cleo'],
    ]);
    expect(charter.roles.charter.threshold).toBe(2);
    expect(charter.roles.revoke).toMatchObject({ threshold: 1 });
    expect(charter.lifecycle.holdDownSeconds).toBe(86_400);
  });

  it('puts whom a role names into that role alone, and says who is in which', async () => {
    const { code, stdout } = await init([
      ...['ana', 'ben', 'cleo', 'rita', 'deploy'].flatMap((id) => ['--signer', id]),
      ...['--role', 'rollout=1:deploy', '--role', 'revoke=1:rita'],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}ana +ana +charter, release +ed25519/m);
    expect(stdout).toMatch(/^ {2}rita +rita +revoke +ed25519/m);
    expect(stdout).toMatch(/^ {2}deploy +deploy +rollout +ed25519/m);
    const document = await loadDocumentFile(dir.path + '/r.example.org/charter-1.json', 'charter');
    expect(document.statement.signatures).toHaveLength(3);
    expect(await readdir(`${dir.path}/r.example.org/signers`)).not.toContain('rita.age.ledger');
  });

  it.each([
    [['revoke=1:ana,ben'], /^error: cleo alone would be/, '--role charter=2:ana,ben,cleo'],
    [['rollout=1:ana,ben,cleo'], /^error: nobody would be/, '--role charter=1:<signer>'],
    [['charter=2:ana,ben', 'revoke=1:cleo'], /in the role release/, 'release=2:ana,ben,cleo'],
    [['charter=1', 'release=2:ben,cleo'], /^error: ana alone would be/, 'charter=2:ana,ben,cleo'],
  ])('asks who is to sign where %j leaves too few of several', async (roles, error, hint) => {
    const signers = ['ana', 'ben', 'cleo'].flatMap((id) => ['--signer', id]);
    const { code, stderr } = await init([...signers, ...roles.flatMap((role) => ['--role', role])]);
    expect(code).toBe(2);
    expect(stderr).toMatch(error);
    expect(stderr).toContain(hint);
  });

  it('encrypts keys, keeps them private, and notes the signature in each ledger', async () => {
    await using realm = await createCliRealm();
    for (const signer of ['ana', 'ben', 'cleo']) {
      const path = `${realm.cwd}/signers/${signer}.age`;
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/);
      expect(await readFile(`${path}.ledger`, 'utf8')).toContain(realm.pin);
    }
  });

  it('says how far the encryption of keys is', async () => {
    const { stderr } = await init(['--signer', 'ana', '--recovery', '1']);
    expect(stderr).toMatch(/^Encrypting 2 keys, .*\n {2}1 of 2: recovery-1\n {2}2 of 2: ana\n$/);
  });

  it('names what comes next: a node, before anchors', async () => {
    const { stdout } = await init(['--signer', 'ana']);
    expect(stdout).toMatch(/\nNext: .*kedge node init.* kedge anchor add .*\n$/);
  });

  it('makes a profile with which commands work at once', async () => {
    await using realm = await createCliRealm();
    const { code, stdout } = await realm.run(['charter', 'show']);
    expect(code).toBe(0);
    expect(stdout).toContain(`${realm.pin} (verified from the pin down)`);
  });

  it.each([
    ['2', 'revoke=1', true],
    ['2', 'revoke=1:ana', true],
    ['2', 'revoke=2', false],
    ['3', 'revoke=1', false],
  ])('with release=%s and %s says what that allows: %s', async (threshold, role, isNoted) => {
    await using realm = await createCliRealm('--threshold', threshold, '--role', role);
    const { stdout } = await realm.run(['charter', 'show']);
    expect(stdout.includes('Note: one signer of the role revoke')).toBe(isNoted);
  });

  it('never overwrites anything, and checks that before it asks for passphrases', async () => {
    await init(['--signer', 'ana']);
    const before = await readFile(dir.join('r.example.org', 'signers', 'ana.age'));
    const prompter = answers();
    const again = await init(['--signer', 'ana'], { env: {}, prompter });
    expect(again.code).toBe(10);
    expect(again.stderr).toContain('exists already and is left as it is');
    expect(prompter.asked).toEqual([]);
    expect(await readFile(dir.join('r.example.org', 'signers', 'ana.age'))).toEqual(before);
  });

  it.each([
    ['no signer', [], /at least one signer/],
    ['a signer twice', ['--signer', 'ana', '--signer', 'ana:x'], /named twice/],
    ['a bad name', ['--signer', '../ana'], /not a signer id/],
    ['a threshold that two groups could reach', fourSigners('--threshold', '2'), /more than half/],
    ['a threshold that nobody can reach', fourSigners('--threshold', '5'), /threshold 5/],
    ['a role for a stranger', ['--signer', 'ana', '--role', 'revoke=1:eve'], /names eve/],
    ['a role that is none', ['--signer', 'ana', '--role', 'king=1'], /not a role/],
    ['an unknown algorithm', ['--signer', 'ana', '--algorithm', 'rsa'], /unknown: "rsa"/],
    ['a duration without a unit', ['--signer', 'ana', '--hold-down', '24'], /not a duration/],
  ])('refuses %s, and writes nothing', async (_, argv, message) => {
    const { code, stderr } = await init(argv);
    expect(code).toBeGreaterThan(1);
    expect(stderr).toMatch(message);
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('asks twice for each passphrase, and makes no key when they differ or are short', async () => {
    const good = answers(PASSPHRASE, PASSPHRASE, 'another passphrase', 'another passphrase');
    const two = ['--signer', 'ana', '--signer', 'ben'];
    expect((await init(two, { env: {}, prompter: good })).code).toBe(0);
    expect(good.asked).toHaveLength(4);
    const differing = { env: {}, prompter: answers(PASSPHRASE, 'correct horse batterie') };
    const other = ['--dir', dir.join('other'), '--signer', 'ana'];
    expect((await init(other, differing)).stderr).toContain('the two passphrases differ');
    const short = await init(other, { env: {}, prompter: answers('short') });
    expect(short.stderr).toContain('too short');
    expect(await readdir(dir.path)).toEqual(['r.example.org']);
  });

  it('says how to give a passphrase when nobody can be asked', async () => {
    const { code, stderr } = await init(['--signer', 'ana.b'], { env: {} });
    expect(code).toBe(2);
    expect(stderr).toContain('set KEDGE_PASSPHRASE_ANA_B, or give --passphrase-file');
  });
});

function fourSigners(...more: readonly string[]): readonly string[] {
  return [...['a', 'b', 'c', 'd'].flatMap((id) => ['--signer', id]), ...more];
}

describe('kedge charter show', () => {
  it('shows a file with its own digest as pin, and says so', async () => {
    await using realm = await createCliRealm();
    const { stdout } = await kedge(['charter', 'show', `${realm.cwd}/charter-1.json`]);
    expect(stdout).toContain(`${realm.pin} (of this file: compare it`);
  });

  it('refuses a charter that is not the pinned one', async () => {
    await using realm = await createCliRealm();
    const { code, stderr } = await realm.run(['charter', 'show', '--pin', 'ab'.repeat(32)]);
    expect(code).toBe(4);
    expect(stderr).toContain('is pinned');
  });

  it('refuses a charter file that was cut short', async () => {
    await using realm = await createCliRealm();
    const whole = await readFile(`${realm.cwd}/charter-1.json`, 'utf8');
    const path = await dir.write('cut.json', whole.slice(0, 500));
    const { code, stderr } = await kedge(['charter', 'show', path]);
    expect(code).toBe(3);
    expect(stderr).toContain('is not JSON');
  });
});

describe('kedge peer', () => {
  it('makes a CA and certificates that name their identity', async () => {
    const run = (argv: readonly string[]): ReturnType<typeof kedge> =>
      kedge(['peer', ...argv, '--realm', 'r.example.org'], { cwd: dir.path });
    expect((await run(['ca'])).code).toBe(0);
    const issued = await run(['issue', 'node/iad-1', '--name', 'iad-1.example.org']);
    expect(issued.stdout).toContain('Issued spiffe://r.example.org/node/iad-1');
    expect((await stat(dir.join('tls', 'iad-1.key'))).mode & 0o777).toBe(0o600);
    expect((await run(['issue', 'node/iad-1', '--name', 'x.example.org'])).code).toBe(10);
    expect((await run(['issue', 'node/fra-1'])).stderr).toContain('needs the names');
    expect((await run(['issue', 'admin/../ana'])).stderr).toContain('not a path of a SPIFFE ID');
    expect((await run(['ca'])).code).toBe(10);
  });
});

describe('kedge signer create', () => {
  it('writes a key file and its public key, and never over another', async () => {
    const run = (): ReturnType<typeof kedge> =>
      kedge(['signer', 'create', 'dora', ...FAST], { cwd: dir.path });
    const made = await run();
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toContain('dora=<file>, or --replace-key for a new key of dora');
    expect(await readFile(dir.join('dora.age.pub'), 'utf8')).toContain('BEGIN PUBLIC KEY');
    expect((await run()).code).toBe(10);
  });
});
