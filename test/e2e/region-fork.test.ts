/**
 * The whole way through a fork, as operators go it: three `kedge node run` in three regions, each
 * with the key of its region, a program that demands two of them, and the command line.
 *
 * The signers sign two releases for one sequence, and each is handed in where the nodes do not see
 * each other. Nothing that two regions did not see comes into use; the proof stops the stream
 * everywhere; the charter quorum decides; all go on as one, and so does the program.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { AdminClient } from '../../src/client/admin-client.ts';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import type { BundleStatus } from '../../src/client/states/status.ts';
import { exportSigningKey, generateSigningKey, type SigningKey } from '../../src/core/crypto.ts';
import { parseRegionName } from '../../src/core/ids.ts';
import { encodePem } from '../../src/core/pem.ts';
import { addActive, addStaged, createTestAnchors } from '../../src/testing/anchors.ts';
import { type ProcessResult, runProcess, type TestProcess } from '../../src/testing/processes.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { KEDGE, type NodePlace, ProcessCluster } from './support/cluster.ts';
import { CuttableLine } from './support/cuttable-line.ts';

const NAMES = ['fra', 'iad', 'sin'] as const;
const BUNDLE = 'payments.test.example.org';
const STREAM = `release/${BUNDLE}`;
const WITHIN = { timeout: 60_000, interval: 50 };

const anchors = createTestAnchors(4, Date.now());
const lines = new Map<string, CuttableLine>();
const admins = new Map<string, AdminClient>();
const processes = new Map<string, TestProcess>();
let regionKeys: ReadonlyMap<string, SigningKey>;
let realm: TestRealm;
let cluster: ProcessCluster;
let source: BundleSource | undefined;

beforeEach(async () => {
  regionKeys = new Map(NAMES.map((name) => [name, generateSigningKey('ed25519')]));
  realm = createTestRealm({
    now: () => Date.now(),
    regions: [...regionKeys].map(([name, key]) => ({
      name: parseRegionName(name),
      keys: [key.publicKey],
    })),
  });
  cluster = await ProcessCluster.create(realm, NAMES, async ({ name }, places, folder) => {
    for (const place of places) await lineTo(place);
    const keyFile = await folder.write(`region-${name}.key`, pemOf(keyOf(name)));
    return {
      // All links to a node run through its line.
      node: { id: name, region: name, address: lines.get(name)?.address },
      peers: { seeds: [...lines.values()].map(({ address }) => address) },
      region: { keyFile },
    };
  });
  await Promise.all(
    cluster.nodes.map(async (node) => processes.set(node.name, await node.start())),
  );
  for (const node of cluster.nodes) admins.set(node.name, await node.openAdmin());
}, 120_000);

afterEach(async () => {
  await source?.close();
  for (const admin of admins.values()) admin[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
  for (const line of lines.values()) await line[Symbol.asyncDispose]();
  lines.clear();
  admins.clear();
  processes.clear();
});

it('goes from two releases that were signed twice to one again, on nodes and programs', {
  timeout: 300_000,
}, async () => {
  const base = realm.nextRelease(BUNDLE, addActive(...anchors.slice(0, 1)));
  await submit('iad', base);
  await everyNodeHolds(base);
  const program = await openSource();
  await program.ready({ until: 'fresh', timeoutMs: 120_000 });
  const used: number[] = [];
  program.onSwap((bundle) => used.push(bundle.sequence));

  // The same signers sign twice; no node sees another one, and no release two regions.
  for (const line of lines.values()) line.cut();
  const ours = realm.nextRelease(BUNDLE, addStaged(...anchors.slice(1, 2)), { after: base });
  const theirs = realm.nextRelease(BUNDLE, addStaged(...anchors.slice(2, 3)), { after: base });
  await submit('iad', ours);
  await submit('sin', theirs);
  await expect.poll(() => status(program).waitingSequence, WITHIN).toBe(2);
  expect(status(program)).toMatchObject({ sequence: 1, lastError: { code: 'QUORUM' } });

  // The third region must not hold one side before the sides meet: it would vouch for it.
  await processes.get('fra')?.kill();
  for (const line of lines.values()) line.heal();
  for (const name of ['iad', 'sin']) {
    await expect.poll(() => forkAt(name), WITHIN).toBe('2 after 1');
  }
  await cluster.node('fra').start();
  for (const name of NAMES) await expect.poll(() => forkAt(name), WITHIN).toBe('2 after 1');
  await expect.poll(roots, WITHIN).toBe(1);
  await expect.poll(() => status(program).state, WITHIN).toBe('forked');
  expect(status(program)).toMatchObject({ sequence: 1, commonSequence: 1 });
  expect(program.bundle(BUNDLE)?.digest).toBe(base.digest);

  // The charter quorum decides, with what operators have.
  const shown = await kedge('fork', 'show');
  for (const { digest } of [ours, theirs]) expect(shown.stdout).toContain(digest);
  await kedge('fork', 'resolve', BUNDLE, '--keep', ours.digest, '--out', 'decision.json');
  const keys = await signerKeys();
  await kedge('charter', 'sign', 'decision.json', '--yes', ...keys);
  const submitted = await kedge('charter', 'submit', 'decision.json');
  expect(JSON.parse(submitted.stdout)).toMatchObject({ version: 2 });

  await everyNodeHolds(ours);
  await expect.poll(roots, WITHIN).toBe(1);
  await expect.poll(() => program.status().charterVersion, WITHIN).toBe(2);
  await expect.poll(() => program.bundle(BUNDLE)?.digest, WITHIN).toBe(ours.digest);
  await expect.poll(() => status(program).state, { ...WITHIN, timeout: 120_000 }).toBe('fresh');

  // The next release goes the usual way, and regions vouch for all of it.
  const draft = ['--bundle', BUNDLE, '--note', 'after the fork', '--draft', 'next.json'];
  await kedge('release', 'draft', ...draft);
  await kedge('release', 'sign', 'next.json', '--yes', ...keys);
  await kedge('release', 'submit', 'next.json');
  await expect.poll(() => program.bundle(BUNDLE)?.note, WITHIN).toBe('after the fork');
  await expect.poll(() => status(program).state, { ...WITHIN, timeout: 120_000 }).toBe('fresh');
  expect(used).toEqual([2, 3]);
  await expect.poll(roots, WITHIN).toBe(1);
  for (const name of NAMES) expect(await forkAt(name)).toBe('none');
  // The node that commands ask may hear of it a moment later than the one of the program.
  await kedgeSoon('bundle', 'show', BUNDLE, '--require-regions', '2', '--fresh-within', '10m');
  const checkpoint = await kedge('log', 'checkpoint', BUNDLE, '--regions', '2');
  expect(JSON.parse(checkpoint.stdout)).toMatchObject({ stream: STREAM, size: 3 });
});

async function lineTo({ name, port }: NodePlace): Promise<void> {
  if (!lines.has(name)) lines.set(name, await CuttableLine.open(port));
}

function keyOf(region: string): SigningKey {
  const key = regionKeys.get(region);
  if (key === undefined) throw new Error(`no key of ${region}`);
  return key;
}

function pemOf(key: SigningKey): string {
  return encodePem('PRIVATE KEY', exportSigningKey(key));
}

/** The keys of the signers as files, as options of a command that signs. */
async function signerKeys(): Promise<readonly string[]> {
  const files: string[] = [];
  for (const { id, key } of realm.signers.slice(0, 2)) {
    files.push('--key', await cluster.folder.write(`${id}.key`, pemOf(key)));
  }
  return files;
}

