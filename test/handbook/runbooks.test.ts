/** The runbooks of the handbook, typed by their people against a realm of their own. */
import { readFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BUNDLE } from '../cli/support.ts';
import { BOOK, WAVES } from './support/book.ts';
import { Desks } from './support/desks.ts';

const WAIT = { timeout: 30_000, interval: 50 };
let desks: Desks;

async function shown(words: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await desks.kedge([...words, '--output', 'json'], 'ana');
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('the handbook', { timeout: 240_000 }, () => {
  beforeEach(async () => {
    desks = await Desks.open();
  }, 120_000);
  afterEach(() => desks[Symbol.asyncDispose]());

  it('Emergency distrust: one signer takes a CA away everywhere', async () => {
    const programs = [await desks.program('iad-1'), await desks.program('fra-1')];
    const [plan, revoked] = await desks.typeSection('Emergency distrust');
    expect(plan?.stdout).toContain('"Payments CA 2024" is revoked');
    expect(revoked?.stdout).toContain('Published release 2');
    expect(programs.map(({ held }) => held?.sequence)).toEqual([2, 2]);
    expect((await desks.kedge(['bundle', 'show', BUNDLE], 'ana')).stdout).not.toMatch(
      /active +Payments CA 2024/,
    );
  });

  it('Bad publish: the canary stops it, and the old content comes back', async () => {
    await desks.put('waves.yaml', WAVES);
    await desks.put('wrong.pem', desks.pki('Wrong CA').caPem);
    const others = [await desks.program('iad-1'), await desks.program('fra-1')];
    const begun = await desks.typeSection('Bad publish', 0, 1);
    expect(begun.at(-2)?.stdout).toContain('Release 2 waits for a rollout: kedge rollout start');
    await vi.waitFor(async () => {
      const status = await desks.kedge(['rollout', 'status', BUNDLE], 'ana');
      expect(status.code, status.stdout).toBe(1);
    }, WAIT);
    const [, refused] = await desks.typeSection('Bad publish', 1, 2);
    expect(refused?.stdout).toContain(
      'refused release 2: POLICY 1 chain not accepted any more: api',
    );
    expect(refused?.stdout).toContain('tier=canary');
    expect(others.map(({ sent }) => sent)).toEqual([1, 1]);
    // The anchor is staged, so nobody can miss it.
    desks.ends.set('kedge plan', 0);
    const plan = (await desks.typeSection('Bad publish', 2))[2]?.stdout;
    expect(plan).toContain('1 chain at now, +30 days, +60 days, +90 days: 1 mended');
    expect(plan).toContain('"Wrong CA" is not in use: it can be removed');
    expect(plan).toContain('refused release 2: POLICY');
    expect(others.map(({ held }) => held?.sequence)).toEqual([3, 3]);
  });

  it('Proposal taken back: others sign the right one', async () => {
    await desks.put('wrong.pem', desks.pki('Wrong CA').caPem);
    await desks.put('ca-2027.pem', desks.pki('Payments CA 2027').caPem);
    await desks.typeSection('Proposal taken back', 0, 1);
    await vi.waitFor(async () => {
      const { stdout } = await desks.kedge(['proposal', 'list', '--ended'], 'ben');
      expect(stdout).toContain('withdrawn by ana');
    }, WAIT);
    const again = ['release', 'draft', '--bundle', BUNDLE, '--key', 'ana.age', '--yes'];
    expect(await desks.kedge(again, 'ana')).toMatchObject({ code: 5 });
    const runs = await desks.typeSection('Proposal taken back', 1);
    expect(runs.at(-1)?.stdout).toMatch(/^2 .* ben, cleo /m);
    const { stdout } = await desks.kedge(['bundle', 'show', BUNDLE], 'ana');
    expect(stdout).toMatch(/staged +Payments CA 2027/);
    expect(stdout).not.toContain('Wrong CA');
    const next = await desks.kedge(again, 'ana');
    expect(next.stderr).toContain('this key signed another sequence 2');
    expect(next.code).toBe(12);
  });

  it('Key without a network: the file goes there and back', async () => {
    await desks.put('ca-2027.pem', desks.pki('Payments CA 2027').caPem);
    const runs = await desks.typeSection('Key without a network');
    expect(runs.at(-1)?.stdout).toContain('release 2');
    const profile = await readFile(desks.path('safe', 'kedge.yaml'), 'utf8');
    expect(profile).not.toMatch(/^node:/m);
  });

  it('Lost signer: another one takes the place', async () => {
    const charter = await desks.typeSection('Lost signer', 0, 1);
    expect(charter.at(-2)?.stdout).toContain('Published: sequence 2 of charter');
    expect(charter.at(-1)?.stdout).toContain('dora');
    expect(charter.at(-1)?.stdout).not.toContain('cleo');
    const releases = await desks.typeSection('Lost signer', 1);
    expect(releases.at(-1)?.stdout).toContain('Published: sequence 2 of release/');
  });

  it('Compromised signer: a new key; for a stolen quorum, recovery', async () => {
    await desks.typeSection('Compromised signer', 0, 2);
    expect(await shown(['charter', 'show'])).toHaveProperty('charter.version', 2);
    await desks.put('next.pem', desks.pki('Next CA').caPem);
    const stage = ['anchor', 'stage', 'next.pem', '--bundle', BUNDLE, '--yes', '--draft'];
    const stolen = ['--sign-with', 'ana.age', '--sign-with', '../ben/ben.age', '--ledger', 'thief'];
    const early = await desks.kedge([...stage, 'early.json', ...stolen], 'ana');
    expect(early.code, early.stderr).toBe(0);
    const recovered = await desks.typeSection('Compromised signer', 2);
    expect(recovered.at(-3)?.stdout).toContain('Charter version 3 is in force');
    expect(await shown(['charter', 'show'])).toHaveProperty('charter.version', 3);
    // What the thief signed before counts for nothing now, and nothing more can be signed.
    const late = await desks.kedge(['release', 'submit', 'early.json'], 'ana');
    expect([late.code, late.stderr]).toEqual([4, expect.stringContaining('THRESHOLD')]);
    const again = await desks.kedge([...stage, 'late.json', ...stolen], 'ana');
    const nobody = 'the key in ana.age belongs to nobody in the charter';
    expect([again.code, again.stderr]).toEqual([3, expect.stringContaining(nobody)]);
    expect(await shown(['bundle', 'show', BUNDLE])).toHaveProperty('sequence', 1);
  });

  it('Stopped realm: nothing ends it, and the programs move to a new one', async () => {
    const left = await desks.program('iad-1');
    await recoverTwice();
    const runs = await desks.typeSection('Stopped realm');
    expect(runs[0]?.stdout).toContain('the realm needs a new first charter');
    const profile = await readFile(desks.path('next', 'kedge.yaml'), 'utf8');
    const pin = /^pin: "?([0-9a-f]{64})/m.exec(profile)?.[1] ?? '';
    const moved = await desks.program('fra-2', {}, { realm: 'next.example.org', pin });
    await vi.waitFor(() => expect(moved.held?.sequence).toBe(1), WAIT);
    expect(left.held?.sequence).toBe(1);
    const both = await Promise.all(
      [[], ['--profile', 'next/kedge.yaml']].map((more) =>
        desks.kedge(['bundle', 'export', BUNDLE, ...more], 'ana'),
      ),
    );
    expect(certificatesIn(both[1]?.stdout)).toEqual(certificatesIn(both[0]?.stdout));
  });

  it('Forked stream: the charter says what stands, and it goes on', async () => {
    await fork();
    desks.given.set('digest', await keptDigest());
    const runs = await desks.typeSection('Forked stream');
    expect(runs[0]?.stdout).toContain('Signed both: ana, ben');
    expect(runs.at(-1)?.stdout).toBe('No stream is forked.\n');
  });

  it('Region lost: the others go on, and it leaves the charter', async () => {
    const program = await desks.program('iad-1');
    await desks.stop('fra-1');
    // Here the node stopped in order.
    desks.ends.set('kedge cluster', 0);
    const [cluster] = await desks.typeSection('Region lost');
    expect(cluster?.stdout).toMatch(/^1 of 1 member alive in 2 regions, 1 left\n/);
    expect(cluster?.stdout).toMatch(/ {2}fra-1 +ordinary +left /);
    expect(await shown(['charter', 'show'])).toHaveProperty('charter.regions.length', 1);
    expect(program.held?.sequence).toBe(1);
  });

  it('Restore from backup: an empty store fills itself and gets a new key', async () => {
    await desks.stop('fra-1');
    await rm(desks.path('data', 'fra-1'), { recursive: true });
    const failures = await doctorFailures();
    desks.ends.set('kedge doctor', failures.length > 0 ? 1 : 0);
    // The limits of this machine are its own; what the runbook is about has to be well.
    expect(
      failures.filter((check) => /^(?:config|store|seed|port|certificate)/.test(check)),
    ).toEqual([]);
    const runs = await desks.typeSection('Restore from backup');
    expect(runs[0]?.stdout).toMatch(/^ok +config +.*fra-1\.yaml is well formed$/m);
    const release = ['bundle', 'show', BUNDLE, '--output', 'json'];
    const { stdout } = await desks.kedge(release, 'ben');
    expect(JSON.parse(stdout)).toMatchObject({ sequence: 1 });
  });
});

it('has a test of each runbook', () => {
  expect([...BOOK].filter(([, blocks]) => blocks.length > 0).map(([title]) => title)).toEqual([
    'The realm of these pages',
    'Planned rotation',
    'Emergency distrust',
    'Bad publish',
    'Proposal taken back',
    'Key without a network',
    'Lost signer',
    'Compromised signer',
    'Stopped realm',
    'Forked stream',
    'Region lost',
    'Restore from backup',
  ]);
});

/** What the doctor finds wrong on the host whose disk is lost. */
async function doctorFailures(): Promise<readonly string[]> {
  const argv = ['doctor', '--config', 'fra-1.yaml', '--output', 'json'];
  const { findings } = JSON.parse((await desks.kedge(argv)).stdout) as {
    readonly findings: readonly { readonly check: string; readonly verdict: string }[];
  };
  return findings.filter(({ verdict }) => verdict === 'fail').map(({ check }) => check);
}

/** The recovery keys of one charter sign two. */
async function recoverTwice(): Promise<void> {
  for (const name of ['one', 'two', 'three']) await desks.kedge(['signer', 'create', name], 'ana');
  for (const who of ['lost', 'found']) {
    const replaced = ['--replace-key', 'ana=one.age.pub', '--replace-key', 'ben=two.age.pub'];
    const used = [1, 2].flatMap((one) => ['--key', `../recovery/recovery-${String(one)}.age`]);
    const file = ['--out', `${who}.json`, '--ledger', who, '--after', '1', '--note', who];
    const drafted = await desks.kedge(['charter', 'recover', ...used, ...replaced, ...file], 'ana');
    expect([0, 12], drafted.stderr).toContain(drafted.code);
    for (const key of ['one.age', 'two.age']) {
      const argv = ['charter', 'sign', `${who}.json`, '--key', key, '--ledger', who, '--yes'];
      expect([0, 12]).toContain((await desks.kedge(argv, 'ana')).code);
    }
    await desks.kedge(['charter', 'submit', `${who}.json`], 'ana');
  }
  await vi.waitFor(async () => {
    const { stdout } = await desks.kedge(['fork', 'show'], 'ana');
    expect(stdout).toContain('is forked');
  }, WAIT);
}

function certificatesIn(pem: string = ''): readonly string[] {
  return (pem.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? []).toSorted();
}

/** Each node is told of another release 2 while the other one is away; then they meet. */
async function fork(): Promise<void> {
  await desks.stop('fra-1');
  await publishAlone('ana');
  await desks.stop('iad-1');
  await desks.start('fra-1');
  await publishAlone('ben');
  await desks.start('iad-1');
  await vi.waitFor(async () => {
    for (const who of ['ana', 'ben']) {
      const { stdout } = await desks.kedge(['fork', 'show'], who);
      expect(stdout).toContain('is forked');
    }
  }, WAIT);
}

/** Both sign at one desk, with a ledger that does not know of the other one. */
async function publishAlone(who: string): Promise<void> {
  await desks.put(`${who}.pem`, desks.pki(`CA of ${who}`).caPem);
  const alone = ['--key', '../ana/ana.age', '--key', '../ben/ben.age', '--ledger', `${who}.ledger`];
  const stage = ['anchor', 'stage', `${who}.pem`, '--bundle', BUNDLE, '--draft', `${who}.json`];
  const { code, stderr } = await desks.kedge([...stage, ...alone, '--yes'], who);
  expect(code, stderr).toBe(0);
}

/** What Ana reads off `kedge fork show`. */
async function keptDigest(): Promise<string> {
  return await vi.waitFor(async () => {
    const { stdout, stderr } = await desks.kedge(['fork', 'show'], 'ana');
    const [digest] = /[0-9a-f]{64}/.exec(stdout) ?? [];
    expect(digest, `${stdout}${stderr}`).toBeDefined();
    return digest ?? '';
  }, WAIT);
}
