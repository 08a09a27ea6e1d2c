/** `kedge policy test --bundle`: cases over the newest release of a bundle. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { BUNDLE, type CliRealm, type CliRun, createCliRealm, DRAFT, START_MS } from './support.ts';

const RULES = `rules:
  - name: two-weeks
    for: release
    that: change.kind != 'remove' || change.stateHours >= 336
    message: an anchor is retiring for two weeks before it goes
  - name: rsa-goes-first
    for: release
    that: change.kind != 'retire' || anchor.keyType == 'rsa'
    message: keep what is not RSA
  - name: some-trust
    for: release
    that: release.trustedAfter >= 1
    message: leave one
`;
const BUNDLE_CASES = `cases:
  - name: two of them retire
    steps: [{ retire: First CA }, { retire: Second CA }]
    refused: [rsa-goes-first]
  - name: as if it were of RSA
    steps: [{ retire: First CA }]
    given: { anchor: { keyType: rsa } }
  - name: it goes at once
    steps: [{ remove: First CA }]
    refused: [two-weeks]
  - name: nothing changes
  - name: a made-up one
    given: { change: { kind: retire }, release: { trustedAfter: 0 } }
    refused: [rsa-goes-first, some-trust]
`;
const alone = ['--sign-with', 'signers/ana.age', '--sign-with', 'signers/ben.age', '--yes'];
let files: TempDir;
let realm: CliRealm;

beforeAll(async () => {
  files = await createTempDir('kedge-policy-');
  const policy = await files.write('policy.yaml', RULES);
  realm = await createCliRealm('--policy', policy, '--hold-down', '0', '--overlap', '0');
  for (const name of ['First CA', 'Second CA']) {
    const file = await realm.ca(name, { validForMs: 86_400_000 * 900 });
    await realm.run(['anchor', 'add', file, '--bundle', BUNDLE]);
  }
  const third = await realm.ca('Third CA', { validForMs: 86_400_000 * 900 });
  await realm.run(['anchor', 'add', third, '--bundle', BUNDLE, ...alone]);
  await realm.dir.write('realm/cases.yaml', BUNDLE_CASES);
});
afterAll(async () => {
  await realm[Symbol.asyncDispose]();
  await files[Symbol.asyncDispose]();
});

async function test(...argv: readonly string[]): Promise<CliRun> {
  return await realm.run(['policy', 'test', ...argv], { nowMs: START_MS });
}

const inBundle = ['--bundle', BUNDLE, '--file', DRAFT];

describe('kedge realm init --policy', () => {
  it('makes a first charter with rules', async () => {
    const shown = await realm.run(['policy', 'show']);
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('rsa-goes-first')]);
  });
});

describe('kedge policy test --bundle', () => {
  it('puts steps to the anchors that are there, by the policy in force', async () => {
    const tested = await test('cases.yaml', ...inBundle);
    expect([tested.stderr, tested.stdout]).toEqual([
      '',
      'ok      two of them retire\nok      as if it were of RSA\nok      it goes at once\n' +
        'ok      nothing changes\nok      a made-up one\n5 cases, 0 failed; 3 rules.\n',
    ]);
  });

  it('fails a case whose steps cannot be taken, and says why', async () => {
    const text = `${RULES}cases:\n  - { name: gone, steps: [{ retire: Fourth CA }] }\n`;
    await realm.dir.write('realm/gone.yaml', text);
    const { code, stdout } = await test('gone.yaml', ...inBundle);
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining('it cannot be judged: "Fourth CA" names no anchor'),
    ]);
  });

  it.each([
    [['cases.yaml'], 'must have `policy: <file>` or `rules`'],
    [['ruled.yaml'], 'the case "x" has steps of a bundle'],
    [['ruled.yaml', '--file', DRAFT], '--file is a release of --bundle'],
  ])('refuses %j', async (argv, message) => {
    const text = `${RULES}cases:\n  - { name: x, steps: [{ retire: First CA }] }\n`;
    await realm.dir.write('realm/ruled.yaml', text);
    const { code, stderr } = await test(...argv);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it.each([
    ['for: charter, steps: [{ retire: x }]', 'is for releases, not for a charter'],
    ['steps: [{ retire: x, remove: y }]', 'must have one of activate, retire, remove, revoke'],
  ])('refuses the case { %s }', async (keys, message) => {
    await realm.dir.write('realm/odd.yaml', `${RULES}cases:\n  - { name: x, ${keys} }\n`);
    const { code, stderr } = await test('odd.yaml', ...inBundle);
    expect([code, stderr]).toEqual([3, expect.stringContaining(message)]);
  });
});
