import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import {
  answers,
  BUNDLE,
  type CliRealm,
  createCliRealm,
  DRAFT,
  nodeText,
  PASSPHRASE,
  START_MS,
} from './support.ts';

const DAY_MS = 86_400_000;
let realm: CliRealm;
let node: RunningNode;
let nowMs = START_MS;
let environment: Record<string, string>;

beforeAll(async () => {
  const offline = 'ana,ben,cleo';
  const roles = [`charter=2:${offline}`, `release=2:${offline}`, 'rollout=2:dee,eli'];
  realm = await createCliRealm(
    ...['--signer', 'dee', '--signer', 'eli'],
    ...roles.flatMap((role) => ['--role', role]),
  );
  const text = nodeText();
  const config = parseNodeConfig(text, `${realm.cwd}/node.yaml`);
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => nowMs } });
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\n`,
  );
  environment = { KEDGE_PASSPHRASE: PASSPHRASE, KEDGE_PROFILE: profile };
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
});

async function run(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  return await realm.run(argv, { nowMs, env: environment });
}

async function json<Value>(...argv: readonly string[]): Promise<Value> {
  return await realm.json<Value>(argv, { nowMs, env: environment });
}

const signer = (name: string): readonly string[] => ['--key', `signers/${name}.age`, '--yes'];
const [ana, ben, cleo] = [signer('ana'), signer('ben'), signer('cleo')];

describe('kedge proposal', () => {
  it('refuses a draft that nobody signed, with what to do', async () => {
    await run('anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE);
    const { code, stderr } = await run('proposal', 'create', DRAFT);
    expect(code).toBe(4);
    expect(stderr).toContain('nobody has signed this draft');
    expect(stderr).toContain('--key <keyfile>');
    expect((await run('proposal', 'list')).stdout).toContain('Nothing is proposed');
  });

  it('proposes, shows and lists what one signed', async () => {
    const created = await run('proposal', 'create', DRAFT, ...ana);
    expect(created.stdout).toContain('signed by ana; 1 signature still needed');
    expect(created.stdout).toMatch(/kedge proposal approve [0-9a-f]{12}/);
    const shown = await run('proposal', 'show', BUNDLE);
    expect(shown.stdout).toContain('+ add "CA 1"');
    expect(shown.stdout).toContain('1 of 2 needed: ana');
    const list = await json<readonly unknown[]>('proposal', 'list');
    expect(list).toMatchObject([{ sequence: 1, standing: 'open', signers: ['ana'] }]);
    const again = await run('proposal', 'create', DRAFT);
    expect(again.stdout).toContain('1 signature still needed');
  });

  it('asks before it signs, and says which proposal it does not know', async () => {
    const prompter = answers('n');
    const approve = ['proposal', 'approve', BUNDLE, '--key', 'signers/ben.age'];
    const { code, stderr } = await realm.run(approve, { nowMs, env: environment, prompter });
    expect(code).toBe(2);
    expect(prompter.asked[0]).toContain(`Sign sequence 1 of release/${BUNDLE}`);
    expect(stderr).toContain('+ add "CA 1"');
    const other = await run('proposal', 'approve', 'nothing.example.org', ...ben);
    expect(other.stderr).toContain('the node has no proposal for');
    const twice = await run('proposal', 'approve', BUNDLE);
    expect(twice.stderr).toContain('the key is not given');
  });

  it('publishes with the last signature, and keeps what was signed', async () => {
    const approved = await run('proposal', 'approve', BUNDLE, ...ben);
    expect(approved.stdout).toContain(`Published: sequence 1 of release/${BUNDLE}`);
    const history = await json<readonly unknown[]>('release', 'history', BUNDLE);
    expect(history).toMatchObject([{ sequence: 1, signers: ['ana', 'ben'] }]);
    const [ended] = await json<readonly { digest: string }[]>('proposal', 'list', '--ended');
    expect(ended).toMatchObject({ standing: 'published', signers: ['ana', 'ben'] });
    const late = await run('proposal', 'approve', ended?.digest ?? '', ...cleo);
    expect(late.stderr).toContain('it is published already as sequence 1');
    const files = await readdir(realm.cwd);
    expect(files).toContain(`${BUNDLE}.${ended?.digest.slice(0, 12) ?? ''}.draft.json`);
  });

  it('goes to a machine without a network and comes back as a file', async () => {
    nowMs += DAY_MS;
    await run('release', 'draft', '--bundle', BUNDLE, '--draft', 'two.json', '--note', 'next');
    await run('proposal', 'create', 'two.json', ...cleo);
    const exported = await run('proposal', 'approve', BUNDLE, '--export', 'stick.json');
    expect(exported.stdout).toContain('There: kedge release sign stick.json');
    await run('release', 'sign', 'stick.json', ...ana);
    const back = await run('proposal', 'approve', '--import', 'stick.json');
    expect(back.stdout).toContain(`Published: sequence 2 of release/${BUNDLE}`);
  });

  it('withdraws, and a watcher hears of it', async () => {
    nowMs += DAY_MS;
    await run('release', 'draft', '--bundle', BUNDLE, '--draft', 'three.json', '--note', 'wrong');
    await run('proposal', 'create', 'three.json', ...ana);
    let seen = '';
    const watch = ['proposal', 'watch', BUNDLE, '--output', 'json'];
    const onStdout = (text: string): void => {
      seen = text;
    };
    const watching = realm.run(watch, { nowMs, env: environment, onStdout });
    await expect.poll(() => seen, { timeout: 60_000 }).toContain('"signers":["ana"]');
    const withdrawn = await run('proposal', 'withdraw', BUNDLE, ...ana);
    expect(withdrawn.stdout).toContain('Withdrawn: the proposal for sequence 3');
    expect(withdrawn.stdout).toContain('signs no other statement for sequence 3');
    const gone = await run('proposal', 'approve', BUNDLE, ...ben);
    expect(gone.stderr).toContain(`no proposal for "${BUNDLE}"; the last one: the proposal`);
    expect(gone.stderr).toContain(`release/${BUNDLE} was withdrawn by ana`);
    await run('release', 'draft', '--bundle', BUNDLE, '--draft', 'mended.json', '--note', 'right');
    const mended = await run('proposal', 'create', 'mended.json', ...ana);
    expect(mended.code).toBe(5);
    expect(mended.stderr).toContain('let signers who have not signed it sign the new draft');
    const again = await run('proposal', 'create', 'three.json');
    expect(again.stderr).toContain('ana has withdrawn this proposal');
    const watched = await watching;
    expect(watched.code).not.toBe(0);
    expect(watched.stderr).toContain('withdrawn by ana');
  });

  it('takes rollouts as well, verified with the release that they name', async () => {
    nowMs += DAY_MS;
    const both = ['ben', 'cleo'].flatMap((name) => ['--sign-with', `signers/${name}.age`]);
    const add = ['anchor', 'add', await realm.ca('CA 2'), '--bundle', BUNDLE, '--waves'];
    const added = await run(...add, '--draft', 'four.json', ...both, '--yes', '--submit');
    expect(added.stderr + added.stdout).toContain('Published release 3');
    await run('rollout', 'start', BUNDLE, '--percent', '5,100', '--draft', 'waves.json');
    const created = await run('proposal', 'create', 'waves.json', ...signer('dee'));
    expect(created.stdout).toContain(`sequence 1 of rollout/${BUNDLE}: signed by dee; 1 signature`);
    const shown = await run('proposal', 'show', `rollout/${BUNDLE}`);
    expect(shown.stdout).toContain(`Rollout 1 of ${BUNDLE}: running`);
    expect(shown.stdout).toContain('1 of 2 needed: dee (may still sign: eli)');
    const read = await json<unknown>('proposal', 'show', `rollout/${BUNDLE}`);
    expect(read).toMatchObject({ to: { sequence: 3 }, signatures: { missing: 1 } });
    const stranger = await run('proposal', 'approve', `rollout/${BUNDLE}`, ...ana);
    expect(stranger.stderr).toContain('belongs to signer ana; its signature would not count here');
    const done = await run('proposal', 'approve', `rollout/${BUNDLE}`, ...signer('eli'));
    expect(done.stdout).toContain(`Published: sequence 1 of rollout/${BUNDLE}`);
    expect(done.stdout).toContain(`See it: kedge rollout status ${BUNDLE}`);
    const paused = ['rollout', 'pause', BUNDLE, '--draft', 'pause.json'];
    await run(...paused);
    await run('proposal', 'create', 'pause.json', ...signer('eli'));
    const next = await run('proposal', 'show', `rollout/${BUNDLE}`);
    expect(next.stdout).toContain('Changes since rollout 1: running → paused');
  });

  it('takes charters as well', async () => {
    const rotate = ['charter', 'rotate', '--note', 'next'];
    const { stdout } = await run(...rotate, '--out', 'shown.json');
    expect(stdout).toContain('or at the nodes: kedge proposal create shown.json --key <keyfile>');
    const drafted = await json<{ readonly draft: string }>(...rotate);
    await run('proposal', 'create', drafted.draft, ...ana);
    const shown = await run('proposal', 'show', 'charter');
    expect(shown.stdout).toContain('Charter version 2 of prod.example.org');
    const done = await run('proposal', 'approve', 'charter', ...ben);
    expect(done.stdout).toContain('Published: sequence 2 of charter');
  });
});
