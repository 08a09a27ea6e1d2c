/**
 * `kedge audit …` against a node that signs for its region, and the export as an auditor checks it.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { BUNDLE, type CliRealm, createCliRealm, nodeText, START_MS } from './support.ts';

const STREAM = `release/${BUNDLE}`;
const SCRIPT = fileURLToPath(new URL('../../docs/verify-export.sh', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/audit.md', import.meta.url));
const run = promisify(execFile);
const began = performance.now();
/** Time as it passes from the start of all test realms. */
const nowMs = (): number => START_MS + Math.floor(performance.now() - began);
const clock: Clock = { ...systemClock, nowMs };
/** The script starts some hundred processes. */
const LONG = { timeout: 120_000 };
const SIGNED = ['--sign-with', 'signers/ana.age', '--sign-with', 'signers/ben.age', '--yes'];
let keys: CliRealm;
let realm: CliRealm;
let node: RunningNode;

interface Entry {
  readonly index: number;
  readonly time: string;
  readonly what: string;
  readonly [key: string]: unknown;
}

beforeAll(async () => {
  keys = await createCliRealm();
  await keys.run(['region', 'key', 'iad']);
  const offline = 'ana,ben,cleo';
  const roles = [`charter=2:${offline}`, `release=2:${offline}`, 'rollout=1:deploy'];
  realm = await createCliRealm(
    ...['--add-region', `iad=${keys.cwd}/region-iad.key.pub`, '--signer', 'deploy'],
    ...roles.flatMap((role) => ['--role', role]),
  );
  const text = nodeText();
  const attesting = `${text}region: { keyFile: ${keys.cwd}/region-iad.key }\n`;
  node = await runNode(parseNodeConfig(attesting, `${realm.cwd}/node.yaml`), { clock });
  const add = ['anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE];
  await good(...add, ...SIGNED, '--submit');
  // Asking has it noted now: by itself a node notes what is soon after each other with one time.
  await good('audit', 'log');
  await good('anchor', 'stage', await realm.ca('CA 2'), '--bundle', BUNDLE, ...SIGNED, '--submit');
});

afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
  await keys[Symbol.asyncDispose]();
});

async function kedge(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  return await kedgeAt(nowMs(), ...argv);
}

