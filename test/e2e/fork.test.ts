/**
 * Two valid statements for one sequence, given to nodes that do not see each other: when they meet,
 * the stream stops at the last common one everywhere, and programs keep what they use. Then the
 * charter quorum decides, and all go on as one.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import type { StreamStatus } from '../../src/core/admin/messages.ts';
import { sha256 } from '../../src/core/crypto.ts';
import { addActive, addStaged, createTestAnchors } from '../../src/testing/anchors.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import {
  createTestRealm,
  type TestDocument,
  type TestRealm,
  type TestRelease,
} from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { matching } from '../support/messages.ts';
import { CuttableLine } from './support/cuttable-line.ts';
import { type ConfigChange, type InProcessNode, SingleNode } from './support/single-node.ts';

const NAMES = ['fra', 'iad', 'sin'] as const;
type Name = (typeof NAMES)[number];
/** Where the other side of the fork is submitted. */
const FAR: Name = 'sin';
const BUNDLE = 'payments.test.example.org';
const OTHER = 'public-web';
const WITHIN = { timeout: 20_000, interval: 20 };

const anchors = createTestAnchors(4, Date.now());
const places = new Map<Name, SingleNode>();
const nodes = new Map<Name, InProcessNode>();
const changes = new Map<Name, ConfigChange>();
const lines: CuttableLine[] = [];
let sources: BundleSource[] = [];
let folder: TempDir;
let realm: TestRealm;

beforeEach(async () => {
  folder = await createTempDir('kedge-fork-');
  realm = createTestRealm({ now: () => Date.now() });
  const ports = await findFreePorts(NAMES.length);
  const portOf = (name: Name): number => ports[NAMES.indexOf(name)] ?? 0;
  const lineTo = new Map<Name, CuttableLine>();
  for (const name of NAMES) lineTo.set(name, await CuttableLine.open(portOf(name)));
  lines.push(...lineTo.values());
  for (const name of NAMES) {
    const listen = `127.0.0.1:${portOf(name)}`;
    const place = await SingleNode.create(realm);
    places.set(name, place);
    changes.set(name, {
      // All links to a node run through its line.
      node: { id: name, region: name, address: lineTo.get(name)?.address },
      listen: { clients: listen, peers: listen, admins: listen },
      peers: { seeds: lines.map(({ address }) => address) },
    });
    await start(name);
  }
});

