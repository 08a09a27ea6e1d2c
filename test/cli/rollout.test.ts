/**
 * A release in waves from the command line: draft, sign, hand in, look, pause, go on, give up.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseNodeConfig } from '../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { BUNDLE, type CliRealm, createCliRealm, nodeText, START_MS } from './support.ts';

const DRAFT = `${BUNDLE}.rollout.json`;
const RELEASE = ['--sign-with', 'signers/ana.age', '--sign-with', 'signers/ben.age', '--yes'];
const DEPLOY = ['--sign-with', 'signers/deploy.age', '--yes', '--submit'];

interface Status {
  readonly everybody: { readonly sequence: number } | null;
  readonly rollout: { readonly sequence: number; readonly state: string } | null;
  readonly inForce: boolean;
  readonly waves: readonly {
    readonly name: string;
    readonly opened: string | null;
    readonly notBefore: string | null;
    readonly window: string | null;
  }[];
  readonly wait: { readonly kind: string };
}

let keys: CliRealm;
let realm: CliRealm;
let node: RunningNode;

beforeAll(async () => {
  const offline = 'ana,ben,cleo';
  const roles = [`charter=2:${offline}`, `release=2:${offline}`, 'rollout=1:deploy'];
  keys = await createCliRealm();
  await keys.run(['region', 'key', 'iad']);
  const key = `${keys.cwd}/region-iad.key`;
  realm = await createCliRealm(
    ...['--signer', 'deploy', '--blast-radius', '100', '--add-region', `iad=${key}.pub`],
    ...roles.flatMap((role) => ['--role', role]),
  );
  // By its region it knows what time it is, so that waves open by theirs.
  const text = `${nodeText()}region: { keyFile: ${key} }\n`;
  const config = parseNodeConfig(text, `${realm.cwd}/node.yaml`);
  node = await runNode(config, { clock: { ...systemClock, nowMs: () => START_MS } });
  await run('anchor', 'add', await realm.ca('CA 1'), '--bundle', BUNDLE, ...RELEASE, '--submit');
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await realm[Symbol.asyncDispose]();
  await keys[Symbol.asyncDispose]();
});

async function run(...argv: readonly string[]): ReturnType<CliRealm['run']> {
  return realm.run(argv, { env: await environment() });
}

async function status(): Promise<Status> {
  return realm.json<Status>(['rollout', 'status', BUNDLE], { env: await environment() });
}

async function environment(): Promise<Record<string, string>> {
  const profile = await realm.dir.write(
    'profile.yaml',
    `realm: prod.example.org\npin: "${realm.pin}"\ninsecure: true\n` +
      `node: ${node.addresses.admins ?? ''}\n`,
  );
  return { KEDGE_PASSPHRASE: 'correct horse battery', KEDGE_PROFILE: profile };
}

describe('kedge rollout', () => {
  it('starts nothing for a release that waits for nothing', async () => {
    const { code, stderr } = await run('rollout', 'start', BUNDLE);
    expect(code).toBe(2);
    expect(stderr).toContain(`release 1 of ${BUNDLE} waits for nothing: all programs get it`);
    expect(stderr).toContain('--waves');
    expect((await run('rollout', 'status', BUNDLE)).stdout).toContain('There was no rollout yet.');
    const mistyped = await run('rollout', 'status', 'payment.prod.example.org');
    expect(mistyped.code).toBe(2);
    expect(mistyped.stderr).toContain('there is no release of payment.prod.example.org');
  });

  it('drafts a release that waits, and says that no rollout names it', async () => {
    const ca = await realm.ca('CA 2');
    const added = await run('anchor', 'add', ca, '--bundle', BUNDLE, '--waves');
    const next = `Next: kedge proposal create ${BUNDLE}.draft.json --key <keyfile>\n`;
    expect(added.stdout).toContain(`${next}and the others, at any node: kedge proposal approve`);
    const shown = await run('release', 'show', `${BUNDLE}.draft.json`);
    expect(shown.stdout).toContain('it waits for a rollout');
    const more = ['anchor', 'add', await realm.ca('CA 3'), '--bundle', BUNDLE];
    const handed = await run(...more, ...RELEASE, '--submit');
    const waits = `Release 2 waits for a rollout: kedge rollout start ${BUNDLE}`;
    expect(handed.stdout).toContain(waits);
    expect((await run('adoption', BUNDLE)).stdout).toContain(waits);
    const { stdout } = await run('rollout', 'status', BUNDLE);
    expect(stdout).toContain('All programs get release 1.');
    expect(stdout).toContain(waits);
  });

  it('drafts, lets somebody sign without a node, and hands in', async () => {
    const drafted = await run('rollout', 'start', BUNDLE, '--percent', '5,100', '--soak', '1h');
    expect(drafted.code).toBe(0);
    expect(drafted.stdout).toMatch(/canary +5 % of all +95 % of at least 1 program use it/);
    expect(drafted.stdout).toContain('from:    release 1');
    const early = await run('rollout', 'submit', DRAFT);
    expect([early.code, early.stderr]).toEqual([4, expect.stringContaining('0 of the 1 needed')]);
    const other = await run('rollout', 'sign', DRAFT, '--key', 'signers/ana.age', '--yes');
    expect(other.stderr).toContain('belongs to signer ana; its signature would not count here');
    const env = { KEDGE_PASSPHRASE: 'correct horse battery' };
    const pinned = ['--realm', 'prod.example.org', '--pin', realm.pin];
    const signed = await realm.run(
      ['rollout', 'sign', DRAFT, '--key', 'signers/deploy.age', '--yes', ...pinned],
      { env },
    );
    expect(signed.stdout).toContain('Signed by deploy: complete. Next: kedge rollout submit');
    const handed = await run('rollout', 'submit', DRAFT);
    expect(handed.stdout).toContain(`Published rollout 1 of ${BUNDLE}: release 2, running`);
    await expect(readFile(`${realm.cwd}/${BUNDLE}.rollout-1.json`)).resolves.toBeDefined();
  });

  it('shows open waves and what the next one waits for', async () => {
    const seen = await status();
    expect(seen).toMatchObject({ inForce: true, rollout: { sequence: 1, state: 'running' } });
    expect(seen.waves.map(({ name, opened }) => [name, opened !== null])).toEqual([
      ['canary', true],
      ['everybody', false],
    ]);
    expect(seen.wait).toEqual({ kind: 'reporters', has: 0, needs: 1 });
    const { stdout } = await run('rollout', 'status', BUNDLE);
    expect(stdout).toContain('programs of waves that are not open get release 1');
    expect(stdout).toContain('Next, everybody: waits for programs: 0 of 1 are there');
    const live = await realm.run(['rollout', 'status', BUNDLE], {
      env: await environment(),
      tty: true,
      columns: 120,
    });
    expect(live.stdout).toContain('░'.repeat(24));
  });

  it('starts no second rollout of a release that is under way', async () => {
    const { code, stderr } = await run('rollout', 'start', BUNDLE);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`release 2 of ${BUNDLE} is being rolled out already`);
  });

  it('pauses, goes on with other gates, and gives up', async () => {
    expect((await run('rollout', 'pause', BUNDLE, ...DEPLOY)).code).toBe(0);
    expect(await status()).toMatchObject({ wait: { kind: 'paused' } });
    const resumed = await run('rollout', 'resume', BUNDLE, '--min-reporters', '0', ...DEPLOY);
    expect(resumed.code).toBe(0);
    expect(await status()).toMatchObject({ rollout: { sequence: 3 }, wait: { kind: 'soak' } });
    const aborted = await run('rollout', 'abort', BUNDLE, '--note', 'no', ...DEPLOY);
    expect(aborted.stdout).toContain('release 2, aborted');
    expect(await status()).toMatchObject({ wait: { kind: 'aborted' }, everybody: { sequence: 1 } });
    const shown = (await run('rollout', 'status', BUNDLE)).stdout;
    expect(shown).toContain('programs that do not have it get release 1');
    expect(shown).toContain('Aborted: no other program gets release 2.');
  });

  it.each(['resume', 'pause'])('does not %s what was aborted', async (verb) => {
    const { code, stderr } = await run('rollout', verb, BUNDLE, ...DEPLOY);
    expect(code).toBe(2);
    expect(stderr).toContain('was aborted, so that nobody resumes it by mistake');
    expect(stderr).toContain(`kedge rollout start ${BUNDLE}`);
    expect(await status()).toMatchObject({ rollout: { sequence: 4, state: 'aborted' } });
  });

  it('says what to do where the only signer of rollouts leaves', async () => {
    const { code, stderr } = await run('charter', 'rotate', '--remove-signer', 'deploy');
    expect(code).toBe(2);
    expect(stderr).toContain('the role rollout would have no signer left');
    expect(stderr).toContain('or take the role away: --remove-role rollout');
  });

  it('takes waves from a file, and says what is wrong with one', async () => {
    const file = await realm.dir.write(
      'waves.yaml',
      'waves:\n  - name: canary\n    match: { tier: canary }\n    gates: { soak: 30m }\n' +
        '  - name: everybody\n',
    );
    const { stdout } = await run('rollout', 'start', BUNDLE, '--waves', file, '--draft', 'w.json');
    expect(stdout).toMatch(/canary +tier=canary +95 % .* for 30m/);
    expect(stdout).toMatch(/everybody +all +\(the last; more than 0 refusals stop the rollout\)/);
    const wrong = await realm.dir.write('wrong.yaml', 'waves: [{ name: a, percents: 5 }]');
    const refused = await run('rollout', 'start', BUNDLE, '--waves', wrong);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('wave 1 has an unknown key "percents"'),
    ]);
  });

  it.each([
    ['25,5,100', 'the wave early takes 5 % of all, but one before it takes 25 % of them already'],
    ['5,25', 'the last wave has to take all programs'],
    ['5,101', 'the wave everybody takes 101 %, not 1 to 100'],
  ])('refuses shares of %s', async (shares, why) => {
    const { code, stderr } = await run('rollout', 'start', BUNDLE, '--percent', shares);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`--percent: ${why}`)]);
  });

  it('says that what is announced on top of a release in waves comes in waves too', async () => {
    const argv = ['release', 'plan-change', 'CA 1', '--bundle', BUNDLE, '--draft', 'p.json'];
    const { code, stderr } = await run(...argv, '--at', '2027-03-01T09:00:00Z');
    expect(code).toBe(0);
    expect(stderr).toContain('this draft comes in waves, as release 2 does');
    expect(stderr).toContain('--at-once takes it to all programs at once');
  });

  it('rolls back for everybody at once, unless waves are asked for', async () => {
    const argv = ['release', 'rollback', '1', '--bundle', BUNDLE];
    const back = await run(...argv, '--draft', 'back.json');
    expect([back.code, back.stderr]).toEqual([0, '']);
    expect(back.stdout).toContain('comes to all programs at once, without waves');
    const slow = await run(...argv, '--draft', 'slow.json', '--waves');
    expect([slow.code, slow.stdout.includes('at once')]).toEqual([0, false]);
    expect((await run('adoption', BUNDLE)).stdout).not.toContain('waits for a rollout');
  });

  it('warns that a revocation takes the changes in waves to everybody', async () => {
    const revoked = await run('anchor', 'revoke', 'CA 1', '--bundle', BUNDLE, '--draft', 'r.json');
    expect(revoked.stderr).toContain('release 2 comes in waves');
    expect(revoked.stderr).toContain('takes to all programs at once what it changes');
    const shown = await run('release', 'show', 'r.json');
    expect(shown.stdout).toContain('comes to all programs at once, without waves');
  });

  it('plans regions a day apart, within hours, and says until when a wave waits', async () => {
    const plan = ['--regions', 'iad,fra', '--cadence', '1d', '--window', 'mon-thu 09:00-10:30'];
    const { stdout } = await run('rollout', 'start', BUNDLE, ...plan, '--draft', 'plan.json');
    expect(stdout).toMatch(/iad +region=iad +mon-thu 09:00-10:30 UTC +95 %/);
    expect(stdout).toMatch(/fra +region=fra +mon-thu .* UTC, from 2026-11-24T10:00:00Z/);
    await run('rollout', 'start', BUNDLE, ...plan, '--soak', '0', ...DEPLOY);
    await expect.poll(async () => (await status()).waves[0]?.opened).not.toBeNull();
    const seen = await status();
    expect(seen.waves).toMatchObject([
      { name: 'iad', opened: expect.any(String) as unknown },
      { name: 'fra', opened: null, notBefore: '2026-11-24T10:00:00Z' },
      { name: 'everybody', window: 'mon-thu 09:00-10:30', notBefore: '2026-11-25T10:00:00Z' },
    ]);
    const text = (await run('rollout', 'status', BUNDLE)).stdout;
    expect(text).toContain('0 of 1 are there; not before 2026-11-24T10:00:00Z (in 24 hours)');
    expect(text).toContain('closed until 2026-11-25T10:00:00Z');
  });

  it('waits for the time alone, and opens when somebody signs another one', async () => {
    const gates = ['--min-reporters', '0', '--max-per-identity', '20'];
    await run('rollout', 'resume', BUNDLE, ...gates, ...DEPLOY);
    expect(await status()).toMatchObject({
      rollout: { maxPerIdentity: 20 },
      wait: { kind: 'time', opensAt: '2026-11-24T10:00:00Z' },
    });
    const { stdout } = await run('rollout', 'status', BUNDLE);
    expect(stdout).toContain('Next, fra: waits for its time: opens at 2026-11-24T10:00:00Z');
    await run('rollout', 'resume', BUNDLE, '--not-before', '0', ...DEPLOY);
    await expect.poll(async () => (await status()).waves[1]?.opened).not.toBeNull();
    expect((await status()).wait).toEqual({ kind: 'time', opensAt: '2026-11-25T10:00:00Z' });
  });

  it('says what is wrong with times, and what cannot come to pass', async () => {
    const draft = ['--draft', 'times.json'];
    const wrong = await run('rollout', 'resume', BUNDLE, '--window', 'monday 9-17', ...draft);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('not hours of the')]);
    expect(wrong.stderr).toContain('"mon-thu 09:00-16:00"');
    const late = ['--not-before', '9d', '--valid-for', '7d', '--max-per-identity', 'all', ...draft];
    const { code, stderr, stdout } = await run('rollout', 'resume', BUNDLE, ...late);
    expect(stdout).toContain('another count of programs');
    expect([code, stderr]).toEqual([0, expect.stringContaining('wave everybody may not open')]);
  });
});
