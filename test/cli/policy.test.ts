import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { BUNDLE, type CliRealm, createCliRealm, DRAFT, nodeText, PASSPHRASE } from './support.ts';

const PAGE = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
const MONDAY = Date.UTC(2026, 10, 23, 10);
const SUNDAY = MONDAY + 6 * 86_400_000;
const RULES = `rules:
  - name: window
    for: release
    that: change.narrows || time.weekday != 'sun'
    message: never on Sundays
  - name: ticket
    for: release
    that: release.note.matches('CHG-[0-9]+')
    message: name the ticket
  - name: all-three
    for: release
    that: change.kind != 'stage'
    approvals: 3
    message: staging takes everybody
`;
let realm: CliRealm;
let node: RunningNode;
let nowMs = MONDAY;

/** The block of docs/policy.md under the comment that names its file. */
function fromPage(file: string): string {
  const start = PAGE.indexOf(`<!-- ${file} -->`);
  const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(PAGE.slice(start)) ?? [];
  return text;
}

beforeAll(async () => {
  realm = await createCliRealm('--role', 'revoke=1');
  const text = nodeText();
  const config = parseNodeConfig(text, `${realm.cwd}/node.yaml`);
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => nowMs } });
  for (const name of ['policy.yaml', 'policy-cases.yaml']) {
    await writeFile(`${realm.cwd}/${name}`, fromPage(name));
  }
  await writeFile(`${realm.cwd}/small.yaml`, RULES);
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
});

