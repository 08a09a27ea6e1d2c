/**
 * Claim `catchup`: a node that starts empty and has to get 1,000 releases of a bundle of 140
 * anchors from the other side of the world.
 *
 * Four nodes hold everything, one in each other region. Measured from the start of the fifth
 * process until its root is that of the others, which is when all is verified and on disk.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { addRoots, PUBLIC_WEB, publicRoots } from '../demo/bundles.ts';
import type { AdminClient } from '../src/client/admin-client.ts';
import { KedgeError } from '../src/core/errors.ts';
import { releaseStream, type Sha256 } from '../src/core/ids.ts';
import type { ReleaseBody } from '../src/core/releases/body.ts';
import { changeAnchor } from '../src/core/releases/edit.ts';
import { createTestRealm } from '../src/testing/realm.ts';
import { type Claim, type Measurement, rounded } from './claim.ts';
import { processorMs, residentBytes } from './process-stats.ts';
import { say } from './progress.ts';
import { WanCluster, type WanNode } from './wan/cluster.ts';
import { FIVE_REGIONS } from './wan/matrix.ts';
import { openWan } from './wan/open-wan.ts';
import type { Wan } from './wan/wan.ts';

const RELEASES = 1000;
const ANCHORS = 140;
const WITHIN_MS = 600_000;
const POLL_MS = 20;
const TOLD_EVERY = 250;
const MEGABYTE = 1024 * 1024;

/** The claim. */
export const catchup: Claim = {
  name: 'catchup',
  summary: 'an empty node gets 1,000 releases of 140 anchors: time, bytes, memory',
  measure,
};

async function measure(): Promise<Measurement> {
  const { wan, notes } = await openWan(FIVE_REGIONS, 1);
  await using _ = wan;
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  await using cluster = await WanCluster.prepare(wan, realm);
  const empty = cluster.nodes.at(-1);
  const full = cluster.nodes.slice(0, -1);
  const [first] = full;
  if (first === undefined || empty === undefined) throw new Error('too few nodes');
  await Promise.all(full.map(({ process }) => process.start()));
  using admin = await cluster.openAdmin(first);
  await publishAll(cluster, full, admin);
  const { root } = await admin.status();
  const figures = await fill(wan, cluster, empty, root);
  return { figures, bars: [], notes: [...notes, `network: ${wan.kind}`] };
}

async function publishAll(
  cluster: WanCluster,
  nodes: readonly WanNode[],
  admin: AdminClient,
): Promise<void> {
  const { edit, blobs } = addRoots(publicRoots().slice(0, ANCHORS));
  for (let i = 0; i < RELEASES; i += 1) {
    const next = i === 0 ? edit : (body: ReleaseBody): ReleaseBody => relabel(body, i);
    const { document } = cluster.realm.nextRelease(PUBLIC_WEB, next);
    await admin.submit({ document, blobs: i === 0 ? blobs : [] });
    if ((i + 1) % TOLD_EVERY === 0) say(`${i + 1} releases published`);
  }
  const { root } = await admin.status();
  for (const node of nodes) {
    using other = await cluster.openAdmin(node);
    await reached(other, root);
  }
}

/** The smallest honest change: one anchor of the 140 gets another label. */
function relabel(body: ReleaseBody, round: number): ReleaseBody {
  const anchor = body.anchors[round % body.anchors.length];
  if (anchor === undefined) return body;
  return changeAnchor(body, anchor.id, { label: `relabelled in round ${round}` });
}

async function fill(
  wan: Wan,
  cluster: WanCluster,
  node: WanNode,
  root: Sha256,
): Promise<Readonly<Record<string, number>>> {
  const before = wan.traffic?.(node.host);
  const startMs = performance.now();
  await node.process.start();
  const readyMs = performance.now() - startMs;
  say('the empty node has started');
  using admin = await cluster.openAdmin(node);
  await reached(admin, root);
  const fullMs = performance.now() - startMs;
  const after = wan.traffic?.(node.host);
  const pid = node.process.pid ?? 0;
  const memory = residentBytes(pid);
  return {
    releases: RELEASES,
    anchors: ANCHORS,
    streamSequence: await headOf(admin),
    readySeconds: rounded(readyMs / 1000),
    fullSeconds: rounded(fullMs / 1000),
    receivedMb: rounded(((after?.receivedBytes ?? 0) - (before?.receivedBytes ?? 0)) / MEGABYTE),
    sentMb: rounded(((after?.sentBytes ?? 0) - (before?.sentBytes ?? 0)) / MEGABYTE),
    processorSeconds: rounded(processorMs(pid) / 1000),
    peakResidentMb: rounded(memory.peak / MEGABYTE),
    residentMb: rounded(memory.now / MEGABYTE),
  };
}

async function headOf(admin: AdminClient): Promise<number> {
  const streams = await admin.streams();
  return streams.find(({ stream }) => stream === releaseStream(PUBLIC_WEB))?.sequence ?? 0;
}

async function reached(admin: AdminClient, root: Sha256): Promise<void> {
  const deadlineMs = performance.now() + WITHIN_MS;
  while (performance.now() < deadlineMs) {
    if ((await rootOf(admin)) === root) return;
    await sleep(POLL_MS);
  }
  throw new KedgeError('UNAVAILABLE', 'a node did not get everything');
}

/** A node that works hard may be late with its answer. */
async function rootOf(admin: AdminClient): Promise<Sha256 | undefined> {
  try {
    return (await admin.status()).root;
  } catch {
    return undefined;
  }
}
