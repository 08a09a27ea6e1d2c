/** `kedge watch --chains`: a program that refuses a release which breaks recorded chains. */
import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type TestAuthority, type TestRealm, testRealm } from '../../src/testing/index.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { kedge } from './support.ts';

const WAIT = { timeout: 30_000, interval: 20 };
const BUNDLE = 'payments.test.example.org';
let dir: TempDir;
let realm: TestRealm;
let used: TestAuthority;
let spare: TestAuthority;

beforeAll(async () => {
  dir = await createTempDir('kedge-canary-');
  await mkdir(dir.join('chains'));
  realm = testRealm();
  used = realm.authority('Used CA');
  spare = realm.authority('Spare CA');
  await realm.publish({ active: [used, spare] });
  const { address, options } = await realm.listen();
  const { cert, key, ca } = options.tls;
  for (const [name, text] of Object.entries({ cert, key, ca })) await dir.write(name, text);
  const stranger = realm.authority('Stranger CA');
  await dir.write('chains/api.pem', used.issue('api').cert);
  await dir.write('chains/other.pem', stranger.issue('other').cert);
  await dir.write(
    'kedge.yaml',
    `realm: ${options.realm}\npin: "${options.firstCharterDigest}"\nendpoints: ["${address}"]\n` +
      'tls: { certFile: cert, keyFile: key, caFile: ca }\n',
  );
});
afterAll(async () => {
  await realm[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

describe('kedge watch as a canary', () => {
  it('refuses a release under which a chain is not accepted any more', async () => {
    const stop = new AbortController();
    let printed = '';
    const canary = ['--label', 'tier=canary', '--chains', 'chains'];
    const settings = {
      cwd: dir.path,
      nowMs: Date.now(),
      signal: stop.signal,
      onStdout: (text: string) => {
        printed = text;
      },
    };
    const done = kedge(['watch', BUNDLE, ...canary], settings);
    await vi.waitFor(() => expect(printed).toContain('release 1'), WAIT);
    await realm.publish({ active: [used], retiring: [spare] });
    await vi.waitFor(() => expect(printed).toContain('release 2'), WAIT);
    // A leaf that is over by now is over under each release.
    settings.nowMs += 3650 * 86_400_000;
    await realm.publish({ active: [used, spare] });
    await vi.waitFor(() => expect(printed).toContain('release 3'), WAIT);
    settings.nowMs = Date.now();
    await realm.publish({ active: [spare], revoked: [used] });
    await vi.waitFor(() => expect(printed).toContain('release 4'), WAIT);
    await realm.publish({ active: [spare, realm.authority('More')], revoked: [used] });
    await vi.waitFor(() => expect(printed).toContain('release 5'), WAIT);
    stop.abort();
    const { code, stdout, stderr } = await done;
    expect(code).toBe(0);
    expect(stderr).toMatch(/does not count, as it is not accepted: other: /);
    for (const bad of [4, 5]) {
      const refused = `refuses release ${String(bad)}: 1 chain not accepted any more: api: `;
      expect(stderr).toContain(`${refused}"Used CA"`);
    }
    expect(stderr).not.toMatch(/refuses release [23]/);
    const refused = [4, 5].map((bad) => `release ${String(bad)}, refused by this canary`);
    expect(stdout.match(/release \d.*$/gm)).toEqual([
      'release 1',
      'release 2',
      'release 3',
      ...refused,
    ]);
  });

  it.each([
    [['--label', 'tier'], '--label: write <name>=<value>'],
    [['--chains', 'nowhere'], 'there is no such file'],
  ])('refuses %j', async (argv, message) => {
    const { code, stderr } = await kedge(['watch', BUNDLE, ...argv], { cwd: dir.path });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
