import { readFile, stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadPlainKey } from '../../src/signers/plain-key.ts';
import { type CliRealm, createCliRealm } from './support.ts';

interface RegionsJson {
  readonly charter: {
    readonly regions: readonly {
      readonly name: string;
      readonly keys: readonly { readonly keyId: string }[];
    }[];
  };
}

/** Makes a key and gives its id. */
async function key(realm: CliRealm, region: string, ...more: readonly string[]): Promise<string> {
  const made = await realm.json<{ readonly keyId: string }>(['region', 'key', region, ...more]);
  return made.keyId;
}

/** The regions that a draft of the next charter lists, with the ids of their keys. */
async function rotated(
  realm: CliRealm,
  ...options: readonly string[]
): Promise<readonly (readonly [string, readonly string[]])[]> {
  const drafted = await realm.json<RegionsJson>(['charter', 'rotate', ...options]);
  return drafted.charter.regions.map(({ name, keys }) => [name, keys.map(({ keyId }) => keyId)]);
}

describe('kedge region key', () => {
  it('makes a key that a node can use and nobody else can read', async () => {
    await using realm = await createCliRealm();
    const keyId = await key(realm, 'iad');
    const path = `${realm.cwd}/region-iad.key`;
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await loadPlainKey(path)).publicKey).toMatchObject({ alg: 'ed25519', keyId });
    expect(await readFile(`${path}.pub`, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  });

  it('overwrites neither key', async () => {
    await using realm = await createCliRealm();
    const made = await realm.run(['region', 'key', 'iad']);
    expect(made.stdout).toContain('iad=<file>, or --replace-region for a new key of iad');
    const again = await realm.run(['region', 'key', 'iad']);
    expect(again.code).not.toBe(0);
    expect(again.stderr).toContain('region-iad.key');
  });
});

describe('regions in a charter', () => {
  it('are added, shown to signers, and listed', async () => {
    await using realm = await createCliRealm();
    const first = await key(realm, 'iad');
    const second = await key(realm, 'iad', '--out', 'iad-2.key');
    const options = ['--add-region', 'iad=region-iad.key.pub', '--add-region', 'iad=iad-2.key.pub'];
    expect(await rotated(realm, ...options)).toEqual([['iad', [first, second]]]);
    const review = await realm.run(['charter', 'rotate', '--out', 'b.json', ...options]);
    expect(review.stdout).toContain('+ region iad: ed25519');
  });

  it('are in the first charter when they are given then', async () => {
    await using keys = await createCliRealm();
    const keyId = await key(keys, 'iad');
    const file = `${keys.cwd}/region-iad.key.pub`;
    await using realm = await createCliRealm('--add-region', `iad=${file}`);
    const { charter } = await realm.json<RegionsJson>(['charter', 'show']);
    expect(charter.regions).toEqual([{ name: 'iad', keys: [{ alg: 'ed25519', keyId }] }]);
    expect((await realm.run(['charter', 'show'])).stdout).toMatch(/iad +ed25519/);
  });

  it('get new keys, and leave', async () => {
    await using keys = await createCliRealm();
    await key(keys, 'iad');
    await key(keys, 'fra');
    const at = (file: string): string => `${keys.cwd}/${file}`;
    const iad = ['--add-region', `iad=${at('region-iad.key.pub')}`];
    const fra = ['--add-region', `fra=${at('region-fra.key.pub')}`];
    await using realm = await createCliRealm(...iad, ...fra);
    const next = await key(realm, 'iad');
    const change = ['--replace-region', 'iad=region-iad.key.pub', '--remove-region', 'fra'];
    expect(await rotated(realm, ...change)).toEqual([['iad', [next]]]);
    expect(await rotated(realm, '--out', 'kept.json')).toHaveLength(2);
  });

  it('that are unknown, or have a key that cannot cosign, are refused', async () => {
    await using realm = await createCliRealm();
    const unknown = await realm.run(['charter', 'rotate', '--remove-region', 'iad']);
    expect(unknown.stderr).toContain('no region iad');
    const signer = ['signer', 'create', 'dora', '--algorithm', 'ecdsa-p256-sha256'];
    await realm.run([...signer, '--scrypt-work-factor', '10']);
    const wrong = await realm.run(['charter', 'rotate', '--add-region', 'iad=dora.age.pub']);
    expect(wrong.stderr).toContain('regions cosign with Ed25519 keys');
  });
});
