/**
 * Charter ceremonies on the command line, without a node: the verifier of the draft is the judge.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { type CliRun, kedge, START_MS } from './support.ts';

const FAST = ['--scrypt-work-factor', '10'];
let temp: TempDir;
let realm: string;

interface Drafted {
  readonly draft: string;
  readonly missing: number;
  readonly recovered: readonly string[];
  readonly charter: {
    readonly signers: readonly { readonly id: string; readonly keys: readonly unknown[] }[];
    readonly roles: Readonly<Record<string, { readonly signers: readonly string[] }>>;
    readonly recovery?: { readonly keyDigests: readonly string[]; readonly threshold: number };
    readonly delegations: readonly unknown[];
  };
}

beforeAll(async () => {
  temp = await createTempDir('kedge-charter');
  realm = join(temp.path, 'prod.example.org');
  const signers = ['ana', 'ben', 'cleo'].flatMap((name) => ['--signer', name]);
  const recovery = ['--recovery', '3', '--recovery-threshold', '2'];
  await ok(['realm', 'init', 'prod.example.org', ...signers, ...recovery, ...FAST], temp.path);
  for (const name of ['dora', 'emil', 'spare']) await ok(['signer', 'create', name, ...FAST]);
  const hybrid = ['signer', 'create', 'ana', '--out', 'ana-pq.age', '--algorithm', 'ml-dsa-44'];
  await ok([...hybrid, ...FAST]);
});

afterAll(async () => {
  await temp[Symbol.asyncDispose]();
});

async function ok(argv: readonly string[], cwd: string = realm): Promise<CliRun> {
  const run = await kedge(argv, { cwd });
  expect(run.code, `kedge ${argv.join(' ')}: ${run.stderr}`).toBe(0);
  return run;
}

async function json(...argv: readonly string[]): Promise<Drafted> {
  const { stdout } = await ok([...argv, '--output', 'json']);
  return JSON.parse(stdout) as Drafted;
}

const key = (number: number): string => `recovery/recovery-${number}.age`;
const lost = ['--remove-signer', 'ana', '--remove-signer', 'ben', '--remove-signer', 'cleo'];
const found = ['--add-signer', 'dora=dora.age.pub', '--add-signer', 'emil=emil.age.pub'];

describe('--charter', () => {
  it('takes a charter that gathered its signatures in a draft', async () => {
    const out = ['--out', 'signed.json', '--note', 'offline'];
    await ok(['charter', 'rotate', ...out]);
    for (const name of ['ana', 'ben']) {
      const sign = ['charter', 'sign', 'signed.json', '--key', `signers/${name}.age`];
      await ok([...sign, '--ledger', 'offline.ledger', '--yes']);
    }
    const both = ['--charter', 'charter-1.json', '--charter', 'signed.json'];
    const { stdout } = await ok(['charter', 'show', ...both]);
    expect(stdout).toContain('Charter version 2');
  });
});

describe('kedge realm init --recovery', () => {
  it('puts digests alone into the charter, and each public key beside its key', async () => {
    const { charter } = await json('charter', 'show');
    expect(charter.recovery?.threshold).toBe(2);
    const body = readFileSync(join(realm, 'charter-1.json'), 'utf8');
    for (const number of [1, 2, 3]) {
      expect(existsSync(join(realm, key(number)))).toBe(true);
      const pem = readFileSync(join(realm, `${key(number)}.pub`), 'utf8');
      const spki = pem.split('\n').slice(1, -2).join('');
      expect(
        Buffer.from((JSON.parse(body) as { body: string }).body, 'base64').includes(spki),
      ).toBe(false);
    }
    const { stdout } = await ok(['charter', 'show']);
    expect(stdout).toMatch(/recovery +2 of 3 +365d +hidden keys/);
  });
});

describe('kedge charter recover', () => {
  it('replaces all signers with two of three recovery keys and the new quorum (B14)', async () => {
    const keys = ['--key', key(1), '--key', key(2), '--out', 'recover.json', '--yes'];
    const drafted = await json('charter', 'recover', ...keys, ...lost, ...found);
    expect(drafted.recovered).toHaveLength(2);
    expect(drafted.missing).toBe(2);
    expect(drafted.charter.recovery?.keyDigests).toHaveLength(1);
    expect(drafted.charter.roles['charter']?.signers).toEqual(['dora', 'emil']);
    const shown = await ok(['charter', 'sign', 'recover.json', '--key', 'dora.age', '--yes']);
    expect(shown.stderr + shown.stdout).toContain('RECOVERY: recovery keys decide this');
    const done = await json('charter', 'sign', 'recover.json', '--key', 'emil.age', '--yes');
    expect(done.missing).toBe(0);
  });

  it('lets the ledger of a recovery key refuse a second charter (C13)', async () => {
    const again = ['--key', key(1), '--key', key(3), '--out', 'second.json', '--yes'];
    const run = await kedge(['charter', 'recover', ...again, ...lost, ...found], { cwd: realm });
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain('has signed another statement');
  });

  it('refuses keys that are no recovery keys, and too few (B13)', async () => {
    const out = ['--out', 'never.json'];
    const few = await kedge(['charter', 'recover', '--reveal', `${key(3)}.pub`, ...out], {
      cwd: realm,
    });
    expect(few.stderr).toContain('it takes 2 recovery keys; 1 are given');
    const wrong = ['--reveal', `${key(3)}.pub`, '--reveal', 'spare.age.pub'];
    const run = await kedge(['charter', 'recover', ...wrong, ...out], { cwd: realm });
    expect(run.stderr).toContain('is no recovery key of the charter');
    expect(existsSync(join(realm, 'never.json'))).toBe(false);
  });

  it('goes on from an earlier charter, and says what falls', async () => {
    const note = ['--note', 'not ours', '--out', 'stolen.json'];
    await ok(['charter', 'rotate', ...note]);
    const sign = ['--key', 'signers/ana.age', '--key', 'signers/ben.age', '--yes'];
    await ok(['charter', 'sign', 'stolen.json', ...sign]);
    const { envelope, body } = JSON.parse(readFileSync(join(realm, 'stolen.json'), 'utf8')) as {
      readonly envelope: unknown;
      readonly body: unknown;
    };
    const second = JSON.stringify({ format: 'kedge-document/1', envelope, body });
    writeFileSync(join(realm, 'charter-2.json'), second);
    const both = ['--charter', 'charter-1.json', '--charter', 'charter-2.json'];
    const reveal = ['--reveal', `${key(1)}.pub`, '--reveal', `${key(3)}.pub`];
    const recover = ['charter', 'recover', ...both, ...reveal, ...lost, ...found, '--out'];
    const drafted = await json(...recover, 'back.json', '--after', '1');
    expect(drafted).toMatchObject({ falls: [2], charter: { version: 2 } });
    const shown = await ok([...recover, 'shown.json', '--after', '1']);
    expect(shown.stdout).toContain('charter version 2 falls everywhere');
    const run = await kedge([...recover, 'never.json', '--after', '9'], { cwd: realm });
    expect(run.stderr).toContain('the newest charter is 2');
  });

  it('says that who signs with the old quorum alone does not count', async () => {
    const reveal = ['--reveal', `${key(1)}.pub`, '--reveal', `${key(3)}.pub`];
    await ok(['charter', 'recover', ...reveal, ...lost, ...found, '--out', 'old.json']);
    const run = await kedge(['charter', 'sign', 'old.json', '--key', 'signers/ana.age', '--yes'], {
      cwd: realm,
    });
    expect(run.stderr).toContain('its signature would not count here');
  });
});

describe('kedge charter rotate', () => {
  it('adds and removes keys, roles, delegations and required algorithms', async () => {
    const { charter } = await json(
      ...['charter', 'rotate', '--out', 'hybrid.json', ...found, '--add-signer'],
      ...['spare=spare.age.pub', '--add-key', 'ana=ana-pq.age.pub', '--role', 'charter=4'],
      ...['--role', 'release=1:ana', '--require-alg', 'release=ml-dsa-44,ed25519'],
      ...['--delegate', '*.lab.example.org=1:dora'],
    );
    expect(charter.signers.find(({ id }) => id === 'ana')?.keys).toHaveLength(2);
    expect(charter.roles['release']).toMatchObject({ requiredAlgs: ['ed25519', 'ml-dsa-44'] });
    expect(charter.roles['release of *.lab.example.org']?.signers).toEqual(['dora']);
  });

  it('adds a signer to the roles that name it alone, or to charter and release', async () => {
    const added = ['--add-signer', 'spare=spare.age.pub', '--role', 'rollout=1:spare'];
    const { charter } = await json(
      ...['charter', 'rotate', '--out', 'rollout.json', ...added, ...found],
      ...['--role', 'charter=3', '--delegate', '*.lab.example.org=1:emil', '--role', 'release=3'],
    );
    expect(charter.roles['rollout']?.signers).toEqual(['spare']);
    const people = ['ana', 'ben', 'cleo', 'dora'];
    expect(charter.roles['charter']?.signers).toEqual(people);
    expect(charter.roles['release']?.signers).toEqual(people);
    const alone = await json('charter', 'rotate', '--out', 'alone.json', ...added);
    expect(alone.charter.roles['charter']?.signers).toEqual(['ana', 'ben', 'cleo']);
  });

  it('says which threshold to give where more signers make it too low', async () => {
    const argv = ['charter', 'rotate', '--add-signer', 'spare=spare.age.pub', '--out', 'low.json'];
    const { stderr } = await kedge(argv, { cwd: realm });
    expect(stderr).toContain('threshold 2 of role charter must be more than half of 4');
    expect(stderr).toContain('--role charter=3');
  });

  it('refuses an algorithm that a signer has no key of', async () => {
    const argv = ['charter', 'rotate', '--require-alg', 'release=ml-dsa-44', '--out', 'x.json'];
    const run = await kedge(argv, { cwd: realm });
    expect(run.stderr).toContain('counts a signer only with a key of ml-dsa-44, and ana has none');
  });

  it('says what to do where a role would have no signer left', async () => {
    const argv = ['charter', 'rotate', '--out', 'x.json', ...lost];
    const { code, stderr } = await kedge(argv, { cwd: realm });
    expect(code).toBe(2);
    expect(stderr).toContain('the role charter would have no signer left');
    expect(stderr).toContain('give it to others: --role charter=1:<signer>');
  });

  it('refuses to change the recovery keys without them', async () => {
    const argv = ['charter', 'rotate', '--recovery-key', 'spare.age.pub', '--out', 'x.json'];
    const run = await kedge(argv, { cwd: realm });
    expect(run.stderr).toContain('changes the role recovery');
  });

  it('refuses a key that signs in another realm (F02)', async () => {
    const staging = ['realm', 'init', 'staging.example.org', '--signer', 'zoe', ...FAST];
    await ok(staging, temp.path);
    const keyFile = '../staging.example.org/signers/zoe.age';
    writeFileSync(join(realm, `${keyFile}.pub`), readFileSync(join(realm, 'spare.age.pub')));
    const argv = ['charter', 'rotate', '--add-signer', `zoe=${keyFile}.pub`, '--out', 'x.json'];
    const run = await kedge(argv, { cwd: realm });
    expect(run.stderr).toContain('has signed for the realm staging.example.org');
    expect(existsSync(join(realm, 'x.json'))).toBe(false);
  });
});

describe('kedge charter plan', () => {
  interface Planned {
    readonly plan: {
      readonly needs: readonly { readonly of: string; readonly missing: number }[];
      readonly removedKeys: readonly { readonly signer: string; readonly quorumOf: string[] }[];
      readonly warnings: readonly string[];
      readonly nextSteps: readonly string[];
    };
  }
  const plan = async (...argv: readonly string[]): Promise<Planned['plan']> => {
    const { stdout } = await ok(['charter', 'plan', ...argv, '--output', 'json']);
    return (JSON.parse(stdout) as Planned).plan;
  };

  it('says who has to sign of both charters, from options alone', async () => {
    const { needs, removedKeys } = await plan('--remove-signer', 'ben', ...found.slice(0, 2));
    expect(needs).toMatchObject([
      { of: 'current', threshold: 2, eligible: ['ana', 'ben', 'cleo'], missing: 2 },
      { of: 'next', threshold: 2, eligible: ['ana', 'cleo', 'dora'], missing: 2 },
    ]);
    expect(removedKeys).toMatchObject([{ signer: 'ben', roles: ['charter', 'release'] }]);
    expect(removedKeys[0]?.quorumOf).toEqual([]);
    expect(existsSync(join(realm, 'charter-2.draft.json'))).toBe(false);
  });

  it('counts what was signed, and warns of keys that leave as a quorum', async () => {
    const { needs, removedKeys, warnings } = await plan('recover.json');
    expect(needs).toMatchObject([
      { of: 'recovery', threshold: 2, missing: 0 },
      { of: 'next', threshold: 2, signed: ['dora', 'emil'], missing: 0 },
    ]);
    expect(removedKeys.map(({ quorumOf }) => quorumOf)).toEqual(
      ['ana', 'ben', 'cleo'].map(() => ['charter', 'release']),
    );
    expect(warnings.join('\n')).toContain('destroy them');
    expect(warnings.join('\n')).toContain('one lost key and nobody can sign');
  });

  it('says what has to follow where keys leave, and nothing where none does', async () => {
    const { nextSteps } = await plan('--remove-signer', 'ben', ...found.slice(0, 2));
    expect(nextSteps).toHaveLength(1);
    expect(nextSteps[0]).toContain('publish a release of each bundle at once');
    const { stdout } = await ok(['charter', 'plan', 'recover.json']);
    expect(stdout).toContain('Next, once it is in force:\n  publish a release of each bundle');
    expect((await plan('--hold-down', '48h')).nextSteps).toEqual([]);
  });

  it('says what gets weaker, in words', async () => {
    const weaker = ['--hold-down', '1h', '--blast-radius', '50', '--freshness', '1m'];
    const { stdout } = await ok(['charter', 'plan', ...weaker]);
    expect(stdout).toContain('the hold-down gets shorter: 24h -> 1h');
    expect(stdout).toContain('one release may take more away: 50 %');
    expect(stdout).toContain('It takes:\n  2 of ana, ben, cleo of the current charter');
  });
});

describe('kedge charter show, near the end of a charter', () => {
  it.each([
    [330, ''],
    [340, 'the charter expires in 25 days'],
    [366, 'the charter EXPIRED'],
  ])('after %d days says %j', async (days, text) => {
    const { stderr } = await kedge(['charter', 'show'], {
      cwd: realm,
      nowMs: START_MS + days * 86_400_000,
    });
    if (text === '') expect(stderr).toBe('');
    else expect(stderr).toContain(text);
  });
});