async function run(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\n`,
  );
  const env = { KEDGE_PASSPHRASE: PASSPHRASE, KEDGE_PROFILE: profile };
  return realm.run(argv, { nowMs, env });
}

async function write(name: string, text: string): Promise<void> {
  await writeFile(`${realm.cwd}/${name}`, text);
}

const sign = (draft: string, ...signers: readonly string[]): readonly string[] => [
  ...['release', 'sign', draft, '--yes'],
  ...signers.flatMap((signer) => ['--key', realm.key(signer)]),
];

describe('kedge policy', () => {
  it('checks the policy of the manual, and its cases pass', async () => {
    const shown = await run('policy', 'show', '--file', 'policy.yaml');
    expect(shown.stderr).toBe('');
    expect(shown.stdout).toContain('three-for-new-roots (release)');
    const tested = await run('policy', 'test', 'policy-cases.yaml');
    expect(tested.code).toBe(0);
    expect(PAGE).toContain(`$ kedge policy test policy-cases.yaml\n${tested.stdout}`);
  });

  it('ends with an exit code of its own when a case fails, and says how', async () => {
    const text = `${RULES}cases:\n  - name: wrong\n    refused: [window, nothing]\n`;
    await write('failing.yaml', text);
    const failed = await run('policy', 'test', 'failing.yaml', '--output', 'json');
    expect(failed.code).toBe(1);
    const { cases } = JSON.parse(failed.stdout) as { cases: { differences: string[] }[] };
    expect(cases[0]?.differences).toEqual([
      'there is no rule nothing',
      'window never refuses',
      'nothing never refuses',
      'ticket refuses',
    ]);
  });

  it.each([
    ['a rule with a wrong type', 'that: change.narrows', 'that: anchor.keyBits', 7],
    ['an unknown key', 'message: never', 'massage: never', 3],
    ['an unknown fact', "release.note.matches('CHG", "release.text.matches('CHG", 7],
    ['something that is no YAML', 'rules:', 'rules: {', 2],
    ['no rules', 'rules:', 'ruels:', 2],
  ])('refuses %s', async (_what, from, to, code) => {
    await write('broken.yaml', RULES.replace(from, to));
    expect((await run('policy', 'show', '--file', 'broken.yaml')).code).toBe(code);
  });

  it.each([
    ['rules', 'policy show --file', 'known there: approvals, for, message, name, that;'],
    ['cases', 'policy test', 'known there: approvals, for, given, name, refused, steps;'],
  ])('says which keys %s may have, and where to read on', async (_what, command, known) => {
    const wrong = RULES.replace('message: never', 'deny: never');
    const cases = 'cases:\n  - name: one\n    expect: never\n';
    await write('unknown.yaml', command === 'policy test' ? `${RULES}${cases}` : wrong);
    const { stderr } = await run(...command.split(' '), 'unknown.yaml');
    expect(stderr).toContain(known);
    expect(stderr).toContain('docs/policy.md');
    expect(stderr).not.toContain('cut short');
  });

  it('comes into force with a charter, whose draft shows each rule', async () => {
    const rotated = await run('charter', 'rotate', '--policy', 'small.yaml');
    expect(rotated.stdout).toContain('+ rule window: for release:');
    const keys = ['--key', realm.key('ana'), '--key', realm.key('ben')];
    await run('charter', 'sign', 'charter-2.draft.json', '--yes', ...keys);
    expect((await run('charter', 'submit', 'charter-2.draft.json')).code).toBe(0);
    expect((await run('policy', 'show')).stdout).toContain('or:      3 signers');
  });
});

describe('kedge policy test --draft', () => {
  it('says what the rules would say about a draft before they are in force', async () => {
    const draft = ['--draft', 'judged.json'];
    await run('anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE, ...draft);
    const judged = await run('policy', 'test', 'policy-cases.yaml', ...draft);
    expect(judged.code).toBe(1);
    expect(judged.stdout).toContain('the rule ticket refuses it, for the anchor "CA 1"');
    expect(judged.stdout).toContain('5 cases, 1 failed');
    expect(
      (await run('policy', 'test', 'policy-cases.yaml', '--draft', 'charter-2.draft.json')).code,
    ).toBe(1);
  });
});

describe('a policy in force', () => {
  it('refuses a signer before the key is asked, and says what breaks', async () => {
    const ca = await realm.ca('CA 1');
    await run('anchor', 'add', ca, '--bundle', BUNDLE, '--note', 'no reason');
    const refused = await run(...sign(DRAFT, 'ana'));
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('the rule ticket refuses it, for the anchor "CA 1"');
    expect(refused.stderr).toContain('name the ticket');
    expect(refused.stderr).not.toContain('Opening the key file');
    expect((await run('release', 'show', DRAFT)).stdout).toContain('the rule ticket refuses it');
  });

  it('is kept by the node too: the window of signing is over when it is handed in', async () => {
    const ca = await realm.ca('CA 1');
    const draft = 'first.json';
    await run('anchor', 'add', ca, '--bundle', BUNDLE, '--note', 'CHG-1', '--draft', draft);
    expect((await run(...sign(draft, 'ana', 'ben'))).stdout).toContain('complete');
    nowMs = SUNDAY;
    const refused = await run('release', 'submit', draft);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('the rule window refuses it');
    expect(refused.stderr).toContain('never on Sundays');
    const proposed = await run('proposal', 'create', draft);
    expect(proposed.code).toBe(7);
    expect(proposed.stderr).toContain('never on Sundays');
    nowMs = MONDAY;
    expect((await run('release', 'submit', draft)).code).toBe(0);
  });

  it('asks for more signers without stopping the first ones', async () => {
    const draft = 'second.json';
    const ca = await realm.ca('CA 2');
    await run('anchor', 'stage', ca, '--bundle', BUNDLE, '--note', 'CHG-2', '--draft', draft);
    const two = await run(...sign(draft, 'ana', 'ben'));
    expect(two.stderr).toContain('the rule all-three wants 3 signers, 0 signed');
    expect(two.stdout).toContain('Signed by ana, ben; 1 signature still needed.');
    expect((await run('release', 'submit', draft)).stderr).toContain('2 signed so far');
    expect((await run(...sign(draft, 'cleo'))).stdout).toContain('complete');
    expect((await run('release', 'submit', draft)).code).toBe(0);
  });

  it('lets an emergency pass where the rule says so', async () => {
    nowMs = SUNDAY;
    const draft = 'third.json';
    await run('anchor', 'revoke', 'CA 2', '--bundle', BUNDLE, '--note', 'CHG-3', '--draft', draft);
    expect((await run(...sign(draft, 'ana'))).code).toBe(0);
    expect((await run('release', 'submit', draft)).code).toBe(0);
    nowMs = MONDAY;
  });

  it('is taken away by a charter', async () => {
    nowMs = SUNDAY;
    const rotated = await run('charter', 'rotate', '--policy', 'none');
    expect(rotated.stdout).toContain('- rule window');
    const keys = ['--key', realm.key('ana'), '--key', realm.key('ben')];
    await run('charter', 'sign', 'charter-3.draft.json', '--yes', ...keys);
    expect((await run('charter', 'submit', 'charter-3.draft.json')).code).toBe(0);
    expect((await run('policy', 'show')).stdout).toContain('The charter has no policy.');
  });
});