async function kedgeAt(atMs: number, ...argv: readonly string[]): ReturnType<CliRealm['run']> {
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\nnodes: [${node.addresses.admins ?? ''}]\n`,
  );
  const env = { KEDGE_PASSPHRASE: 'correct horse battery', KEDGE_PROFILE: profile };
  return realm.run(argv, { nowMs: atMs, env });
}

async function good(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await kedge(...argv);
  expect(code, `kedge ${argv.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

async function json<Value>(...argv: readonly string[]): Promise<Value> {
  return JSON.parse(await good(...argv, '--output', 'json')) as Value;
}

describe('kedge audit log', () => {
  it('lists what was accepted, with who signed it and who brought it', async () => {
    const entries = await json<readonly Entry[]>('audit', 'log', '--kind', 'accepted');
    expect(entries.map(({ stream, sequence }) => [stream, sequence])).toEqual([
      ['charter', 1],
      [STREAM, 1],
      [STREAM, 2],
    ]);
    expect(entries[1]).toMatchObject({
      via: 'admin',
      by: 'plaintext',
      signers: [{ id: 'ana' }, { id: 'ben' }],
    });
    expect(await good('audit', 'log', BUNDLE, '--limit', '1')).toMatch(
      new RegExp(`^#\\d+ {2}\\S+ {2}accepted {2}${STREAM} 2 .* by plaintext {2}signed by ana, ben`),
    );
  });

  it('goes by kind, time and stream, and says when there is nothing', async () => {
    const [started] = await json<readonly Entry[]>('audit', 'log', '--kind', 'node-started');
    expect(started).toMatchObject({ what: 'node-started', via: 'node' });
    expect(await good('audit', 'log', '--since', '0s')).toContain('no such entry');
    const { stderr } = await kedge('audit', 'log', '--kind', 'celebrated');
    expect(stderr).toContain('one of node-started');
  });

  it('puts the logs of all nodes of the profile together', async () => {
    const entries = await json<readonly Entry[]>('audit', 'log', '--all', '--limit', '3');
    expect(entries.map(({ node: id }) => id)).toEqual(['iad-1', 'iad-1', 'iad-1']);
    expect(await good('audit', 'log', '--all')).toMatch(/^iad-1 {2}#0 {2}/);
    expect((await kedge('audit', 'log', '--all', '--watch')).stderr).toContain('CONFIG');
  });

  it('goes on with new entries until it is interrupted', async () => {
    const stop = new AbortController();
    let published: Promise<void> | undefined;
    const profile = join(realm.dir.path, 'profile.yaml');
    await kedge('audit', 'log');
    const { code, stdout } = await realm.run(['audit', 'log', '--watch', '--limit', '2'], {
      nowMs: nowMs(),
      env: { KEDGE_PROFILE: profile },
      signal: stop.signal,
      onStdout: (text) => {
        if (text.includes('release/other.example.org 1')) stop.abort();
        else published ??= publishOther();
      },
    });
    await published;
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(3);
  });
});

/** A release of another bundle. */
async function publishOther(): Promise<void> {
  const add = ['anchor', 'add', await realm.ca('CA 3'), '--bundle', 'other.example.org'];
  await good(...add, ...SIGNED, '--submit');
}

describe('kedge audit verify', () => {
  it('says that the log is whole, signed by the region and as the chains are', async () => {
    const found = await json<Record<string, unknown>>('audit', 'verify');
    expect(found).toMatchObject({
      node: 'iad-1',
      first: 0,
      grown: 'unknown',
      wrong: [],
      unchecked: 0,
    });
    expect(found['seals']).toMatchObject([{ region: 'iad' }]);
    expect(found['matched']).toBeGreaterThanOrEqual(3);
  });

  it('keeps what it verified, and requires that the log grew from it', async () => {
    const first = await good('audit', 'verify', '--checkpoint', 'last.checkpoint');
    expect(first).toContain('grew from the last: nothing to compare yet');
    const saved = join(realm.cwd, 'last.checkpoint');
    const before = await readFile(saved, 'utf8');
    expect(before).toMatch(/^prod\.example\.org\/audit\/iad-1\n\d+\n/);
    const again = await good('audit', 'verify', '--checkpoint', 'last.checkpoint');
    expect(again).toContain('grew from the last: yes');
    await writeFile(saved, before.replace(/\n\d+\n/, '\n999999\n'));
    const shrunk = await kedge('audit', 'verify', '--checkpoint', 'last.checkpoint');
    expect(shrunk.stderr).toContain('ROLLBACK');
    await writeFile(saved, before.replace(/\n(\d+)\n/, '\n2\n'));
    const forged = await kedge('audit', 'verify', '--checkpoint', 'last.checkpoint');
    expect(forged.stderr).toContain('PROOF');
  });
});

describe('kedge audit at', () => {
  it('shows the anchors of a bundle at a time, who signed them and who holds them', async () => {
    const log = await json<readonly Entry[]>('audit', 'log', BUNDLE);
    const first = await json<{ readonly bundles: readonly Record<string, unknown>[] }>(
      ...['audit', 'at', '0s', '--bundle', BUNDLE],
    );
    expect(first.bundles).toMatchObject([
      {
        bundle: BUNDLE,
        sequence: 2,
        signers: ['ana', 'ben'],
        accepted: { time: log.at(-1)?.time, via: 'admin', by: 'plaintext' },
        anchors: expect.arrayContaining([
          expect.objectContaining({ state: 'active', trusted: true }),
          expect.objectContaining({ state: 'staged', trusted: false }),
        ]),
      },
    ]);
    expect(await good('audit', 'at', '0s')).toContain('signed by:');
  });

  it('leaves out what was drafted by then and came to the node later', async () => {
    const log = await json<readonly Entry[]>('audit', 'log', BUNDLE);
    const accepted = log.at(-1)?.time ?? '';
    const before = Date.parse(accepted) - 1;
    const { stdout } = await kedgeAt(before, 'audit', 'at', '0s', '--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      bundles: [{ sequence: 1, later: [{ sequence: 2, accepted }] }],
    });
    const text = await kedgeAt(before, 'audit', 'at', '0s');
    expect(text.stdout).toMatch(/not here yet: +release 2, drafted at .*Z, accepted here at /);
    expect(text.stdout).toMatch(/release 1\n/);
  });

  it('knows times without a release, and before the realm', async () => {
    const { stderr } = await kedge('audit', 'at', '2020-01-01');
    expect(stderr).toContain('GAP');
    expect((await kedge('audit', 'at', 'yesterday')).stderr).toContain('not a time');
  });
});

describe('rollouts in an audit', () => {
  it('are in the log, in what was true at a time, and as their chain is', async () => {
    const waved = ['anchor', 'stage', await realm.ca('CA 3'), '--bundle', BUNDLE, '--waves'];
    await good(...waved, ...SIGNED, '--submit');
    const start = ['rollout', 'start', BUNDLE, '--percent', '5,100'];
    await good(...start, '--sign-with', 'signers/deploy.age', '--yes', '--submit');
    const kinds = ['--kind', 'rollout-step', '--kind', 'wave-opened'];
    await expect
      .poll(async () => await good('audit', 'log', ...kinds), { timeout: 15_000 })
      .toContain('wave canary gets release 3');
    const found = await json<readonly Entry[]>('audit', 'log', '--kind', 'rollout-step');
    expect(found).toMatchObject([
      { stream: `rollout/${BUNDLE}`, reason: 'running: release 3, the others have release 2' },
    ]);
    expect(await json('audit', 'verify')).toMatchObject({ unchecked: 0, wrong: [] });
    const at = await good('audit', 'at', '0s');
    expect(at).toContain('1, running: release 3 to open waves, release 2 to the others');
  });
});

describe('kedge audit export', () => {
  async function requireTools(context: TestContext): Promise<void> {
    for (const tool of ['bash', 'openssl', 'sha256sum', 'jq']) {
      const isThere = await run('sh', ['-c', `command -v ${tool}`]).then(
        () => true,
        () => false,
      );
      if (!isThere) context.skip(`${tool} is not installed: the check needs it`);
    }
  }

  it('writes statements, bodies, anchors, checkpoints and proofs, and nothing twice', async () => {
    await expect
      .poll(async () => (await kedge('log', 'checkpoint', BUNDLE)).code, { timeout: 15_000 })
      .toBe(0);
    await good('audit', 'export', 'export');
    const files = await readdir(join(realm.cwd, 'export'), { recursive: true });
    for (const file of ['1.dsse.json', '1.body.json', '2.tlog-proof', 'checkpoint']) {
      expect(files).toContain(join('streams', STREAM, file));
    }
    expect(files.filter((file) => file.startsWith('anchors/'))).not.toHaveLength(0);
    const again = await kedge('audit', 'export', 'export');
    expect(again.stderr).toContain('not empty');
  });

  it('is verified by kedge audit verify --folder, which finds changes', async () => {
    await good('audit', 'export', 'read-back');
    const verify = ['audit', 'verify', '--folder', 'read-back'];
    expect(await json(...verify)).toMatchObject({ seals: [{ region: 'iad' }], wrong: [] });
    const entries = join(realm.cwd, 'read-back/audit/entries.jsonl');
    const rollout = join(realm.cwd, `read-back/streams/rollout/${BUNDLE}/1.body.json`);
    const plan = await readFile(rollout, 'utf8');
    await writeFile(rollout, plan.replace('running', 'aborted'));
    expect((await kedge(...verify)).stderr).toContain('DIGEST');
    await writeFile(rollout, plan);
    const text = await readFile(entries, 'utf8');
    await writeFile(entries, text.replace('plaintext', 'somebody'));
    expect((await kedge(...verify)).stderr).toContain('PROOF');
    await writeFile(entries, text);
    const body = join(realm.cwd, `read-back/streams/${STREAM}/1.body.json`);
    await writeFile(body, (await readFile(body, 'utf8')).replace('CA 1', 'CA 9'));
    expect((await kedge(...verify)).stderr).toContain('DIGEST');
  });

  it('is checked by hand with the steps of the docs', LONG, async (context) => {
    await requireTools(context);
    await good('audit', 'export', 'audit-2026-11');
    const page = await readFile(PAGE, 'utf8');
    const [, steps = ''] = /Step by step, by hand:\n\n```sh\n(.*?)^```$/ms.exec(page) ?? [];
    const { stdout } = await run('bash', ['-uc', steps], { cwd: realm.cwd });
    expect(stdout.split('\n')[0]).toMatch(/^[0-9a-f]{64} {2}-$/);
    expect(stdout).toMatch(/^([0-9a-f]{64})\n\1 {2}2\.body\.json\nsigned by (ana|ben)\n/m);
  });

  it('is verified by the script in the docs, which finds changes', LONG, async (context) => {
    await requireTools(context);
    const folder = join(realm.cwd, 'checked');
    await good('audit', 'export', 'checked');
    const { stdout } = await run('bash', [SCRIPT, folder, realm.pin]);
    expect(stdout).toContain('GOOD');
    expect(stdout).toContain('audit/checkpoint: cosigned by region iad');
    expect(stdout).toContain(`${STREAM}: 3 statements`);
    expect(stdout).toContain(`rollout/${BUNDLE}: 1 statements`);
    const change = async (path: string, to: (text: string) => string): Promise<string> => {
      const file = join(folder, path);
      const text = await readFile(file, 'utf8');
      await writeFile(file, to(text));
      const outcome = await run('bash', [SCRIPT, folder, realm.pin]).then(
        () => 'GOOD',
        (thrown: unknown) => String(thrown instanceof Error ? thrown.message : thrown),
      );
      await writeFile(file, text);
      return outcome;
    };
    const body = `streams/${STREAM}/1.body.json`;
    expect(await change(body, (text) => text.replace('CA 1', 'CA 9'))).toContain('WRONG');
    const proof = `streams/${STREAM}/2.tlog-proof`;
    expect(await change(proof, (text) => text.replace('index 1', 'index 0'))).toContain('WRONG');
    const entries = 'audit/entries.jsonl';
    expect(await change(entries, (text) => text.replace('plaintext', 'somebody'))).toContain(
      'the audit log was changed',
    );
    await expect(run('bash', [SCRIPT, folder, '0'.repeat(64)])).rejects.toThrow(/pinned/);
  });
});
