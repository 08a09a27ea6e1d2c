/** Options that may be given once for each name: a second one of a name never wins silently. */
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { createCliRealm, kedge } from './support.ts';

let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir('kedge-cli-');
});

afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

describe('an option that is given twice for one name', () => {
  const init = ['realm', 'init', 'r.example.org', '--signer', 'ana', '--signer', 'ben'];
  const rotate = ['charter', 'rotate'];
  it.each([
    [init, '--role', 'release=2', 'release=1:ben', 'release', '--role release=<threshold>'],
    [rotate, '--role', 'revoke=1:ana', ' revoke=1:ben', 'revoke', '--role revoke=<threshold>'],
    [['charter', 'plan'], '--replace-key', 'ana=a.pub', 'ana=b.pub', 'ana', '--add-key ana=<file>'],
    [rotate, '--add-signer', 'dora=a.pub', 'dora=b.pub', 'dora', '--add-key dora=<file>'],
    [rotate, '--require-alg', 'release=ed25519', 'release=none', 'release', 'give them together'],
    [rotate, '--delegate', '*.lab.org=1:ana', '*.lab.org=1:ben', '*.lab.org', 'all its signers'],
    [['watch', 'b.example.org'], '--label', 'tier=a', 'tier=b', 'tier', 'one value'],
  ])('refuses kedge %j %s %s %s', async (command, option, first, second, name, hint) => {
    const argv = [...command, option, first, option, second];
    const { code, stderr } = await kedge(argv, { cwd: dir.path });
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`error: ${option}: ${name} is given twice`),
    ]);
    expect(stderr).toContain(hint);
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('is not meant where a name may have several: keys to add, and regions', async () => {
    const add = ['--add-key', 'ana=a.pub', '--add-key', 'ana=b.pub'];
    const { stderr } = await kedge([...rotate, ...add], { cwd: dir.path });
    expect(stderr).not.toContain('twice');
  });

  it('says which of --role and --remove-role to give of a role', async () => {
    await using realm = await createCliRealm('--role', 'revoke=1:ana');
    const both = ['--role', 'revoke=1:ben', '--remove-role', 'revoke'];
    const { code, stderr } = await realm.run(['charter', 'plan', ...both]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('give one of --role and')]);
  });
});
