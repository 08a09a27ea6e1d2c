import { chmod, mkdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestPki } from '../../src/testing/pki.ts';
import { BUNDLE, type CliRealm, type CliRun, createCliRealm, DRAFT, START_MS } from './support.ts';

const DAY_MS = 86_400_000;
let realm: CliRealm;
let good: string;
beforeAll(async () => {
  realm = await createCliRealm();
  good = await realm.ca('Payments CA 2024');
});
afterAll(async () => {
  await realm[Symbol.asyncDispose]();
});

let drafts = 0;
/** Adds to a fresh draft of its own, after a good certificate. */
async function addAfterGood(...files: readonly string[]): Promise<CliRun & { unchanged: boolean }> {
  drafts += 1;
  const draft = ['--draft', `draft-${drafts}.json`];
  await realm.run(['anchor', 'add', good, '--bundle', BUNDLE, ...draft]);
  const before = await readFile(`${realm.cwd}/${draft[1] ?? ''}`);
  const run = await realm.run(['anchor', 'add', ...files, '--bundle', BUNDLE, ...draft]);
  const after = await readFile(`${realm.cwd}/${draft[1] ?? ''}`);
  return { ...run, unchanged: before.equals(after) };
}

describe('kedge anchor add', () => {
  it('shows subject, fingerprint, expiry and key of what it adds', async () => {
    const { code, stdout } = await realm.run(['anchor', 'add', good, '--bundle', BUNDLE]);
    expect(code).toBe(0);
    expect(stdout).toContain('+ add "Payments CA 2024"');
    expect(stdout).toContain('as active (trusted) for tls-client, tls-server');
    expect(stdout).toMatch(/subject: CN=Payments CA 2024\n\s+sha256: {2}[0-9a-f]{64}\n/);
    expect(stdout).toMatch(/valid: {3}2026-11-23 to 2026-12-23 \(ends in 30 days\)/);
    expect(stdout).toContain('key:     ec prime256v1, signed with ecdsa-sha256');
    expect(stdout).toContain(`Next: kedge release sign ${DRAFT} --key <keyfile>`);
  });

  it('takes files with many certificates, DER, and standard input', async () => {
    const one = createTestPki({ commonName: 'One', nowMs: START_MS });
    const two = createTestPki({ commonName: 'Two', nowMs: START_MS });
    const three = createTestPki({ commonName: 'Three', nowMs: START_MS });
    const many = await realm.dir.write('many.pem', `# comment\n${one.caPem}\n${two.caPem}`);
    const der = await realm.dir.write('three.der', three.ca.der);
    const added = await addAfterGood(many, der);
    expect(added.code).toBe(0);
    for (const label of ['One', 'Two', 'Three']) expect(added.stdout).toContain(`+ add "${label}"`);
    const four = createTestPki({ commonName: 'Four', nowMs: START_MS });
    const piped = await realm.run(
      ['anchor', 'add', '-', '--bundle', BUNDLE, '--label', 'Number 4', '--draft', 'in.json'],
      { stdin: Buffer.from(four.caPem) },
    );
    expect(piped.stdout).toContain('+ add "Number 4"');
  });

  it('stages later, when the charter has a hold-down', async () => {
    const staged = await realm.run([
      ...['anchor', 'stage', await realm.ca('Staged'), '--bundle', BUNDLE],
      ...['--draft', 'staged.json'],
    ]);
    expect(staged.stdout).toContain('as staged (delivered, not trusted)');
  });

  describe('refuses and leaves the draft as it was:', () => {
    const cases: readonly (readonly [string, () => Promise<string>, RegExp, number])[] = [
      [
        'an expired CA',
        () => realm.ca('Old', { nowMs: START_MS - 40 * DAY_MS }),
        /is refused: it expired at/,
        7,
      ],
      [
        'a certificate that is no CA',
        () =>
          realm.dir.write(
            'leaf.pem',
            createTestPki({ nowMs: START_MS }).issue('leaf').certificatePem,
          ),
        /is refused: it is not a CA/,
        7,
      ],
      ['a duplicate', () => Promise.resolve(good), /exactly this certificate already/, 7],
      ['garbage', () => realm.dir.write('garbage.pem', 'no PEM here'), /neither PEM nor DER/, 3],
      ['an empty file', () => realm.dir.write('empty.pem', ''), /is empty/, 3],
      [
        'a private key',
        () => realm.dir.write('key.pem', createTestPki({ nowMs: START_MS }).ca.keyPem),
        /only PRIVATE KEY/,
        3,
      ],
      [
        'a certificate that was cut short',
        async () => realm.dir.write('cut.pem', (await readFile(good, 'utf8')).slice(0, 300)),
        /has no end/,
        3,
      ],
      [
        'bytes after a DER certificate',
        () =>
          realm.dir.write(
            'more.der',
            Buffer.concat([createTestPki({ nowMs: START_MS }).ca.der, Buffer.from('x')]),
          ),
        /bytes follow the certificate/,
        3,
      ],
      ['no file', () => Promise.resolve('/nowhere/ca.pem'), /there is no such file/, 2],
      ['a directory', () => Promise.resolve(realm.cwd), /it is a directory/, 2],
    ];
    it.each(cases)('%s', async (_, file, message, code) => {
      const run = await addAfterGood(await file());
      expect(run.stderr).toMatch(message);
      expect(run.code).toBe(code);
      expect(run.stdout).toBe('');
      expect(run.unchanged).toBe(true);
    });

    it.skipIf(process.getuid?.() === 0)('a file without permission', async () => {
      const path = await realm.ca('Locked');
      await chmod(path, 0);
      const run = await addAfterGood(path);
      expect([run.code, run.unchanged]).toEqual([10, true]);
      expect(run.stderr).toContain('no permission');
    });
  });

  it('warns of a private key beside a certificate, and keeps it out of the draft', async () => {
    const pki = createTestPki({ commonName: 'With key', nowMs: START_MS });
    const file = await realm.dir.write('with-key.pem', `${pki.ca.keyPem}${pki.caPem}`);
    const added = await realm.run(['anchor', 'add', file, '--bundle', 'keys.example.org']);
    expect(added.code).toBe(0);
    expect(added.stderr).toContain('with-key.pem holds a private key');
    const draft = await readFile(`${realm.cwd}/keys.example.org.draft.json`, 'utf8');
    expect(draft).not.toContain('PRIVATE KEY');
  });

  it('stops at one bad certificate among good ones, unless told to skip it', async () => {
    const old = await realm.ca('Old too', { nowMs: START_MS - 40 * DAY_MS });
    const fresh = await realm.ca('Fresh');
    const stopped = await addAfterGood(fresh, old);
    expect([stopped.code, stopped.unchanged]).toEqual([7, true]);
    expect(stopped.stderr).toContain('1 certificate of 2 may not become an anchor (expired)');
    const skipped = await addAfterGood(fresh, old, '--skip');
    expect(skipped.code).toBe(0);
    expect(skipped.stdout).toContain('+ add "Fresh"');
    expect(skipped.stdout).not.toContain('Old too');
  });

  it('shows no control characters of a hostile certificate', async () => {
    const run = await addAfterGood(await realm.ca('Evil \u001b[2J\u202e CA'));
    expect(run.code).toBe(0);
    expect(run.stdout).not.toContain('\u001b');
    expect(run.stdout).not.toContain('\u202e');
  });
});

