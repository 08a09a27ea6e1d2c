/** `kedge plan` as an admin runs it: drafts, named changes, servers on loopback, files. */
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestPki } from '../../src/testing/pki.ts';
import { listPem, makeList, remade, SIGNS_LISTS } from '../preflight/remade.ts';
import { BUNDLE, type CliRealm, type CliRun, createCliRealm, DRAFT, START_MS } from './support.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const terms = { nowMs: START_MS - 60_000, validForMs: 2 * YEAR_MS };
const oldPki = createTestPki({ commonName: 'Payments CA 2024', ...terms });
const newPki = createTestPki({ commonName: 'Payments CA 2027', ...terms });
const alone = ['--sign-with', 'signers/ana.age', '--sign-with', 'signers/ben.age', '--yes'];
let realm: CliRealm;
/** What was published last, as a file. */
let release: string;
let server: ReturnType<typeof createServer>;
let port: number;

beforeAll(async () => {
  realm = await createCliRealm('--hold-down', '0', '--overlap', '0');
  for (const [name, pki] of [['old', oldPki] as const, ['new', newPki] as const]) {
    const file = await realm.dir.write(`${name}.pem`, pki.caPem);
    await realm.run(['anchor', 'add', file, '--bundle', BUNDLE]);
  }
  const note = ['--note', 'published', ...alone];
  const add = ['anchor', 'add', await realm.ca('Third CA', terms), '--bundle', BUNDLE];
  expect((await realm.run([...add, ...note])).stderr).not.toContain('error');
  release = `${realm.cwd}/${DRAFT}`;
  const { keyPem: key, certificatePem: cert } = oldPki.issue('api');
  server = createServer({ key, cert });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(async () => {
  server.close();
  await realm[Symbol.asyncDispose]();
});

interface PlanJson {
  readonly verdict: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly chains: readonly { readonly name: string; readonly outcome: string }[];
  readonly unread: readonly { readonly name: string; readonly reason: string }[];
  readonly lists: readonly { readonly use: string }[];
}

async function plan(...argv: readonly string[]): Promise<CliRun> {
  return await realm.run(['plan', ...argv]);
}

async function planJson(...argv: readonly string[]): Promise<PlanJson & { readonly code: number }> {
  const { code, stdout, stderr } = await plan(...argv, '--output', 'json');
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as PlanJson) };
}

function today(...argv: readonly string[]): readonly string[] {
  return ['--bundle', BUNDLE, '--file', release, ...argv];
}

