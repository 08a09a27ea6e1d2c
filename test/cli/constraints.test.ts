import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatChanges, formatLimits } from '../../src/cli/release/change-view.ts';
import { makeStyles } from '../../src/cli/terminal/styles.ts';
import type { Anchor, Constraint } from '../../src/core/anchors/anchor.ts';
import { parseSha256 } from '../../src/core/ids.ts';
import { BUNDLE, type CliRealm, createCliRealm, DRAFT, START_MS } from './support.ts';

let realm: CliRealm;
let ca: string;
beforeAll(async () => {
  realm = await createCliRealm();
  ca = await realm.ca('Payments CA');
});
afterAll(async () => {
  await realm[Symbol.asyncDispose]();
});

function constraint(type: string, ...values: readonly string[]): Constraint {
  return { type, critical: true, values };
}

function anchor(...constraints: readonly Constraint[]): Anchor {
  const id = parseSha256('ab'.repeat(32));
  const purposes = ['tls-server'];
  const facts = { id, kind: 'x509-ca', label: 'CA', state: 'active' } as const;
  return { ...facts, purposes, constraints, sinceMs: START_MS };
}

interface Edited {
  readonly changes: readonly { readonly anchor: { readonly constraints: unknown } }[];
}

describe.each(['add', 'stage'])('kedge anchor %s --constraint', (verb) => {
  it('limits what comes in, critically, and puts values in order', async () => {
    const argv = ['anchor', verb, ca, '--bundle', `${verb}.example.org`];
    const limits = ['permitted-ip=fd00::/8,10.0.0.0/8', 'permitted-dns=.example.org,example.net'];
    const { changes } = await realm.json<Edited>([
      ...argv,
      ...limits.flatMap((text) => ['--constraint', text]),
    ]);
    expect(changes.map((change) => change.anchor.constraints)).toEqual([
      [
        constraint('permitted-dns', '.example.org', 'example.net'),
        constraint('permitted-ip', '10.0.0.0/8', 'fd00::/8'),
      ],
    ]);
  });
});

describe('kedge anchor add --constraint', () => {
  it('is not critical with --no-critical, which needs one', async () => {
    const argv = ['anchor', 'add', ca, '--bundle', 'lax.example.org', '--no-critical'];
    const alone = await realm.run(argv);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('there is none')]);
    const { stdout } = await realm.run([...argv, '--constraint', 'max-validity-seconds=3600']);
    expect(stdout).toContain('; only max-validity-seconds 3600 (not critical)');
  });

  it.each([
    ['country=se', 'unknown kind "country"'],
    ['', 'unknown kind ""'],
    ['permitted-dns', 'permitted-dns has no value'],
    ['permitted-dns=', 'permitted-dns cannot be ""'],
    ['permitted-dns=example.org,*.example.net', 'permitted-dns cannot be "*.example.net"'],
    ['permitted-dns=example.org, example.net', 'permitted-dns cannot be " example.net"'],
    ['permitted-uri=spiffe://example.org', 'permitted-uri cannot be "spiffe://example.org"'],
    ['permitted-ip=10.0.0.1/8', 'permitted-ip cannot be "10.0.0.1/8"'],
    ['max-validity-seconds=1h', 'max-validity-seconds cannot be "1h"'],
    ['max-validity-seconds=60,90', 'max-validity-seconds takes one value, not 2'],
    [
      `permitted-dns=${Array.from({ length: 65 }, (_, index) => `n${index}.org`).join(',')}`,
      'permitted-dns has 65 values, more than 64',
    ],
  ])('refuses %j and writes nothing', async (text, message) => {
    const before = await readdir(realm.cwd);
    const argv = ['anchor', 'add', ca, '--bundle', 'wrong.example.org'];
    const run = await realm.run([...argv, '--constraint', text]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(`--constraint: ${message}`);
    expect(await readdir(realm.cwd)).toEqual(before);
  });

  it('names the known kinds in place of another, and refuses one that is given twice', async () => {
    const argv = ['anchor', 'add', ca, '--bundle', 'wrong.example.org', '--constraint'];
    expect((await realm.run([...argv, 'country=se'])).stderr).toContain(
      'programs enforce permitted-dns, permitted-uri, permitted-ip, max-validity-seconds',
    );
    const twice = ['permitted-dns=a.org', '--constraint', 'permitted-dns=b.org'];
    const { code, stderr } = await realm.run([...argv, ...twice]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('permitted-dns is given twice')]);
    expect(stderr).toContain('permitted-dns=<value>,<value>');
  });

  it('leaves a draft that is there as it was', async () => {
    const argv = ['anchor', 'add', ca, '--bundle', 'there.example.org'];
    await realm.run(argv);
    const path = `${realm.cwd}/there.example.org.draft.json`;
    const before = await readFile(path);
    const more = ['anchor', 'add', await realm.ca('More'), '--bundle', 'there.example.org'];
    expect((await realm.run([...more, '--constraint', 'permitted-dns=a b'])).code).toBe(2);
    expect(await readFile(path)).toEqual(before);
  });

  it('is shown to signers, and by bundle show', async () => {
    const limits = ['--constraint', 'permitted-uri=prod.example.org'];
    const shown = '; only permitted-uri prod.example.org\n';
    const added = await realm.run(['anchor', 'add', ca, '--bundle', BUNDLE, ...limits]);
    expect(added.stdout).toContain(`for tls-client, tls-server${shown}`);
    expect((await realm.run(['release', 'show', DRAFT])).stdout).toContain(shown);
    for (const signer of ['ana', 'ben']) {
      const sign = ['release', 'sign', DRAFT, '--key', realm.key(signer), '--yes'];
      const run = await realm.run(sign);
      expect([run.code, run.stdout + run.stderr]).toEqual([0, expect.stringContaining(shown)]);
    }
    const show = ['bundle', 'show', '--file', DRAFT];
    expect((await realm.run(show)).stdout).toMatch(
      /\n\nlimits:\n {2}[0-9a-f]{16}; only permitted-uri prod\.example\.org\n/,
    );
    expect((await realm.run([...show, '--full'])).stdout).toContain(shown);
  });
});