describe('kedge anchor', () => {
  it('names the anchors there are when it finds none, or several', async () => {
    await mkdir(`${realm.cwd}/names`);
    const draft = ['--bundle', BUNDLE, '--draft', 'names/d.json'];
    const [a, b] = [
      await realm.ca('Twin'),
      await realm.dir.write('b.pem', createTestPki({ commonName: 'Twin', nowMs: START_MS }).caPem),
    ];
    await realm.run(['anchor', 'add', a, b, ...draft]);
    const none = await realm.run(['anchor', 'remove', 'nope', ...draft]);
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(/"nope" names no anchor of payments.*:\n\s+[0-9a-f]{16} {2}active/);
    const several = await realm.run(['anchor', 'remove', 'Twin', ...draft]);
    expect(several.stderr).toContain('"Twin" means several anchors');
    const byFile = await realm.run(['anchor', 'remove', b, ...draft]);
    expect(byFile.code).toBe(0);
  });

  it('takes an anchor that only the draft has out without a tombstone', async () => {
    const draft = ['--bundle', BUNDLE, '--draft', 'out.json'];
    await realm.run(['anchor', 'add', good, await realm.ca('Second'), ...draft]);
    const run = await realm.json<{ changes: readonly { kind: string }[] }>([
      ...['anchor', 'remove', 'Second', ...draft],
    ]);
    expect(run.changes.map(({ kind }) => kind)).toEqual(['added']);
    const last = await realm.run(['anchor', 'remove', 'Payments CA 2024', ...draft]);
    expect(last.stderr).toContain('this would leave the draft empty');
  });

  it('needs a bundle, a pin and charters, and says where they come from', async () => {
    expect((await realm.run(['anchor', 'add', good])).stderr).toContain('give --bundle <name>');
    const elsewhere = { cwd: realm.dir.path };
    const noPin = await realm.run(['anchor', 'add', good, '--bundle', 'x.org'], elsewhere);
    expect(noPin.stderr).toContain('put `pin: <digest>` in kedge.yaml');
    const noCharter = await realm.run(
      ['anchor', 'add', good, '--bundle', 'x.org', '--pin', realm.pin],
      elsewhere,
    );
    expect(noCharter.stderr).toContain('set `node:` or `charters:` in kedge.yaml');
  });
});

