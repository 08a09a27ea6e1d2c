import { readFile, rename } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDraft } from '../../src/cli/draft/file.ts';
import { sha256 } from '../../src/core/crypto.ts';
import { parseBundleName, parseSequence, releaseStream } from '../../src/core/ids.ts';
import { makeEvidence } from '../../src/core/trusted/evidence.ts';
import type { NodeConfig } from '../../src/node/config.ts';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { openLevelStore } from '../../src/storage/open-store.ts';
import {
  BUNDLE,
  type CliRealm,
  createCliRealm,
  DRAFT,
  nodeText,
  PASSPHRASE,
  START_MS,
} from './support.ts';

const STREAM = releaseStream(parseBundleName(BUNDLE));
const alone = ['--sign-with', 'signers/ana.age', '--sign-with', 'signers/ben.age', '--yes'];
let nowMs = START_MS;
let realm: CliRealm;
let config: NodeConfig;
let node: RunningNode;
let digests: readonly string[];

/** The same two sign two releases 2, with ledgers that do not know of each other. */
beforeAll(async () => {
  realm = await createCliRealm();
  const text = nodeText();
  config = parseNodeConfig(text, `${realm.cwd}/node.yaml`);
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => nowMs } });
  await stage('CA 1', 'anchor', 'add', '--submit');
  nowMs += 1000;
  const theirs = await stage('CA 2', 'anchor', 'stage', '--ledger', 'second.ledger');
  const ours = await stage('CA 3', 'anchor', 'stage');
  const drafts = [await loadDraft(ours), await loadDraft(theirs)];
  const statements = drafts.map(({ document }) => document.statement);
  digests = statements.map(({ payload }) => sha256(payload));
  expect((await run('release', 'submit', ours)).code).toBe(0);
  await node[Symbol.asyncDispose]();
  const evidence = makeEvidence(STREAM, parseSequence(2), statements);
  {
    await using store = await openLevelStore(config.store.path);
    await store.append({ documents: [], blobs: [], evidence });
  }
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => nowMs } });
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
});

/** Drafts and signs a release; the draft gets a name of its own. */
async function stage(ca: string, ...more: readonly string[]): Promise<string> {
  const [group = '', command = '', ...rest] = more;
  const file = await realm.ca(ca);
  const done = await run(group, command, file, '--bundle', BUNDLE, ...alone, ...rest);
  if (done.code !== 0) throw new Error(done.stderr);
  const draft = `${realm.cwd}/${ca.replace(' ', '-')}.draft.json`;
  if (!more.includes('--submit')) await rename(`${realm.cwd}/${DRAFT}`, draft);
  return draft;
}

