/**
 * The runbooks of `docs/charter.md`, command by command, against a node.
 *
 * @module
 */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { kedge, nodeText, PASSPHRASE, START_MS } from './support.ts';

let temp: TempDir;
let node: RunningNode | undefined;
let env: Record<string, string> = { KEDGE_PASSPHRASE: PASSPHRASE };

beforeAll(async () => {
  temp = await createTempDir('kedge-ceremonies-');
});

afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await temp[Symbol.asyncDispose]();
});

/** Titles of the sections, each with its commands. */
async function runbooks(): Promise<readonly (readonly [string, readonly string[]])[]> {
  const page = await readFile(new URL('../../docs/charter.md', import.meta.url), 'utf8');
  return page.split(/^## /m).flatMap((section) => {
    const blocks = [...section.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text = '']) => text);
    const commands = blocks.flatMap((block) => block.split('\n').filter((line) => line !== ''));
    return commands.length === 0 ? [] : [[section.split('\n')[0] ?? '', commands] as const];
  });
}

/** The words of `$ kedge …  # comment`; keys that open fast, as real ones are slow on purpose. */
function argvOf(line: string): readonly string[] {
  const [, command = ''] = /^\$ kedge ([^#]*)/.exec(line) ?? [];
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, a, b]) => a ?? b ?? '');
  expect(words.length, line).toBeGreaterThan(1);
  const makesKeys = /^(realm init|signer create) /.test(command);
  return [...words, ...(makesKeys ? ['--scrypt-work-factor', '10'] : [])];
}

async function startNode(realm: string): Promise<void> {
  const text = nodeText();
  const config = parseNodeConfig(text, `${realm}/node.yaml`);
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => START_MS } });
  const profile = await readFile(`${realm}/kedge.yaml`, 'utf8');
  const endpoint = `insecure: true\nnode: ${node.addresses.admins ?? ''}\n`;
  await writeFile(`${realm}/profile.yaml`, profile + endpoint);
  env = { ...env, KEDGE_PROFILE: `${realm}/profile.yaml` };
}

describe('docs/charter.md', { timeout: 60_000 }, () => {
  it('has runbooks that do what they say, one after the other', async () => {
    const realm = temp.join('prod.example.org');
    const prompter = {
      secret: () => Promise.resolve(PASSPHRASE),
      confirm: () => Promise.resolve('yes' as const),
    };
    const submitted: string[] = [];
    for (const [title, commands] of await runbooks()) {
      for (const line of commands) {
        const argv = argvOf(line);
        const cwd = node === undefined && argv[0] === 'realm' ? temp.path : realm;
        const { code, stderr, stdout } = await kedge(argv, { cwd, env, prompter });
        expect(code, `${title}: ${line}\n${stderr}`).toBe(0);
        if (argv[0] === 'realm') await startNode(realm);
        if (argv[1] === 'submit') submitted.push(stdout.split('\n')[0] ?? '');
      }
    }
    expect(submitted).toHaveLength(10);
    expect(submitted.at(-1)).toContain('Charter version 11 is in force');
    const shown = await kedge(['charter', 'show'], { cwd: realm, env });
    expect(shown.stdout).toContain('emil, fay, each with ed25519 and ml-dsa-44');
  });
});