describe('kedge with --sign-with', () => {
  it('leaves the draft alone when nodes would refuse the edit', async () => {
    await using fresh = await createCliRealm();
    await fresh.run(['anchor', 'add', await fresh.ca('CA 1'), '--bundle', BUNDLE]);
    const before = await readFile(`${fresh.cwd}/${DRAFT}`);
    const retire = ['anchor', 'retire', 'CA 1', '--bundle', BUNDLE];
    const run = await fresh.run([...retire, '--sign-with', 'signers/ana.age', '--yes']);
    expect(run.code).toBe(7);
    expect(await readFile(`${fresh.cwd}/${DRAFT}`)).toEqual(before);
  });
});

describe('kedge with --sign-with and a wrong passphrase', () => {
  it('leaves no draft behind that was not there, and an old one as it was', async () => {
    await using fresh = await createCliRealm();
    const ca = await fresh.ca('CA 1');
    const add = ['anchor', 'add', ca, '--bundle', BUNDLE];
    const sign = ['--sign-with', 'signers/ana.age', '--yes'];
    const wrong = { env: { KEDGE_PASSPHRASE: 'not the passphrase' } };
    const first = await fresh.run([...add, ...sign], wrong);
    expect([first.code, first.stderr]).toEqual([8, expect.stringContaining('nothing was signed')]);
    await expect(readFile(`${fresh.cwd}/${DRAFT}`)).rejects.toThrow('ENOENT');
    expect((await fresh.run([...add, ...sign])).code).toBe(0);
    const before = await readFile(`${fresh.cwd}/${DRAFT}`);
    const note = ['release', 'draft', '--bundle', BUNDLE, '--discard-signatures', '--note', 'x'];
    expect((await fresh.run([...note, ...sign], wrong)).code).not.toBe(0);
    expect(await readFile(`${fresh.cwd}/${DRAFT}`)).toEqual(before);
  });
});

describe('kedge peer ca', () => {
  it('says what the CA is for: connections, or programs that trust it by a bundle', async () => {
    await using fresh = await createCliRealm();
    expect((await fresh.run(['peer', 'ca'])).stdout).toContain('caFile of every node');
    const workload = ['peer', 'ca', '--workload', '--realm', 'payments.example.org'];
    const { stdout } = await fresh.run([...workload, '--dir', 'payments']);
    expect(stdout).toContain('Programs of payments.example.org');
    expect(stdout).toContain('kedge anchor add payments/ca.pem --bundle');
    expect(stdout).not.toContain('every node');
  });
});

describe('kedge peer issue', () => {
  it('replaces a pair on request, with all its names and new ones', async () => {
    await using fresh = await createCliRealm();
    await fresh.run(['peer', 'ca']);
    const issue = ['peer', 'issue', 'node/iad-1'];
    await fresh.json([...issue, '--name', 'localhost', '--name', '127.0.0.1']);
    const key = await readFile(`${fresh.cwd}/tls/iad-1.key`);
    const again = await fresh.run([...issue, '--name', 'iad-1']);
    expect([again.code, again.stderr]).toEqual([10, expect.stringContaining('--replace')]);
    expect(await readFile(`${fresh.cwd}/tls/iad-1.key`)).toEqual(key);
    const { names } = await fresh.json<{ readonly names: readonly string[] }>([
      ...issue,
      '--replace',
      '--name',
      'iad-1',
    ]);
    expect(names).toEqual(['localhost', '127.0.0.1', 'iad-1']);
    expect(await readFile(`${fresh.cwd}/tls/iad-1.key`)).not.toEqual(key);
  });

  it('says what to do where there is nothing to replace', async () => {
    await using fresh = await createCliRealm();
    await fresh.run(['peer', 'ca']);
    const none = await fresh.run(['peer', 'issue', 'admin/ana', '--replace']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('leave --replace away')]);
  });

  it('refuses a name that no server can have', async () => {
    await using fresh = await createCliRealm();
    await fresh.run(['peer', 'ca']);
    const run = await fresh.run(['peer', 'issue', 'node/iad-1', '--name', 'not a name']);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('no DNS name or IP address: "not a name"');
  });
});