async function run(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\nendpoints: ['${node.addresses.clients ?? ''}']\n`,
  );
  const env = { KEDGE_PASSPHRASE: PASSPHRASE, KEDGE_PROFILE: profile };
  return realm.run(argv, { nowMs, env });
}

describe('kedge fork', () => {
  it('shows both statements and who signed both', async () => {
    const { stdout } = await run('fork', 'show', BUNDLE);
    expect(stdout).toContain(`release/${BUNDLE} is forked at sequence 2`);
    for (const digest of digests) expect(stdout).toContain(digest);
    expect(stdout).toContain('Signed both: ana, ben');
    const json = JSON.parse((await run('fork', 'show', '--output', 'json')).stdout) as unknown;
    expect(json).toMatchObject([{ sequence: 2, signedBoth: ['ana', 'ben'] }]);
  });

  it('says by label what each side changes, where it is at hand, and where it is not', async () => {
    const { stdout } = await run('fork', 'show', BUNDLE);
    const [ours, theirs] = digests.map((digest) => digest.slice(0, 8));
    const change = '1 anchor added, 0 gone, 0 changed; trusted anchors: 1 -> 1';
    expect(stdout).toContain(`What ${ours} says, against release 1: ${change}`);
    expect(stdout).toMatch(/\+ add "CA 3" \([0-9a-f]{16}\) as staged[^]*CN=CA 3/);
    expect(stdout).toContain(`What ${theirs} says is not known here: no node`);
    const other = ['--content', `${realm.cwd}/CA-2.draft.json`];
    const both = await run('fork', 'show', BUNDLE, ...other);
    expect(both.stdout).toContain(`What ${theirs} says, against release 1: ${change}`);
    expect(both.stdout).toMatch(/\+ add "CA 2" /);
    const json = JSON.parse((await run('fork', 'show', '--output', 'json')).stdout) as unknown;
    expect(json).toMatchObject([
      {
        statements: expect.arrayContaining([
          expect.objectContaining({
            content: 'known',
            counts: expect.objectContaining({ added: 1 }),
          }),
          expect.objectContaining({ content: 'unknown' }),
        ]) as unknown,
      },
    ]);
  });

  it('refuses a file that is of neither side', async () => {
    await realm.dir.write('other.json', await readFile(`${realm.cwd}/charter-1.json`, 'utf8'));
    const file = `${realm.dir.path}/other.json`;
    const { code, stderr } = await run('fork', 'show', BUNDLE, '--content', file);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is of neither side of the fork')]);
  });

  it('refuses what does not name one of them', async () => {
    const resolve = async (...argv: readonly string[]): Promise<string> =>
      (await run('fork', 'resolve', ...argv)).stderr;
    expect(await resolve(BUNDLE, '--keep', 'abcd')).toContain('neither of the two statements');
    expect(await resolve(BUNDLE, '--keep', 'ab'.repeat(32))).toContain('neither of the two');
    expect(await resolve('public-web', '--keep', 'ab'.repeat(32))).toContain('is not forked');
    expect(await resolve('charter', '--keep', 'ab'.repeat(32))).toContain('of the charters');
  });

  it('drafts the charter that lets one stand, shown to whoever signs it', async () => {
    nowMs += 1000;
    const keep = digests[0] ?? '';
    const resolve = ['fork', 'resolve', BUNDLE, '--keep', keep.slice(0, 12)];
    const drafted = await run(...resolve, '--content', `${realm.cwd}/CA-2.draft.json`);
    expect(drafted.code).toBe(0);
    // Whoever signs has no network, and reads the same.
    const planned = await realm.run(['charter', 'plan', 'charter-2.draft.json'], { nowMs });
    for (const text of [drafted.stdout, planned.stdout]) {
      expect(text).toMatch(/\+ add "CA 3" .* as staged/);
      expect(text).toMatch(/\+ add "CA 2" .* as staged/);
    }
    const row = (word: string, digest: string): RegExp => new RegExp(`${word} +${digest}`);
    expect(drafted.stdout).toContain(`+ fork of release/${BUNDLE} at sequence 2: ${keep} stands`);
    const draft = 'charter-2.draft.json';
    const sign = ['charter', 'sign', draft, '--yes', '--key', realm.key('ana')];
    const signed = await run(...sign, '--key', realm.key('ben'));
    expect(signed.stderr).toMatch(row('stands', keep));
    expect(signed.stderr).toMatch(row('falls', digests[1] ?? ''));
    expect(signed.stderr).toContain('Signed both: ana, ben');
    expect(signed.stderr).toMatch(/\+ add "CA 2" .* as staged/);
    expect((await run('charter', 'submit', draft)).stdout).toContain(
      'Charter version 2 is in force',
    );
    expect((await run('fork', 'show')).stdout).toBe('No stream is forked.\n');
    const shown = await run('charter', 'show');
    expect(shown.stdout).toContain(`release/${BUNDLE} at sequence 2: ${keep} stands`);
    expect(await readFile(`${realm.cwd}/charter-2.json`, 'utf8')).toContain('kedge-document/1');
  });

  it('goes on along the side that stands', async () => {
    nowMs += 1000;
    const list = await run('bundle', 'list', '--output', 'json');
    expect(JSON.parse(list.stdout)).toMatchObject([{ bundle: BUNDLE, sequence: 2 }]);
    await stage('CA 4', 'anchor', 'stage', '--submit');
    const after = await run('bundle', 'list', '--output', 'json');
    expect(JSON.parse(after.stdout)).toMatchObject([{ bundle: BUNDLE, sequence: 3 }]);
    const next = await run('charter', 'rotate', '--note', 'third');
    expect(next.stdout).not.toContain('fork of');
  });
});
