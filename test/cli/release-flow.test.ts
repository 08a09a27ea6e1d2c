import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadDraft } from '../../src/cli/draft/file.ts';
import { verifyRealm } from '../../src/cli/realm/trust.ts';
import { parseSha256 } from '../../src/core/ids.ts';
import { acceptDocument } from '../../src/core/trusted/accept.ts';
import { answers, BUNDLE, type CliRealm, createCliRealm, DRAFT, START_MS } from './support.ts';

const DAY_MS = 86_400_000;
let realm: CliRealm;
beforeEach(async () => {
  realm = await createCliRealm();
  await realm.run(['anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE]);
});
afterEach(async () => {
  await realm[Symbol.asyncDispose]();
});

const sign = (signer: string, ...more: readonly string[]): readonly string[] => [
  ...['release', 'sign', DRAFT, '--key', `signers/${signer}.age`, '--yes'],
  ...more,
];
const path = (name: string): string => `${realm.cwd}/${name}`;

async function tamper(change: (file: Record<string, unknown>) => void): Promise<void> {
  const file = JSON.parse(await readFile(path(DRAFT), 'utf8')) as Record<string, unknown>;
  change(file);
  await writeFile(path(DRAFT), JSON.stringify(file));
}

function base64Edit(text: unknown, from: string, to: string): string {
  const plain = Buffer.from(String(text), 'base64').toString();
  if (!plain.includes(from)) throw new Error(`no ${from} in ${plain}`);
  return Buffer.from(plain.replace(from, to)).toString('base64');
}

describe('kedge release sign', () => {
  it('gives a release that the core accepts, when two people sign without a network', async () => {
    const first = await realm.run(sign('ana'));
    expect(first.stdout).toContain('Signed by ana; 1 signature still needed.');
    const second = await realm.run(sign('cleo'));
    expect(second.stdout).toContain('Signed by ana, cleo: complete. Next: kedge release submit');
    const draft = await loadDraft(path(DRAFT));
    const pin = { digest: parseSha256(realm.pin), realm: undefined };
    const state = verifyRealm(pin, { charters: draft.charters }, START_MS);
    const offer = { chain: [draft.document.statement], body: draft.document.body };
    const accepted = acceptDocument(state, { ...offer, mode: 'linked' }, START_MS);
    expect(accepted.outcome).toBe('accepted');
  });

  it('shows what changes before it asks, and signs nothing when the answer is no', async () => {
    const prompter = answers('n');
    const argv = ['release', 'sign', DRAFT, '--key', realm.key('ana')];
    const run = await realm.run(argv, { prompter, env: {} });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('+ add "CA 1"');
    expect(run.stderr).toContain('not confirmed; nothing was done');
    expect(prompter.asked).toEqual([`Sign sequence 1 of release/${BUNDLE} with 1 key?`]);
    expect((await loadDraft(path(DRAFT))).document.statement.signatures).toEqual([]);
  });

  it('says one thing for a wrong passphrase, and signs nothing', async () => {
    const run = await realm.run(sign('ana'), { env: { KEDGE_PASSPHRASE: 'wrong passphrase' } });
    expect(run.code).toBe(8);
    expect(run.stderr).toContain('the passphrase is wrong or the file was changed');
    const ledger = await readFile(path(`${realm.key('ana')}.ledger`), 'utf8');
    expect(ledger).not.toContain(BUNDLE);
  });

  it('prefers the passphrase of the signer over the common one, and reads files', async () => {
    const env = { KEDGE_PASSPHRASE_ANA: 'correct horse battery', KEDGE_PASSPHRASE: 'wrong one' };
    expect((await realm.run(sign('ana'), { env })).code).toBe(0);
    const file = await realm.dir.write('pass', 'correct horse battery\n');
    expect((await realm.run(sign('ben', '--passphrase-file', file), { env: {} })).code).toBe(0);
  });

  it('counts a signer once, however often they sign', async () => {
    await realm.run(sign('ana'));
    const again = await realm.run(sign('ana'));
    expect(again.stdout).toContain('Signed by ana; 1 signature still needed.');
  });

  it('refuses a second statement for a sequence, also when the first draft is gone', async () => {
    await realm.run(sign('ana'));
    await rm(path(DRAFT));
    await realm.run(['anchor', 'add', await realm.ca('CA 2'), '--bundle', BUNDLE]);
    const run = await realm.run(sign('ana'));
    expect(run.code).toBe(5);
    expect(run.stderr).toContain('this signer has signed another statement');
    expect((await loadDraft(path(DRAFT))).document.statement.signatures).toEqual([]);
  });

  it('refuses a key that the charter does not know for this bundle', async () => {
    await realm.run(['signer', 'create', 'eve', '--scrypt-work-factor', '10']);
    const run = await realm.run(['release', 'sign', DRAFT, '--key', 'eve.age', '--yes']);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('belongs to nobody in the charter');
  });

  it('refuses a draft that nodes would refuse', async () => {
    const late = { nowMs: START_MS + 400 * DAY_MS };
    const run = await realm.run(sign('ana'), late);
    expect(run.code).toBe(6);
    expect(run.stderr).toContain('not signed, because nodes would refuse it: the draft expired');
  });

  it('refuses a draft of another realm', async () => {
    await using other = await createCliRealm();
    await copyFile(path(DRAFT), `${other.cwd}/${DRAFT}`);
    const run = await other.run(sign('ana'));
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('is pinned');
  });
});

describe('a tampered draft', () => {
  const cases: readonly (readonly [string, (file: Record<string, unknown>) => void, number])[] = [
    [
      'with another content',
      (file) => (file['body'] = base64Edit(file['body'], 'CA 1', 'CA X')),
      3,
    ],
    [
      'with another sequence',
      (file) => {
        const envelope = file['envelope'] as Record<string, unknown>;
        envelope['payload'] = base64Edit(envelope['payload'], '"sequence":1', '"sequence":2');
      },
      5,
    ],
    [
      'with a charter of its own',
      (file) => {
        const [charter] = file['charters'] as [Record<string, unknown>];
        charter['body'] = base64Edit(charter['body'], '"threshold":2', '"threshold":1');
      },
      3,
    ],
    ['without its charters', (file) => (file['charters'] = []), 5],
    ['without its certificates', (file) => (file['blobs'] = []), 3],
    ['with a base that is no release', (file) => (file['base'] = file['body']), 3],
    ['of another format', (file) => (file['format'] = 'kedge-draft/9'), 3],
    ['with an unknown envelope', (file) => (file['envelope'] = { payload: 'x' }), 3],
  ];
  it.each(cases)('%s is refused by show and sign', async (_, change, code) => {
    await tamper(change);
    expect((await realm.run(['release', 'show', DRAFT])).code).toBe(code);
    const signed = await realm.run(sign('ana'));
    expect(signed.code).toBe(code);
    expect(signed.stdout).toBe('');
    const ledger = await readFile(path(`${realm.key('ana')}.ledger`), 'utf8');
    expect(ledger).not.toContain(BUNDLE);
  });

  it('with garbage among its signatures counts only the good ones', async () => {
    await realm.run(sign('ana'));
    await tamper((file) => {
      const envelope = file['envelope'] as { signatures: unknown[] };
      envelope.signatures.unshift({ keyid: '', sig: Buffer.alloc(64).toString('base64') });
    });
    const { stdout } = await realm.run(['release', 'show', DRAFT]);
    expect(stdout).toContain('1 of 2 needed: ana (may still sign: ben, cleo)');
  });
});

describe('kedge anchor on a draft that somebody signed', () => {
  it('is refused, unless the signatures are given up', async () => {
    await realm.run(sign('ana'));
    const stage = ['anchor', 'add', await realm.ca('CA 2'), '--bundle', BUNDLE];
    const refused = await realm.run(stage);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('has 1 signature already');
    const forced = await realm.run([...stage, '--discard-signatures']);
    expect(forced.code).toBe(0);
    expect((await realm.run(sign('ben'))).stdout).toContain('1 signature still needed');
    expect((await realm.run(sign('ana'))).code).toBe(5);
  });
});

describe('kedge release merge', () => {
  it('joins the signatures of copies', async () => {
    await copyFile(path(DRAFT), path('copy.json'));
    await realm.run(sign('ana'));
    await realm.run(['release', 'sign', 'copy.json', '--key', realm.key('ben'), '--yes']);
    const run = await realm.run(['release', 'merge', DRAFT, 'copy.json']);
    expect(run.stdout).toContain('has 2 signatures now');
    const { stdout } = await realm.run(['release', 'show', DRAFT]);
    expect(stdout).toContain('2 of 2 needed: ana, ben');
  });

  it('refuses a copy that says something else', async () => {
    await realm.run([
      'anchor',
      'add',
      await realm.ca('CA 2'),
      '--bundle',
      BUNDLE,
      '--draft',
      'o.json',
    ]);
    const run = await realm.run(['release', 'merge', DRAFT, 'o.json']);
    expect(run.code).toBe(5);
    expect(run.stderr).toContain('nothing was joined');
  });
});

describe('a next release without a node', () => {
  async function publishByFile(): Promise<void> {
    await realm.run(sign('ana'));
    await realm.run(sign('ben'));
    await rename(path(DRAFT), path('release-1.json'));
  }

  it('builds on the file of the one before, and restamps its changes at each edit', async () => {
    await publishByFile();
    const base = ['--bundle', BUNDLE, '--base', 'release-1.json'];
    await realm.run(['anchor', 'stage', await realm.ca('CA 2'), ...base]);
    const later = { nowMs: START_MS + 3_600_000 };
    await realm.run(['anchor', 'add', await realm.ca('CA 3'), ...base], later);
    const shown = await realm.json<{
      sequence: number;
      issued: string;
      changes: readonly { anchor: { state: string; since: string } }[];
      problems: readonly unknown[];
    }>(['release', 'show', DRAFT], later);
    expect(shown.sequence).toBe(2);
    expect(shown.changes.map(({ anchor }) => [anchor.state, anchor.since])).toEqual([
      ['staged', shown.issued],
      ['staged', shown.issued],
    ]);
    expect(shown.problems).toEqual([]);
  });

  it('warns of what the key signed before: another one below, and a later one (J05)', async () => {
    await publishByFile();
    const base = ['--bundle', BUNDLE, '--base', 'release-1.json'];
    await realm.run(['anchor', 'stage', await realm.ca('CA 2'), ...base]);
    const ledger = path(`${realm.key('ana')}.ledger`);
    const noted = await readFile(ledger, 'utf8');
    expect((await realm.run(sign('ben'))).stderr).not.toContain('this key');
    const line = noted.split('\n').find((one) => one.includes(`release/${BUNDLE}`)) ?? '';
    const other = line.replace(/[0-9a-f]{64}/, 'ab'.repeat(32));
    await writeFile(ledger, noted.replace(line, other));
    const apart = await realm.run(sign('ana'));
    expect(apart.stderr).toContain('this key signed another sequence 1 than the one that this');
    const later = other.replace('"sequence":1', '"sequence":3');
    await writeFile(ledger, `${noted}${later}\n`);
    const behind = await realm.run(sign('ana'));
    expect(behind.stderr).toContain('this key has signed the later sequence 3 already');
  });

  it('warns at the edit and refuses to sign while the hold-down runs', async () => {
    await publishByFile();
    const base = ['--bundle', BUNDLE, '--base', 'release-1.json'];
    const staged = await realm.run(['anchor', 'stage', await realm.ca('CA 2'), ...base]);
    const wait = '"CA 2" may become active in a release that is drafted at 2026-11-24T10:00:00Z or';
    expect(staged.stdout).toContain(wait);
    expect((await realm.run(['release', 'show', DRAFT])).stdout).toContain(wait);
    const second = { nowMs: START_MS + 1000 };
    await realm.run(sign('ana'), second);
    await realm.run(sign('ben'), second);
    await rename(path(DRAFT), path('release-2.json'));
    const next = ['--bundle', BUNDLE, '--base', 'release-2.json'];
    const early = await realm.run(['anchor', 'activate', 'CA 2', ...next], second);
    expect(early.code).toBe(0);
    expect(early.stderr).toContain(
      'may not become active before 2026-11-24T10:00:00Z: the hold-down is counted from ' +
        '2026-11-23T10:00:00Z, when the release that made it staged was drafted',
    );
    const refused = await realm.run(sign('ana'), second);
    expect(refused.code).toBe(7);
    const after = { nowMs: START_MS + 2 * DAY_MS };
    await rm(path(DRAFT));
    const late = await realm.run(['anchor', 'activate', 'CA 2', ...next], after);
    expect(late.stderr).toBe('');
    expect((await realm.run(sign('ana'), after)).code).toBe(0);
  });

  it('may empty a purpose only when the charter role signs too', async () => {
    await publishByFile();
    const base = ['--bundle', BUNDLE, '--base', 'release-1.json'];
    const run = await realm.run(['anchor', 'revoke', 'CA 1', ...base]);
    expect(run.stdout).toContain('- REVOKE "CA 1"');
    expect(run.stderr).toContain('leaves nothing trusted for tls-client, tls-server');
    expect((await realm.run(['release', 'show', DRAFT])).stdout).toContain(
      'The charter role (2 of ana, ben, cleo) may allow it by signing this draft too',
    );
    expect((await realm.run(sign('ana'))).code).toBe(0);
    const both = await realm.run(sign('ben'));
    expect(both.stdout).toContain('complete');
    expect((await realm.run(['release', 'show', DRAFT])).stdout).not.toContain('will refuse');
  });

  it('is refused on top of a file of another bundle', async () => {
    await publishByFile();
    const run = await realm.run([
      ...['anchor', 'stage', await realm.ca('CA 2'), '--bundle', 'other.example.org'],
      ...['--base', 'release-1.json'],
    ]);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('is not one of other.example.org');
  });

  it('can be read back: show, export, diff', async () => {
    await publishByFile();
    const shown = await realm.run(['bundle', 'show', '--file', 'release-1.json']);
    expect(shown.stdout).toMatch(/active {2}CA 1 {3}2026-12-23/);
    const pem = await realm.run(['bundle', 'export', '--file', 'release-1.json']);
    expect(pem.stdout).toContain('-----BEGIN CERTIFICATE-----');
    const json = await realm.run([
      ...['bundle', 'export', '--file', 'release-1.json', '--output', 'json'],
    ]);
    expect(JSON.parse(json.stdout)).toMatchObject({ anchors: [{ label: 'CA 1' }] });
    const none = ['bundle', 'export', '--file', 'release-1.json', '--purpose', 'jwt'];
    expect((await realm.run([...none, '--out', 'x.pem'])).code).toBe(7);
    const diff = await realm.run(['bundle', 'diff', 'release-1.json', 'release-1.json']);
    expect(diff.stdout).toContain('nothing changes');
  });
});
