/**
 * The handbook: its commands exist with their options, and runbooks that need no time to pass are
 * run as they are written.
 */
import { copyFile, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, type CommandEntry } from '../../src/cli/command-table.ts';
import { sampleConfig } from '../../src/cli/commands/node-init.ts';
import type { Prompter } from '../../src/cli/context.ts';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { BUNDLE, type CliRealm, type CliRun, createCliRealm, kedge, START_MS } from './support.ts';

const text = await readFile(new URL('../../docs/handbook.md', import.meta.url), 'utf8');

/** The words of each command in a section, or in all of them. */
function commandsOf(section?: string): readonly (readonly string[])[] {
  const parts = text.split(/^## /m);
  const part = section === undefined ? text : parts.find((one) => one.startsWith(section));
  const blocks = [...(part ?? '').matchAll(/^```console\n(.*?)^```$/gms)];
  const lines = blocks.flatMap(([, block = '']) =>
    block
      .replaceAll('\\\n', ' ')
      .split('\n')
      .filter((line) => line.startsWith('$ kedge ')),
  );
  return lines.map((line) =>
    [...line.slice('$ kedge '.length).matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? '',
    ),
  );
}

/** The words that name the command. */
function pathOf(words: readonly string[]): readonly string[] {
  const path: string[] = [];
  let level: readonly CommandEntry[] = COMMANDS;
  for (const word of words) {
    const entry = level.find(({ name }) => name === word);
    if (entry === undefined) break;
    path.push(word);
    level = entry.commands ?? [];
  }
  return path;
}

describe('docs/handbook.md', () => {
  it.each(commandsOf().map((words) => [words.join(' '), words] as const))(
    'says a command that exists: kedge %s',
    async (_, words) => {
      const { code, stdout } = await kedge([...pathOf(words), '--help']);
      expect(code).toBe(0);
      for (const option of words.filter((word) => word.startsWith('--'))) {
        expect(stdout).toContain(`${option} `);
      }
    },
  );
});

describe('a runbook of the handbook', () => {
  let realm: CliRealm;
  let node: RunningNode;
  beforeAll(async () => {
    realm = await createCliRealm('--role', 'revoke=1:ben,cleo');
    const sample = { id: 'iad-1', region: 'iad', realm: 'prod.example.org' };
    const config = sampleConfig({ ...sample, charter: 'charter-1.json', security: 'insecure' });
    const local = config.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:0');
    const clock = { ...systemClock, nowMs: () => START_MS };
    node = await runNode(parseNodeConfig(local, `${realm.cwd}/node.yaml`), { clock });
    for (const name of ['ana', 'ben', 'cleo']) {
      for (const end of ['', '.ledger']) {
        await copyFile(`${realm.cwd}/${realm.key(name)}${end}`, `${realm.cwd}/${name}.age${end}`);
      }
    }
    const both = ['--key', 'ana.age', '--key', 'ben.age', '--yes'];
    const files = [await realm.ca('Payments CA 2024'), await realm.ca('Payments CA 2026')];
    await run(['anchor', 'add', ...files, '--bundle', BUNDLE, ...both]);
  }, 60_000);
  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    await realm[Symbol.asyncDispose]();
  });

  async function run(argv: readonly string[]): Promise<CliRun> {
    const profile = await realm.dir.write(
      'profile.yaml',
      `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
        `node: ${node.addresses.admins ?? ''}\n`,
    );
    const prompter: Prompter = {
      secret: () => Promise.resolve(''),
      confirm: () => Promise.resolve('yes'),
    };
    const env = { KEDGE_PASSPHRASE: 'correct horse battery', KEDGE_PROFILE: profile };
    return realm.run(argv, { env, prompter });
  }

  it('distrusts a CA with one signer', async () => {
    const [revoke = []] = commandsOf('Emergency distrust');
    const { code, stdout } = await run(revoke);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Published release 2')]);
  }, 60_000);

  it('replaces a lost signer', async () => {
    await run(['signer', 'create', 'dora', '--scrypt-work-factor', '10']);
    await copyFile(`${realm.cwd}/dora.age.pub`, `${realm.cwd}/dora.pub`);
    for (const command of commandsOf('Lost signer')) {
      const { code, stderr } = await run(command);
      expect([command.join(' '), code, code === 0 ? '' : stderr]).toEqual([
        command.join(' '),
        0,
        '',
      ]);
    }
    expect((await run(['charter', 'show'])).stdout).toContain('dora');
  }, 60_000);
});
