/**
 * Commands that demand the word of regions, against a node that attests for one.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBundleSource } from '../../src/client/source.ts';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { parseNote } from '../../src/core/log/note.ts';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { BUNDLE, type CliRealm, createCliRealm, nodeText, START_MS } from './support.ts';

const STREAM = `release/${BUNDLE}`;
const began = performance.now();
/** Time as it passes from the start of all test realms. */
const nowMs = (): number => START_MS + Math.floor(performance.now() - began);
/** Regions speak every second here. */
const clock: Clock = {
  ...systemClock,
  nowMs,
  setTimer: (delayMs, onDue) => systemClock.setTimer(Math.min(delayMs, 1000), onDue),
};
let keys: CliRealm;
let realm: CliRealm;
let node: RunningNode;

beforeAll(async () => {
  keys = await createCliRealm();
  for (const region of ['iad', 'fra']) await keys.run(['region', 'key', region]);
  const regions = ['iad', 'fra'].flatMap((region) => [
    '--add-region',
    `${region}=${keys.cwd}/region-${region}.key.pub`,
  ]);
  realm = await createCliRealm(...regions, '--role', 'revoke=1:cleo');
  const text = nodeText();
  const attesting = `${text}region: { keyFile: ${keys.cwd}/region-iad.key }\n`;
  node = await runNode(parseNodeConfig(attesting, `${realm.cwd}/node.yaml`), { clock });
  await run('anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE, ...ALONE);
});

afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
  await keys[Symbol.asyncDispose]();
});

const ALONE = [
  '--sign-with',
  'signers/ana.age',
  '--sign-with',
  'signers/ben.age',
  '--yes',
  '--submit',
];

async function run(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\n`,
  );
  const env = { KEDGE_PASSPHRASE: 'correct horse battery', KEDGE_PROFILE: profile };
  return realm.run(argv, { nowMs: nowMs(), env });
}

/** Runs until it goes well: cosigning takes a moment. */
async function runUntilGood(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  await expect.poll(async () => (await run(...argv)).code, { timeout: 15_000 }).toBe(0);
  return run(...argv);
}

describe('kedge log checkpoint', () => {
  it('prints the cosigned head of a stream as a note, for a bundle or a stream', async () => {
    const { stdout } = await runUntilGood('log', 'checkpoint', BUNDLE);
    const { text, signatures } = parseNote(encodeUtf8(stdout));
    expect(text).toMatch(new RegExp(`^prod\\.example\\.org/${STREAM}\\n1\\n`));
    expect(signatures.map(({ name }) => name)).toEqual(['prod.example.org/region/iad']);
    const { stdout: charter } = await runUntilGood('log', 'checkpoint', 'charter');
    expect(charter).toContain('prod.example.org/charter\n1\n');
  });

  it('prints the same as JSON, with who cosigned', async () => {
    const { stdout } = await runUntilGood('log', 'checkpoint', BUNDLE, '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ stream: STREAM, size: 1, regions: ['iad'] });
  });

  it('fails when fewer regions cosigned than are demanded, or the charter has', async () => {
    await runUntilGood('log', 'checkpoint', BUNDLE);
    const two = await run('log', 'checkpoint', BUNDLE, '--regions', '2');
    expect(two.stderr).toContain('QUORUM');
    const three = await run('log', 'checkpoint', BUNDLE, '--regions', '3');
    expect(three.stderr).toContain('POLICY');
    const none = await run('log', 'checkpoint', BUNDLE, '--regions', '0');
    expect(none.stderr).toContain('CONFIG');
  });

  it('fails for a stream of which nothing is held, and says which there are', async () => {
    const { stderr } = await run('log', 'checkpoint', 'other.example.org');
    expect(stderr).toContain('CONFIG');
    expect(stderr).toContain(`there are: ${BUNDLE}`);
  });
});

describe('commands with --require-regions and --fresh-within', () => {
  it('read what enough regions vouch for', async () => {
    const demand = ['--require-regions', '1', '--fresh-within', '2m'];
    await runUntilGood('bundle', 'show', BUNDLE, ...demand);
    for (const command of [
      ['bundle', 'list'],
      ['bundle', 'export', BUNDLE],
      ['release', 'history', BUNDLE],
      ['charter', 'show'],
    ]) {
      expect(await run(...command, ...demand), command.join(' ')).toMatchObject({ code: 0 });
    }
  });

  it('fail with QUORUM, POLICY or STALE otherwise', async () => {
    await runUntilGood('bundle', 'show', BUNDLE, '--fresh-within', '2m');
    const two = await run('bundle', 'show', BUNDLE, '--require-regions', '2');
    expect(two).toMatchObject({ code: 4 });
    expect(two.stderr).toContain('1 of 2 needed regions cosigned');
    const three = await run('bundle', 'show', BUNDLE, '--require-regions', '3');
    expect(three.stderr).toContain('POLICY');
    const now = await run('bundle', 'show', BUNDLE, '--fresh-within', '0');
    expect(now.stderr).toContain('STALE');
  });

  it('read a revocation that the revoke role signed alone', async () => {
    await run('anchor', 'stage', await realm.ca('CA 2'), '--bundle', BUNDLE, ...ALONE);
    const revoke = ['anchor', 'revoke', 'CA 2', '--bundle', BUNDLE, '--yes'];
    const done = await run(...revoke, '--key', realm.key('cleo'));
    expect(done.stdout, done.stderr).toContain('Published release 3');
    const demand = ['--require-regions', '1', '--fresh-within', '2m'];
    const { stdout } = await runUntilGood('bundle', 'show', BUNDLE, ...demand);
    expect(stdout).toContain('1 trusted, 0 staged');
    const two = await run('bundle', 'show', BUNDLE, '--require-regions', '2');
    expect(two.stderr).toContain('1 of 2 needed regions cosigned');
    await using source = await openBundleSource({
      realm: 'prod.example.org',
      firstCharterDigest: realm.pin,
      endpoints: [node.addresses.clients ?? ''],
      insecure: true,
      bundles: [BUNDLE],
      requireRegions: 1,
      clock,
    });
    await source.ready({ timeoutMs: 15_000 });
    expect(source.bundle(BUNDLE)?.sequence).toBe(3);
  });

  it('ask the regions of the charter that is known about the next one', async () => {
    const draft = 'charter-2.draft.json';
    const keys = ['--key', realm.key('ana'), '--key', realm.key('ben')];
    await run('charter', 'rotate', '--note', 'second');
    await run('charter', 'sign', draft, '--yes', ...keys);
    const submitted = await run('charter', 'submit', draft);
    expect(submitted, submitted.stderr).toMatchObject({ code: 0 });
    await runUntilGood('charter', 'show', '--require-regions', '1');
    const two = await run('charter', 'show', '--require-regions', '2');
    expect(two.stderr).toContain('1 of 2 needed regions of charter 1 cosigned charter 2');
    const { stdout } = await run('charter', 'show', '--output', 'json');
    const { digest } = JSON.parse(stdout) as { readonly digest: string };
    const known = ['--require-regions', '2', '--known-charter', digest];
    expect((await run('charter', 'show', ...known)).stderr).toContain(
      '1 of 2 needed regions cosigned charter at 2',
    );
  });

  it('do not take files, for which no region vouches', async () => {
    const files = ['--charter', `${realm.cwd}/charter-1.json`];
    const { stderr } = await run('charter', 'show', ...files, '--require-regions', '1');
    expect(stderr).toContain('no region vouches for a file');
  });
});
