/**
 * Drafts that somebody signed before the charter changed: who signed cannot sign another one for
 * the sequence, so they go on under the new charter.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import {
  BUNDLE,
  type CliRealm,
  createCliRealm,
  nodeText,
  PASSPHRASE,
  START_MS,
} from './support.ts';

let realm: CliRealm;
let node: RunningNode;
let nowMs = START_MS;
let env: Record<string, string>;

beforeAll(async () => {
  realm = await createCliRealm('--hold-down', '0');
  const config = parseNodeConfig(nodeText(), `${realm.cwd}/node.yaml`);
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => nowMs } });
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\n`,
  );
  env = { KEDGE_PASSPHRASE: PASSPHRASE, KEDGE_PROFILE: profile };
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
});

async function run(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  return await realm.run(argv, { nowMs, env });
}

async function done(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...argv);
  expect(code, `${argv.join(' ')}\n${stderr}`).toBe(0);
  return stdout + stderr;
}

const key = (name: string): readonly string[] => ['--key', name, '--yes'];

/** A draft that ben alone has signed. */
async function draftOfBen(ca: string, file: string): Promise<void> {
  nowMs += 1000;
  await done('anchor', 'stage', await realm.ca(ca), '--bundle', BUNDLE, '--draft', file);
  await done('release', 'sign', file, ...key(realm.key('ben')));
}

/** A charter that gives cleo the key of a new file, by the two others. */
async function replaceKeyOfCleo(version: number, file: string): Promise<void> {
  nowMs += 1000;
  await done('signer', 'create', 'cleo', '--out', file, '--scrypt-work-factor', '10');
  await done('charter', 'rotate', '--replace-key', `cleo=${file}.pub`);
  const draft = `charter-${String(version)}.draft.json`;
  await done(
    ...['charter', 'sign', draft],
    ...key(realm.key('ana')),
    ...['--key', realm.key('ben')],
  );
  await done('charter', 'submit', draft);
  nowMs += 1000;
}

describe('a draft from before a charter', () => {
  it('is proposed, shown, approved and published under the new one', async () => {
    await draftOfBen('CA 1', 'first.json');
    await done('proposal', 'create', 'first.json');
    await replaceKeyOfCleo(2, 'cleo-2.age');
    const shown = await done('proposal', 'show', BUNDLE);
    expect(shown).toContain('1 of 2 needed: ben');
    expect(shown).toContain('version 1, judged by version 2');
    expect(await done('proposal', 'approve', BUNDLE, ...key('cleo-2.age'))).toContain('Published');
    expect(await done('bundle', 'show', BUNDLE)).toContain('release 1');
    expect(await done('release', 'history', BUNDLE)).toContain('ben, cleo');
    expect(await done('audit', 'verify')).toContain('is whole');
  });

  it('is signed and handed in as a file by who has a key now', async () => {
    await draftOfBen('CA 2', 'second.json');
    await replaceKeyOfCleo(3, 'cleo-3.age');
    const signed = await done('release', 'sign', 'second.json', ...key('cleo-3.age'));
    expect(signed).toContain('complete');
    expect(await done('release', 'submit', 'second.json')).toContain('Published release 2');
    const record = `${BUNDLE}.release-2.json`;
    const offline = await run('bundle', 'show', '--file', record, '--charter', record);
    expect(offline.stderr).not.toContain('THRESHOLD');
  });

  it('is proposed with a signature of who has a key now', async () => {
    await draftOfBen('CA 3', 'third.json');
    await replaceKeyOfCleo(4, 'cleo-4.age');
    const created = await done('proposal', 'create', 'third.json', ...key('cleo-4.age'));
    expect(created).toContain('Published');
  });

  it('is withdrawn by who signed it', async () => {
    await draftOfBen('CA 4', 'fourth.json');
    await done('proposal', 'create', 'fourth.json');
    await replaceKeyOfCleo(5, 'cleo-5.age');
    const withdrawn = await done('proposal', 'withdraw', BUNDLE, ...key(realm.key('ben')));
    expect(withdrawn).toContain('Withdrawn');
  });
});