/** Runs it until it goes well. */
async function kedgeSoon(...argv: readonly string[]): Promise<void> {
  await expect.poll(async () => (await runKedge(argv)).code, { timeout: 120_000 }).toBe(0);
}

/** Runs the built program as an admin in the folder of the cluster; it is to go well. */
async function kedge(...argv: readonly string[]): Promise<ProcessResult> {
  const run = await runKedge(argv);
  expect(run, `kedge ${argv.join(' ')}: ${run.stderr}`).toMatchObject({ code: 0 });
  return run;
}

async function runKedge(argv: readonly string[]): Promise<ProcessResult> {
  const profile = {
    realm: realm.name,
    pin: realm.firstCharterDigest,
    node: cluster.node('fra').endpoint,
    tls: cluster.adminTls,
  };
  await cluster.folder.write('kedge.yaml', stringify(profile));
  return await runProcess({
    argv: [KEDGE, '--output', 'json', ...argv],
    cwd: cluster.folder.path,
    timeoutMs: 120_000,
  });
}

async function openSource(): Promise<BundleSource> {
  source = await openBundleSource({
    cacheDir: cluster.folder.join('cache'),
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    endpoints: [cluster.node('iad').endpoint],
    tls: cluster.clientTls,
    bundles: [BUNDLE],
    requireRegions: 2,
    backoff: { initialMs: 50, maxMs: 500 },
  });
  return source;
}

function status(program: BundleSource): BundleStatus {
  const [one] = program.status().bundles;
  if (one === undefined) throw new Error('no bundle');
  return one;
}

function admin(name: string): AdminClient {
  const found = admins.get(name);
  if (found === undefined) throw new Error(`no connection to ${name}`);
  return found;
}

async function submit(name: string, { document }: TestRelease): Promise<void> {
  await admin(name).submit({ document, blobs: anchors.map(({ der }) => der) });
}

async function everyNodeHolds({ digest }: TestRelease): Promise<void> {
  for (const name of NAMES) {
    const head = async (): Promise<string | undefined> =>
      (await admin(name).streams()).find(({ stream }) => stream === STREAM)?.digest;
    await expect.poll(head, WITHIN).toBe(digest);
  }
}

/** Where the stream is forked on a node, and what it holds. */
async function forkAt(name: string): Promise<string> {
  const found = (await admin(name).streams()).find(({ stream }) => stream === STREAM);
  if (found?.fork === undefined) return 'none';
  return `${found.fork.sequence} after ${found.sequence}`;
}

async function roots(): Promise<number> {
  const all = await Promise.all(NAMES.map(async (name) => (await admin(name).status()).root));
  return new Set(all).size;
}
