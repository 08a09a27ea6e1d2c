/**
 * Work without a node on top of a release that the revoke role signed alone.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUNDLE, type CliRealm, createCliRealm, DRAFT } from './support.ts';

const REVOKE = 'revoke.json';
let realm: CliRealm;

beforeEach(async () => {
  realm = await createCliRealm('--role', 'revoke=1:cleo', '--hold-down', '0s');
  for (const name of ['CA 1', 'CA 2', 'CA 3']) await anchor('add', await realm.ca(name));
  await signAs(DRAFT, 'ana', 'ben');
  await rename(path(DRAFT), path('release-1.json'));
  await revoke('CA 3', 'release-1.json', 'release-2.json');
});
afterEach(async () => {
  await realm[Symbol.asyncDispose]();
});

describe('--base with a release that the revoke role signed alone', () => {
  it('goes on from the record, which carries the release before', async () => {
    const staged = await anchor('stage', await realm.ca('CA 4'), '--base', 'release-2.json');
    expect(staged.code, staged.stderr).toBe(0);
    await signAs(DRAFT, 'ana', 'ben');
    const shown = await realm.json<{ sequence: number; problems: unknown[] }>([
      ...['release', 'show', DRAFT],
    ]);
    expect(shown).toMatchObject({ sequence: 3, problems: [] });
  });

  it('says that the revoke role is enough for what trusts nothing more', async () => {
    await anchor('revoke', 'CA 2', '--base', 'release-2.json', '--draft', 'more.json');
    const taken = (await realm.run(['release', 'show', 'more.json'])).stdout;
    expect(taken).toContain('; or, as it trusts nothing more, 1 of the role revoke (cleo)');
    await anchor('stage', await realm.ca('CA 4'), '--base', 'release-2.json');
    expect((await realm.run(['release', 'show', DRAFT])).stdout).not.toContain('role revoke');
  });

  it('goes on after several in a row', async () => {
    await revoke('CA 2', 'release-2.json', 'release-3.json');
    const draft = await realm.run([
      ...['release', 'draft', '--bundle', BUNDLE, '--base', 'release-3.json'],
    ]);
    expect(draft.code).toBe(0);
    await signAs(DRAFT, 'ana', 'ben');
    expect((await realm.run(['release', 'show', DRAFT])).stdout).toContain('2 of 2 needed');
  });

  it('says what to give where the file carries no release before', async () => {
    const record = JSON.parse(await readFile(path('release-2.json'), 'utf8')) as object;
    const { envelope, body } = record as { readonly envelope: unknown; readonly body: unknown };
    const bare = { format: 'kedge-document/1', envelope, body };
    await writeFile(path('bare.json'), JSON.stringify(bare));
    const run = await realm.run([
      ...['release', 'draft', '--bundle', BUNDLE, '--base', 'bare.json'],
      ...['--charter', 'charter-1.json'],
    ]);
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain('the revoke role alone signed release 2');
    expect(run.stderr).toContain('give the record that kedge release submit kept');
  });

  it('is read like any other release', async () => {
    const { stdout } = await realm.run(['bundle', 'show', '--file', 'release-2.json']);
    expect(stdout).toMatch(/active {2}CA 1/);
    expect(stdout).not.toContain('active  CA 3');
    const diff = await realm.run(['bundle', 'diff', 'release-1.json', 'release-2.json']);
    expect(diff.stdout).toContain('REVOKE "CA 3"');
  });

  it('lacks signatures where it does, whatever the record carries', async () => {
    const unsigned = ['--base', 'release-1.json', '--draft', 'unsigned.json'];
    await anchor('stage', await realm.ca('CA 4'), ...unsigned);
    const run = await realm.run([
      ...['release', 'draft', '--bundle', BUNDLE, '--base', 'unsigned.json'],
    ]);
    expect(run.stderr).toContain('0 of the 2 needed signers');
  });
});

async function revoke(label: string, base: string, record: string): Promise<void> {
  const run = await anchor('revoke', label, '--base', base, '--draft', REVOKE);
  expect(run.code, run.stderr).toBe(0);
  await signAs(REVOKE, 'cleo');
  await rename(path(REVOKE), path(record));
}

function anchor(verb: string, which: string, ...more: readonly string[]): ReturnType<typeof run> {
  return run('anchor', verb, which, '--bundle', BUNDLE, ...more);
}

function run(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  return realm.run(argv);
}

async function signAs(draft: string, ...signers: readonly string[]): Promise<void> {
  for (const signer of signers) {
    const signed = await run('release', 'sign', draft, '--key', realm.key(signer), '--yes');
    expect(signed.code, signed.stderr).toBe(0);
  }
}

function path(name: string): string {
  return `${realm.cwd}/${name}`;
}
