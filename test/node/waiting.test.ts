/**
 * Programs that demand regions, at a real node, while a rollout runs: each has what it is due, and
 * knows whether it is fresh, also where the node that it asks and whoever signs rollouts are
 * thieves.
 */
import { chmod } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { dialWatch } from '../../src/client/connection/grpc-watch.ts';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import type { BundleStatus } from '../../src/client/states/status.ts';
import { exportSigningKey } from '../../src/core/crypto.ts';
import { parseBundleName } from '../../src/core/ids.ts';
import type { CosignedLeaf } from '../../src/core/log/attested.ts';
import { encodePem } from '../../src/core/pem.ts';
import { revokeAnchor } from '../../src/core/releases/edit.ts';
import type { NamedRelease, Wave } from '../../src/core/rollouts/body.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { addActive, createTestAnchors, type TestAnchor } from '../../src/testing/anchors.ts';
import {
  createTestRealm,
  type TestDocument,
  type TestRealm,
  type TestRelease,
} from '../../src/testing/realm.ts';
import { EVERYBODY, rolloutPlan } from '../../src/testing/rollouts.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { blobs, current, shown, snapshot } from '../client/support/honest.ts';
import { cosignedWithin } from '../client/support/regions.ts';
import { type Script, startNode } from '../client/support/scripted-node.ts';
import { until } from '../client/support/source.ts';
import { IAD, regionKey, regionsOf } from '../core/log/fixtures.ts';
import { configFor, documentFile, recordingLogger } from './support/setup.ts';

const BUNDLE = parseBundleName('payments.prod.example.org');
const CANARY = { tier: 'canary' };
// The canaries never suffice, so nobody else gets the release.
const CANARIES: Wave = {
  name: 'canary',
  match: new Map(Object.entries(CANARY)),
  percent: 100,
  gates: { minReporters: 1000, loadedPercent: 100, maxFailures: 0, soakSeconds: 0 },
};

/** A node with the key of its region, and the releases that it took. */
interface Waved {
  readonly realm: TestRealm;
  readonly node: RunningNode;
  readonly anchors: readonly TestAnchor[];
  readonly releases: readonly TestRelease[];
}

// A region speaks soon of a new stream, else twice per minute.
it('a release that waits behind a rollout makes no program stale (DW-18)', {
  timeout: 120_000,
}, async () => {
  const { realm, node } = await start([0, 1, 2], [1, 2]);
  const address = node.addresses.clients ?? '';
  const [late, early] = [await open(realm, address), await open(realm, address, CANARY)];
  await late.ready({ until: 'fresh', timeoutMs: 90_000 });
  await early.ready({ until: 'fresh', timeoutMs: 90_000 });
  expect([late, early].map((one) => one.bundle(BUNDLE)?.sequence)).toEqual([1, 2]);
});

it.each(['hides', 'shows'] as const)(
  'who %s a revocation behind a rollout of stolen keys makes nobody fresh (DW-13)',
  {
    timeout: 120_000,
  },
  async (manner) => {
    const waved = await start([0, 1, 'revoke'], [1, 3]);
    const { realm, node, releases } = waved;
    const { script, beats } = withholding(waved, manner);
    const thief = await startNode(script);
    const robbed = await open(realm, thief.endpoint);
    const status = (): BundleStatus | undefined => robbed.status().bundles[0];
    await until(() => status()?.sequence === 1 && beats() > 0, 'release 1 and a heartbeat');
    // What was sent before this has been taken in when this is.
    const nowMs = Date.now();
    await until(() => {
      thief.sessions[0]?.send(current(BUNDLE, releases[0]));
      return (status()?.confirmedAtMs ?? 0) > nowMs;
    }, 'an answer');
    expect(status()).toMatchObject({ state: 'stale', sequence: 1 });
    const honest = await open(realm, node.addresses.clients ?? '');
    await honest.ready({ until: 'fresh', timeoutMs: 90_000 });
    expect(honest.bundle(BUNDLE)?.sequence).toBe(3);
  },
);

