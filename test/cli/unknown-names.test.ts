/** A bundle that is mistyped: every command that reads refuses it, and says which there are. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import {
  BUNDLE,
  type CliRealm,
  type CliRun,
  createCliRealm,
  nodeText,
  START_MS,
} from './support.ts';

const TYPO = 'paymnets.prod.example.org';
let realm: CliRealm;
let node: RunningNode;
let profile: string;

beforeAll(async () => {
  realm = await createCliRealm();
  const config = parseNodeConfig(nodeText(), `${realm.cwd}/node.yaml`);
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => START_MS } });
  const address = node.addresses.admins ?? '';
  profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\nnode: ${address}\n` +
      `nodes: ['${address}']\n`,
  );
  const signed = ['--sign-with', 'signers/ana.age', '--sign-with', 'signers/ben.age', '--yes'];
  const add = ['anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE, ...signed];
  const { code, stderr } = await run(...add, '--submit');
  if (code !== 0) throw new Error(stderr);
});

afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
});

function run(...argv: readonly string[]): Promise<CliRun> {
  return realm.run(['--profile', profile, ...argv]);
}

describe('the name of a bundle that nobody has', () => {
  it.each([
    ['audit', 'log', TYPO],
    ['audit', 'log', TYPO, '--all'],
    ['audit', 'log', `rollout/${TYPO}`],
    ['audit', 'at', '1s', '--bundle', TYPO],
    ['adoption', TYPO],
    ['adoption', TYPO, '--behind'],
    ['rollout', 'status', TYPO],
    ['rollout', 'pause', TYPO],
    ['rollout', 'start', TYPO],
    ['rotate', 'status', TYPO],
    ['fork', 'show', TYPO],
    ['log', 'checkpoint', TYPO],
    ['bundle', 'show', TYPO],
    ['release', 'history', TYPO],
    ['plan', '--bundle', TYPO],
  ])('is refused by kedge %s %s, case %#', async (...argv) => {
    const { code, stdout, stderr } = await run(...argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: there is no (bundle|release of|stream) .*paymnets/);
    expect(stderr).toContain(BUNDLE);
  });

  it('is not the name of one of which there is nothing to tell', async () => {
    const known = await run('audit', 'log', BUNDLE, '--kind', 'refused');
    expect([known.code, known.stdout]).toEqual([0, 'There is no such entry.\n']);
    const fork = await run('fork', 'show', BUNDLE);
    expect([fork.code, fork.stdout]).toEqual([0, `release/${BUNDLE} is not forked.\n`]);
  });

  it('shows a bundle once, however often it is named', async () => {
    const twice = ['--bundle', BUNDLE, '--bundle', BUNDLE];
    const { code, stdout } = await realm.run(
      ['--profile', profile, 'audit', 'at', '0s', ...twice, '--output', 'json'],
      { nowMs: START_MS + 60_000 },
    );
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { readonly bundles: readonly unknown[] }).bundles).toHaveLength(
      1,
    );
  });
});