describe('formatLimits', () => {
  it('says when no value is permitted, and when programs cannot use the anchor', () => {
    expect(formatLimits(anchor())).toBe('');
    expect(formatLimits(anchor(constraint('permitted-ip')))).toBe('; only permitted-ip nothing');
    expect(formatLimits(anchor(constraint('country', 'se')))).toBe(
      '; only country se ' +
        '(programs withhold it: constraint country is not enforced by this version)',
    );
  });

  it('quotes a value that pretends to be more', () => {
    const forged = constraint('country', 'se, permitted-dns example.org\u001b[2J');
    expect(formatLimits(anchor({ ...forged, critical: false }))).toBe(
      '; only country "se, permitted-dns example.org\ufffd[2J" (not critical)',
    );
  });
});

describe('formatChanges', () => {
  it('shows that a constraint is not critical any more', () => {
    const { id, label } = anchor();
    const from = constraint('permitted-dns', 'example.org');
    const to = { ...from, critical: false };
    const change = { kind: 'constraints', id, label, from: [from], to: [to] } as const;
    const context = { styles: makeStyles('plain'), nowMs: START_MS, blobs: new Map() };
    expect(formatChanges([change], context)).toContain(
      'constraints permitted-dns example.org -> permitted-dns example.org (not critical)',
    );
  });
});

describe('kedge anchor constrain', () => {
  const draft = ['--bundle', 'constrain.example.org'];
  const constrain = ['anchor', 'constrain', 'Payments CA', ...draft];

  it('replaces constraints of the kinds that are given, and lifts others', async () => {
    const first = ['--constraint', 'permitted-dns=a.org', '--constraint', 'permitted-ip=10.0.0.1'];
    await realm.run(['anchor', 'add', ca, ...draft, ...first]);
    const [dns, until] = ['permitted-dns=b.org', '2027-01-01T00:00:00Z'];
    const set = ['--constraint', dns, '--purpose', 'tls-client', '--distrust-after', until];
    const set1 = await realm.json<Edited>([...constrain, ...set]);
    expect(set1.changes.map((change) => change.anchor)).toMatchObject([
      {
        constraints: [constraint('permitted-dns', 'b.org'), constraint('permitted-ip', '10.0.0.1')],
        purposes: ['tls-client'],
        distrustAfter: until,
      },
    ]);
    const lift = ['--lift', 'permitted-ip', '--distrust-after', 'never'];
    const lifted = await realm.json<Edited>([...constrain, ...lift]);
    expect(lifted.changes.map((change) => change.anchor.constraints)).toEqual([
      [constraint('permitted-dns', 'b.org')],
    ]);
  });

  it.each([
    [[], 'nothing is to change'],
    [['--lift', 'max-validity-seconds'], '"Payments CA" has no constraint "max-validity-seconds"'],
    [['--lift', 'permitted-dns', '--constraint', 'permitted-dns=c.org'], 'to be set and lifted'],
    [['--distrust-after', 'soon'], '--distrust-after'],
  ])('refuses %j and changes nothing', async (options, message) => {
    const file = `${realm.cwd}/constrain.example.org.draft.json`;
    const before = await readFile(file);
    const { code, stderr } = await realm.run([...constrain, ...options]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(await readFile(file)).toEqual(before);
  });
});