/** Publishes anchors of these numbers, the first one for everybody; and rolls out `to`. */
async function start(
  published: readonly (number | 'revoke')[],
  [fromAt, toAt]: readonly [number, number],
): Promise<Waved> {
  const dir = await createTempDir();
  onTestFinished(() => dir[Symbol.asyncDispose]());
  const realm = createTestRealm({
    realm: 'prod.example.org',
    now: Date.now,
    holdDownSeconds: 0,
    blastRadiusPercent: 100,
    rolloutSigner: 'deploy',
    regions: regionsOf(IAD),
  });
  await dir.write('charter-1.json', documentFile(realm.charter.document));
  const pem = encodePem('PRIVATE KEY', exportSigningKey(regionKey(IAD)));
  await chmod(await dir.write('iad.key', pem), 0o600);
  const node = await runNode(
    configFor(dir, realm, {
      region: { keyFile: 'iad.key' },
      listen: { clients: '127.0.0.1:0', admins: '127.0.0.1:0', peers: 'localhost:0' },
    }),
    { logger: recordingLogger() },
  );
  onTestFinished(() => node[Symbol.asyncDispose]());
  using admin = await AdminClient.open({ endpoint: node.addresses.admins ?? '', insecure: true });
  const anchors = createTestAnchors(3, Date.now());
  const submit = async ({ document }: Pick<TestDocument, 'document'>): Promise<void> => {
    await admin.submit({ document, blobs: anchors.map(({ der }) => der) });
  };
  for (const what of published) await submit(publish(realm, anchors, what));
  const releases = realm.releases(BUNDLE);
  const [from, to] = [placeOf(releases[fromAt - 1]), placeOf(releases[toAt - 1])];
  await submit(realm.nextRollout(BUNDLE, rolloutPlan(to, from, { waves: [CANARIES, EVERYBODY] })));
  return { realm, node, anchors, releases };
}

/** All but the first say that they wait. */
function publish(
  realm: TestRealm,
  anchors: readonly TestAnchor[],
  what: number | 'revoke',
): TestRelease {
  const one = anchors[what === 'revoke' ? 0 : what];
  if (one === undefined) throw new Error('too few anchors');
  return realm.nextRelease(BUNDLE, (body, point) => {
    const next =
      what === 'revoke' ? revokeAnchor(body, one.id, point) : addActive(one)(body, point);
    return point.sequence === 1 ? next : { ...next, delivery: 'waves' };
  });
}

/** A node of a thief: passes on what regions say to it, gives out release 1, and his rollout. */
function withholding(
  { realm, node, anchors, releases }: Waved,
  manner: 'hides' | 'shows',
): { readonly script: Script; readonly beats: () => number } {
  const [first, ...others] = releases;
  const [rollout] = realm.rollouts(BUNDLE);
  if (first === undefined || rollout === undefined) throw new Error('nothing is published');
  const { proof } = cosignedWithin(realm, BUNDLE, { size: releases.length, at: 1 }, IAD).leaf;
  let beats = 0;
  const pass: Script = async (session) => {
    const endpoint = node.addresses.clients ?? '';
    const { signal } = new AbortController();
    const call = await dialWatch({
      endpoint,
      security: { kind: 'plaintext' },
      timeoutMs: 5000,
      signal,
    });
    onTestFinished(() => call.cancel());
    call.send({ kind: 'start', start: session.start });
    for await (const said of call.responses) {
      if (said.kind === 'charters') {
        session.send(said, { ...rollout, kind: 'rollout' });
        session.send(blobs(...anchors), snapshot(first), current(BUNDLE, first));
        const chain = others.map((one, index) => shown(releases[index] ?? first, one));
        if (manner === 'shows') session.send(...chain);
      }
      if (said.kind === 'cosigned') session.send({ ...said, leaf: placed(said.leaf) });
      if (said.kind !== 'heartbeat') continue;
      session.send(said);
      const { stream } = first;
      if (said.said.rows.some(({ row }) => row.stream === stream && row.sequence > 1)) beats += 1;
    }
  };
  // It ends with the test.
  const script: Script = (session, index) =>
    Promise.resolve(pass(session, index)).catch(() => undefined);
  const placed = (leaf: CosignedLeaf): CosignedLeaf =>
    leaf.checkpoint.stream === first.stream ? { ...leaf, proof, sequence: 1 } : leaf;
  return { script, beats: () => beats };
}

function placeOf(release: TestRelease | undefined): NamedRelease {
  if (release === undefined) throw new Error('no such release');
  return { sequence: release.sequence, digest: release.digest };
}

async function open(
  realm: TestRealm,
  endpoint: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<BundleSource> {
  const source = await openBundleSource({
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    endpoints: [endpoint],
    insecure: true,
    bundles: [BUNDLE],
    requireRegions: 1,
    labels,
  });
  onTestFinished(() => source.close());
  return source;
}