describe('kedge plan', () => {
  it('says what a change breaks at a server that is asked now, and exits with 1', async () => {
    const probe = ['--probe', `127.0.0.1:${port},servername=localhost`];
    const removal = await plan(...today('--remove', 'Payments CA 2024', ...probe));
    expect(removal.code).toBe(1);
    expect(removal.stdout).toContain('1 chain at now, +30 days, +60 days, +90 days: 1 break');
    expect(removal.stdout).toMatch(/Break by this change\n {2}chain +when +why\n {2}127\.0\.0\.1/);
    expect(removal.stdout).toMatch(/:\d+ \(localhost\) {2}now {3}"Payments CA 2024" is removed\n/);
    expect(removal.stdout).toContain('As it stands, nodes refuse it:');
    expect(removal.stdout).toContain('Do not sign: it breaks something.');
    expect(removal.stderr).toContain('asked 1 of 1 servers');
    const other = await plan(...today('--remove', 'Payments CA 2027', ...probe));
    expect([other.code, other.stderr]).toEqual([0, expect.not.stringContaining('error')]);
    expect(other.stdout).toContain('Nothing is seen to break.');
  });

  it('reads a draft, without a network', async () => {
    const draft = ['--bundle', BUNDLE, '--base', release, '--draft', 'retire.json'];
    await realm.run(['anchor', 'retire', 'Payments CA 2024', ...draft]);
    const chain = await realm.dir.write('api.pem', oldPki.issue('api').certificatePem);
    const seen = await plan('retire.json', '--chains', chain);
    expect(seen.code).toBe(0);
    expect(seen.stdout).toContain('release 1 -> 2');
    expect(seen.stdout).toContain('"Payments CA 2024" is retiring, and its removal would break');
    expect(seen.stdout).toContain('clients: no node is named (--node)');
  });

  it('says without a change what breaks by itself', async () => {
    const leaf = createTestPki({ commonName: 'Short', nowMs: START_MS, validForMs: 20 * DAY_MS });
    const file = await realm.dir.write('short.pem', leaf.caPem);
    const draft = ['--bundle', BUNDLE, '--base', release, '--draft', 'short.json'];
    await realm.run(['anchor', 'add', file, ...draft, ...alone]);
    const chain = await realm.dir.write('leaf.pem', leaf.issue('api').certificatePem);
    const asIs = ['--bundle', BUNDLE, '--file', 'short.json', '--chains', chain];
    const { code, stdout } = await plan(...asIs);
    expect(code).toBe(1);
    expect(stdout).toContain('nothing changes: what happens by itself');
    expect(stdout).toMatch(
      /Break anyway.*\n.*\n {2}leaf {3}\+30 days {2}"Short" ends on 2026-12-13/,
    );
    const sooner = await planJson(...asIs, '--at', '10d');
    expect(sooner).toMatchObject({ code: 0, verdict: 'safe', counts: { fine: 1 } });
  });

  it('records chains once and plans with them later', async () => {
    // The folder is made: nobody has to know that it is needed.
    const out = `${realm.cwd}/made/for/chains.jsonl`;
    const nobody = '127.0.0.1:1';
    const target = `127.0.0.1:${port},servername=localhost`;
    const record = await realm.run(['plan', 'record', target, nobody, '-o', out]);
    expect(record.code).toBe(1);
    expect(record.stdout).toContain(
      'Wrote 1 chain to made/for/chains.jsonl; 1 server did not answer.',
    );
    const line: unknown = JSON.parse(await readFile(out, 'utf8'));
    expect(line).toMatchObject({ purpose: 'tls-server', chain: [expect.any(String)] });
    const seen = await planJson(...today('--revoke', 'Payments CA 2024', '--chains', out));
    expect(seen).toMatchObject({ code: 1, verdict: 'breaks', counts: { breaks: 1 } });
    const alive = await realm.run(['plan', 'record', nobody, '-o', out]);
    expect([alive.code, alive.stderr]).toEqual([9, expect.stringContaining('nothing is written')]);
    // Servers that are asked are no nodes: the advice for those would mislead.
    expect(alive.stderr).toContain('what to do: check that the servers run');
    expect(alive.stderr).not.toContain('kedge node');
  });

  it('takes a folder of chains, with a purpose of its own', async () => {
    await mkdir(`${realm.cwd}/clients`);
    const names = ['billing', 'ledger'];
    for (const name of names) {
      const { certificatePem } = newPki.issue(name, { usages: ['clientAuth'] });
      await realm.dir.write(`realm/clients/${name}.pem`, certificatePem);
    }
    await realm.dir.write('realm/clients/notes.txt', 'not looked at');
    const folder = ['--chains', 'clients'];
    const client = await planJson(...today(...folder, '--purpose', 'tls-client'));
    expect(client.counts['fine']).toBe(2);
    expect(client.chains.map(({ name }) => name)).toEqual(names);
    const wrong = await plan(...today(...folder));
    expect(wrong.stdout).toContain('may not be used for tls-server (extended key usage)');
  });

  it('asks the revocation lists that are given', async () => {
    const pki = createTestPki({ commonName: 'Listing CA', nowMs: START_MS, validForMs: YEAR_MS });
    const ca = remade(pki.ca, pki.ca, SIGNS_LISTS);
    const pem = await realm.dir.write('listing.pem', ca.certificatePem);
    const draft = ['--bundle', BUNDLE, '--base', release, '--draft', 'listing.json'];
    const other = ['--ledger', 'listing.ledger'];
    const added = await realm.run(['anchor', 'add', pem, ...draft, ...alone, ...other]);
    expect(added.code, added.stderr).toBe(0);
    const leaf = pki.issue('api');
    const chain = await realm.dir.write('listed.pem', leaf.certificatePem);
    const terms = { fromMs: START_MS - DAY_MS, toMs: START_MS + DAY_MS };
    const clean = makeList(ca, terms);
    await mkdir(`${realm.cwd}/lists`);
    await realm.dir.write('realm/lists/clean.crl', listPem(clean));
    const revoked = makeList(ca, { ...terms, revoked: [leaf.facts], reason: 1 });
    const bad = await realm.dir.write('bad.crl', listPem(revoked));
    const asIs = ['--bundle', BUNDLE, '--file', 'listing.json', '--chains', chain];
    const fine = await planJson(...asIs, '--crl', 'lists');
    expect(fine).toMatchObject({ code: 0, verdict: 'safe', lists: [{ use: 'used' }] });
    const { code, stdout } = await plan(...asIs, '--crl', bad);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/"api" was revoked by "Listing CA" on .*\(keyCompromise\)/),
    ]);
    const useless = await realm.dir.write('other.crl', listPem(makeList(oldPki.ca, terms)));
    const unknown = await plan(...asIs, '--crl', useless);
    expect([unknown.code, unknown.stdout]).toEqual([
      1,
      expect.stringContaining('revocation of 1 chain: no list of "Listing CA" that covers them'),
    ]);
  });

  it('does not call good what was not looked at', async () => {
    const probe = ['--probe', '127.0.0.1:1'];
    const seen = await planJson(...today('--retire', 'Payments CA 2024', ...probe));
    expect(seen).toMatchObject({ code: 1, verdict: 'unknown' });
    expect(seen.unread).toMatchObject([{ name: '127.0.0.1:1' }]);
    const text = await plan(...today(...probe));
    expect(text.stdout).toContain('No chain was given');
    expect(text.stdout).toContain('not all was looked at');
  });

  it.each([
    [[], 'neither a draft nor a bundle is given'],
    [[DRAFT, '--remove', 'x'], 'a draft says itself what changes'],
    [['--bundle', BUNDLE, '--timeout', '1s'], '--timeout is about servers that are asked'],
    [['--bundle', BUNDLE, '--purpose', 'tls-client'], '--purpose is about recorded chains'],
    [['--bundle', BUNDLE, '--at', '2001-01-01T00:00:00Z'], 'a plan does not look back'],
    [['--bundle', BUNDLE, '--probe', 'nowhere'], '"nowhere" is not host:port'],
    [['--bundle', BUNDLE, '--probe', 'a:1,sni=x'], '"sni=x" is no setting of a probe'],
    [['--bundle', BUNDLE, '--chains', 'nowhere.pem'], 'there is no such file'],
    [['--bundle', BUNDLE, '--within', 'soon'], 'not a duration'],
    [['--bundle', BUNDLE, '--crl', 'x.crl'], '--crl is about chains, and none is given'],
  ])('refuses %j', async (argv, message) => {
    const withFile = argv.includes('--bundle') ? [...argv, '--file', release] : argv;
    const { code, stdout, stderr } = await plan(...withFile);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it.each([
    ['bad.jsonl', '{"name": "x"', 'it is no JSON'],
    ['nameless.jsonl', '{"chain": []}', 'its name is no text'],
    ['empty.pem', 'nothing here', 'it holds no certificate in PEM'],
    ['list.jsonl', '{"name": "x", "chain": "y"}', 'its chain is no list'],
  ])('refuses the file of chains %s', async (name, text, message) => {
    const { code, stderr } = await plan(...today('--chains', await realm.dir.write(name, text)));
    expect([code, stderr]).toEqual([3, expect.stringContaining(message)]);
  });
});
