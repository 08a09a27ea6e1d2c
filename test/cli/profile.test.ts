import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CliContext } from '../../src/cli/context.ts';
import { loadProfile, type Profile } from '../../src/cli/profile.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';

const PIN = 'ab'.repeat(32);
let dir: TempDir;
beforeEach(async () => {
  dir = await createTempDir();
});
afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

function load(env: Record<string, string> = {}, chosen?: string): Promise<Profile> {
  const context: Pick<CliContext, 'env' | 'cwd'> = { env, cwd: dir.path };
  return loadProfile(context as CliContext, chosen);
}

describe('loadProfile', () => {
  it('is empty without a file', async () => {
    expect(await load()).toMatchObject({ path: undefined, pin: undefined, charters: [] });
  });

  it('reads kedge.yaml of the directory and makes paths absolute', async () => {
    await dir.write(
      'kedge.yaml',
      `realm: prod.example.org\npin: "${PIN}"\ncharters: [c/charter-1.json]\n` +
        'node: node.example.org:7442\ntls: {certFile: a.pem, keyFile: a.key, caFile: /ca.pem}\n',
    );
    expect(await load()).toMatchObject({
      realm: 'prod.example.org',
      pin: PIN,
      charters: [dir.join('c', 'charter-1.json')],
      node: 'node.example.org:7442',
      endpoints: ['node.example.org:7442'],
      tls: { certFile: dir.join('a.pem'), keyFile: dir.join('a.key'), caFile: '/ca.pem' },
      insecure: 'no',
    });
  });

  it('lets the environment win over the file, and --profile over KEDGE_PROFILE', async () => {
    await dir.write('kedge.yaml', 'node: a:1\n');
    await dir.write('other.yaml', 'node: b:1\n');
    await dir.write('third.yaml', 'node: c:1\n');
    expect((await load({ KEDGE_PROFILE: 'other.yaml' })).node).toBe('b:1');
    expect((await load({ KEDGE_PROFILE: 'other.yaml' }, 'third.yaml')).node).toBe('c:1');
    expect((await load({ KEDGE_NODE: 'd:1', KEDGE_PIN: PIN })).node).toBe('d:1');
  });

  it.each([
    ['an unknown key', 'pinn: x\n', /unknown key "pinn" \(known: realm, pin/],
    ['a wrong pin', 'pin: "12"\n', /SHA-256/],
    ['a pin that YAML reads as a number', `pin: ${'1'.repeat(64)}\n`, /pin must be a text/],
    ['no YAML', 'realm: [\n', /profile .* is wrong/],
    ['a list', '- a\n', /must be a table/],
    ['half of tls', 'tls: {certFile: a}\n', /tls.keyFile is missing/],
    ['text for insecure', 'insecure: "yes"\n', /insecure must be true or false/],
  ])('refuses %s', async (_, text, message) => {
    await dir.write('kedge.yaml', text);
    await expect(load()).rejects.toThrow(message);
  });

  it('refuses a profile that was named and is not there', async () => {
    await expect(load({}, 'none.yaml')).rejects.toMatchObject({ code: 'CONFIG' });
  });
});