afterEach(async () => {
  for (const source of sources) await source.close();
  for (const node of nodes.values()) await node[Symbol.asyncDispose]();
  for (const line of lines) await line[Symbol.asyncDispose]();
  for (const place of places.values()) await place[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  sources = [];
  lines.length = 0;
});

it('stops at the last common sequence on every node and client, and shows the evidence', {
  timeout: 90_000,
}, async () => {
  const base = realm.nextRelease(BUNDLE, addActive(...anchors.slice(0, 1)));
  await submit('iad', base);
  await everyNodeHolds(base);
  const near = await openSource('iad');
  const far = await openSource(FAR);
  await Promise.all([near.ready({ timeoutMs: 10_000 }), far.ready({ timeoutMs: 10_000 })]);

  // The same signers sign twice; no node sees another one.
  for (const line of lines) line.cut();
  const ours = realm.nextRelease(BUNDLE, addStaged(...anchors.slice(1, 2)), { after: base });
  const theirs = realm.nextRelease(BUNDLE, addStaged(...anchors.slice(2, 3)), { after: base });
  await submit('iad', ours);
  await submit(FAR, theirs);
  const inUse = async (source: BundleSource, release: TestRelease): Promise<void> => {
    await expect.poll(() => source.bundle(BUNDLE)?.digest, WITHIN).toBe(release.digest);
  };
  await Promise.all([inUse(near, ours), inUse(far, theirs)]);
  const [nearSet, farSet] = [near.bundle(BUNDLE), far.bundle(BUNDLE)];

  for (const line of lines) line.heal();
  const digests = [ours.digest, theirs.digest].toSorted();
  for (const name of NAMES) await requireForked(name, digests);
  await expect.poll(roots, WITHIN).toBe(1);

  // Programs keep the set that they use, whichever side it is of, and say so.
  for (const source of [near, far]) {
    await expect.poll(() => source.status().bundles[0]?.state, WITHIN).toBe('forked');
    expect(source.status().bundles[0]).toMatchObject({ sequence: 2, commonSequence: 1 });
  }
  expect(near.bundle(BUNDLE)).toBe(nearSet);
  expect(far.bundle(BUNDLE)).toBe(farSet);

  // Nothing new on any node, on either branch; other streams go on everywhere.
  const onOurs = realm.nextRelease(BUNDLE, noted('3'), { after: ours });
  for (const name of NAMES) {
    await expect(submit(name, onOurs)).rejects.toMatchObject({
      code: 'FORK',
      message: matching(/two valid statements for sequence 2.*which signer signed both/),
    });
  }
  const web = realm.nextRelease(OTHER, addActive(...anchors.slice(3, 4)));
  await submit(FAR, web);
  await everyNodeHolds(web);

  // It is on disk: a node that starts again knows it without being told.
  await node('fra')[Symbol.asyncDispose]();
  await start('fra');
  await requireForked('fra', digests);
});

it('goes on with the side that the charter lets stand, and no program goes back', {
  timeout: 90_000,
}, async () => {
  const base = realm.nextRelease(BUNDLE, addActive(...anchors.slice(0, 1)));
  await submit('iad', base);
  await everyNodeHolds(base);
  const near = await openSource('iad');
  const far = await openSource(FAR, 'far');
  await Promise.all([near.ready({ timeoutMs: 10_000 }), far.ready({ timeoutMs: 10_000 })]);
  for (const line of lines) line.cut();
  const ours = realm.nextRelease(BUNDLE, addStaged(...anchors.slice(1, 2)), { after: base });
  const theirs = realm.nextRelease(BUNDLE, addStaged(...anchors.slice(2, 3)), { after: base });
  await submit('iad', ours);
  await submit(FAR, theirs);
  await expect.poll(() => far.bundle(BUNDLE)?.digest, WITHIN).toBe(theirs.digest);
  await expect.poll(() => near.bundle(BUNDLE)?.digest, WITHIN).toBe(ours.digest);
  for (const line of lines) line.heal();
  for (const name of NAMES) await requireForked(name, [ours.digest, theirs.digest].toSorted());

  // One node does not hear of the decision until it starts again.
  await node('fra')[Symbol.asyncDispose]();
  const { stream, sequence, digest } = ours;
  const decision = realm.nextCharter((charter) => ({
    ...charter,
    resolutions: [{ stream, sequence, digest }],
  }));
  await submit(FAR, decision);
  for (const name of ['iad', FAR] as const) await nodeHolds(name, ours);
  await expect.poll(() => near.status().bundles[0]?.state, WITHIN).toBe('fresh');
  await expect.poll(() => far.status().bundles[0]?.state, WITHIN).toBe('overruled');
  expect(near.bundle(BUNDLE)?.digest).toBe(ours.digest);
  expect(far.bundle(BUNDLE)?.digest).toBe(theirs.digest);

  // A program that starts again on the side that fell does not go back either.
  await far.close();
  const again = await openSource(FAR, 'far');
  expect(again.bundle(BUNDLE)?.digest).toBe(theirs.digest);
  await expect.poll(() => again.status().isConnected, WITHIN).toBe(true);
  await expect.poll(() => again.status().bundles[0]?.state, WITHIN).toBe('overruled');

  await start('fra');
  await everyNodeHolds(ours);
  const sequences: number[] = [];
  again.onSwap((bundle) => sequences.push(bundle.sequence));
  const next = realm.nextRelease(BUNDLE, noted('3'), { after: ours });
  await submit('fra', next);
  await everyNodeHolds(next);
  await expect.poll(roots, WITHIN).toBe(1);
  for (const source of [near, again]) {
    await expect.poll(() => source.bundle(BUNDLE)?.digest, WITHIN).toBe(next.digest);
    await expect.poll(() => source.status().bundles[0]?.state, WITHIN).toBe('fresh');
  }
  expect(sequences).toEqual([3]);

  // The side that fell is refused by its name, and a node that starts again knows it.
  await node('fra')[Symbol.asyncDispose]();
  await start('fra');
  await everyNodeHolds(next);
  expect((await node('fra').admin.streams()).some(({ fork }) => fork !== undefined)).toBe(false);
});

/** The stream is stopped at 1, and both listings show the two statements. */
async function requireForked(name: Name, digests: readonly string[]): Promise<void> {
  const { admin } = node(name);
  const listed = async (): Promise<StreamStatus | undefined> =>
    (await admin.streams()).find(({ stream }) => stream === `release/${BUNDLE}`);
  await expect.poll(async () => (await listed())?.fork !== undefined, WITHIN).toBe(true);
  const inStatus = (await admin.status()).streams.find(
    ({ stream }) => stream === `release/${BUNDLE}`,
  );
  for (const status of [await listed(), inStatus]) {
    expect(status).toMatchObject({ sequence: 1, fork: { sequence: 2 } });
    const both = status?.fork === undefined ? [] : [status.fork.first, status.fork.second];
    expect(both.map(({ payload }) => sha256(payload))).toEqual(digests);
  }
}

async function everyNodeHolds(release: TestRelease): Promise<void> {
  for (const name of NAMES) await nodeHolds(name, release);
}

async function nodeHolds(name: Name, { stream, digest }: TestRelease): Promise<void> {
  const head = async (): Promise<string | undefined> =>
    (await node(name).admin.streams()).find((each) => each.stream === stream)?.digest;
  await expect.poll(head, WITHIN).toBe(digest);
}

async function roots(): Promise<number> {
  const all = await Promise.all(NAMES.map(async (name) => (await node(name).admin.status()).root));
  return new Set(all).size;
}

async function submit(name: Name, { document }: TestDocument): Promise<void> {
  await node(name).admin.submit({ document, blobs: anchors.map(({ der }) => der) });
}

async function openSource(name: Name, cache?: string): Promise<BundleSource> {
  const source = await openBundleSource({
    ...(cache !== undefined && { cacheDir: folder.join(cache) }),
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    endpoints: [node(name).address],
    insecure: true,
    bundles: [BUNDLE],
    backoff: { initialMs: 20, maxMs: 100 },
  });
  sources.push(source);
  return source;
}

async function start(name: Name): Promise<void> {
  const place = places.get(name);
  if (place === undefined) throw new Error(`no place for ${name}`);
  nodes.set(name, await place.run({ change: changes.get(name) ?? {} }));
}

function node(name: Name): InProcessNode {
  const found = nodes.get(name);
  if (found === undefined) throw new Error(`${name} does not run`);
  return found;
}

function noted(note: string): (body: TestRelease['body']) => TestRelease['body'] {
  return (body) => ({ ...body, note });
}
