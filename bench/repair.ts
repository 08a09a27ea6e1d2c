/**
 * Claim `repair`: what it costs two nodes with 10,000 streams to find out what one of them lacks.
 *
 * The nodes are cut off from each other, releases go to one, the way is opened again; a counting
 * proxy sees every byte from the first one until the roots are equal and the way is quiet. A round
 * in which nothing differs is what connecting costs; it is subtracted, and so are the statements
 * and patches themselves, which have to travel in any case. What is left is the price of finding
 * and asking.
 *
 * @module
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { addRoots } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import { documentFile } from '../demo/cluster.ts';
import { NodeProcess } from '../demo/node-process.ts';
import { AdminClient } from '../src/client/admin-client.ts';
import { sha256 } from '../src/core/crypto.ts';
import { rowsOf } from '../src/core/gossip/rows.ts';
import { type BundleName, parseBundleName } from '../src/core/ids.ts';
import { diffBodies } from '../src/core/releases/delta.ts';
import { changeAnchor } from '../src/core/releases/edit.ts';
import type { RunningNode } from '../src/node/daemon.ts';
import type { StoredDocument } from '../src/ports/store.ts';
import { openLevelStore } from '../src/storage/open-store.ts';
import { createTestRealm, type TestRealm } from '../src/testing/realm.ts';
import { atMost, type Claim, type Measurement, rounded } from './claim.ts';
import { processorMs, residentBytes } from './process-stats.ts';
import { say } from './progress.ts';
import { startTwoNodes, type TwoNodes } from './two-nodes.ts';

const STREAMS = 10_000;
const DIFFERENCES = [1, 100, 1000];
const ONE_ROW_MAX_BYTES = 400;
/** Documents in one append. */
const APPEND = 500;
const QUIET_MS = 1500;
const WAIT_MAX_MS = 60_000;
const IDLE_MS = 10_000;
const MEGABYTE = 1024 * 1024;
const ROOT = makeCa('repair').facts;

/** The claim. */
export const repair: Claim = {
  name: 'repair',
  summary: 'two nodes with 10,000 streams of which 1, 100 or 1,000 differ: bytes and time',
  measure,
};

async function measure(): Promise<Measurement> {
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  say(`signing ${STREAMS} releases`);
  const documents = firstReleases(realm);
  const fill = async (path: string): Promise<void> => fillStore(path, documents);
  const alone = await measureStart(realm, fill);
  say('starting two nodes');
  await using nodes = await startTwoNodes(realm, fill);
  await equal(nodes);
  using admin = await AdminClient.open({
    endpoint: nodes.first.addresses.admins ?? '',
    tls: nodes.tls,
  });
  const nothing = await measureRound(nodes, async () => 0);
  const figures: Record<string, number> = { streams: STREAMS, ...alone, ...named(0, nothing) };
  for (const count of DIFFERENCES) {
    const round = await measureRound(nodes, async () => publish(realm, admin, count));
    const bytes = round.bytes - nothing.bytes - round.contentBytes;
    figures[`findBytes${count}`] = bytes;
    Object.assign(figures, named(count, round));
    say(`${count} rows: ${bytes} bytes to find them, ${rounded(round.ms)} ms`);
  }
  const bars = [atMost('findBytes1', figures['findBytes1'] ?? Number.NaN, ONE_ROW_MAX_BYTES)];
  return { figures, bars };
}

interface Round {
  readonly bytes: number;
  readonly contentBytes: number;
  readonly ms: number;
}

function named(count: number, { bytes, contentBytes, ms }: Round): Record<string, number> {
  return {
    [`wireBytes${count}`]: bytes,
    [`contentBytes${count}`]: contentBytes,
    [`equalMs${count}`]: rounded(ms),
  };
}

/** Every bundle's first release. */
function firstReleases(realm: TestRealm): readonly StoredDocument[] {
  const { edit } = addRoots([ROOT]);
  const releases = Array.from({ length: STREAMS }, (_, i) => realm.nextRelease(bundleOf(i), edit));
  return [realm.charter, ...releases];
}

function bundleOf(index: number): BundleName {
  return parseBundleName(`bundle-${index}.kedge.test`);
}

async function fillStore(path: string, documents: readonly StoredDocument[]): Promise<void> {
  await using store = await openLevelStore(path);
  const blobs = [{ id: sha256(ROOT.der), der: ROOT.der }];
  for (let at = 0; at < documents.length; at += APPEND) {
    await store.append({ documents: documents.slice(at, at + APPEND), blobs });
  }
}

/** Publishes one more release of each of some bundles; returns the bytes that peers need. */
async function publish(realm: TestRealm, admin: AdminClient, count: number): Promise<number> {
  let bytes = 0;
  for (let i = 0; i < count; i += 1) {
    const bundle = bundleOf(i);
    const before = realm.releases(bundle).at(-1)?.document.body ?? new Uint8Array(0);
    const { document } = realm.nextRelease(bundle, (body) =>
      changeAnchor(body, sha256(ROOT.der), { label: `label ${count}` }),
    );
    await admin.submit({ document, blobs: [] });
    const { payload, signatures } = document.statement;
    bytes += payload.length + diffBodies(before, document.body).length;
    for (const { signature } of signatures) bytes += signature.length;
  }
  return bytes;
}

async function measureRound(nodes: TwoNodes, change: () => Promise<number>): Promise<Round> {
  for (const proxy of nodes.peerProxies) proxy.cut();
  const contentBytes = await change();
  const before = total(nodes);
  for (const proxy of nodes.peerProxies) proxy.mend();
  await reached(() => total(nodes) > before);
  const startMs = performance.now();
  await equal(nodes);
  const ms = performance.now() - startMs;
  await quiet(nodes);
  return { bytes: total(nodes) - before, contentBytes, ms };
}

function total({ peerProxies }: TwoNodes): number {
  return peerProxies.reduce((sum, { counts }) => sum + counts.forth + counts.back, 0);
}

async function equal({ first, second }: TwoNodes): Promise<void> {
  await reached(() => isEqual(first, second));
}

function isEqual(first: RunningNode, second: RunningNode): boolean {
  const [ours, theirs] = [rowsOf(first.trusted), rowsOf(second.trusted)];
  if (ours.size !== theirs.size) return false;
  return [...ours].every(([stream, { digest }]) => theirs.get(stream)?.digest === digest);
}

/** Waits until no more than digests, which two nodes exchange for ever, can have passed. */
async function quiet(nodes: TwoNodes): Promise<void> {
  let before = total(nodes);
  let sinceMs = performance.now();
  const startMs = sinceMs;
  while (performance.now() - sinceMs < QUIET_MS && performance.now() - startMs < 2 * QUIET_MS) {
    await sleep(20);
    const now = total(nodes);
    if (now === before) continue;
    before = now;
    sinceMs = performance.now();
  }
}

async function reached(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MAX_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('the nodes did not get there in time');
    await sleep(10);
  }
}

/** A process of its own with all these streams: until it serves, and what it takes at rest. */
async function measureStart(
  realm: TestRealm,
  fill: (path: string) => Promise<void>,
): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  const configFile = join(folder, 'node.yaml');
  const place = { id: 'iad-1', region: 'iad', address: '', peerAddress: '', folder, configFile };
  const node = new NodeProcess(place);
  try {
    await mkdir(join(folder, 'data'));
    await fill(join(folder, 'data'));
    await writeFile(join(folder, 'charter-1.json'), documentFile(realm.charter.document));
    const config = {
      node: { id: place.id, region: place.region },
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      firstCharterFile: 'charter-1.json',
      store: { path: 'data' },
      listen: { clients: '127.0.0.1:0', admins: '127.0.0.1:0' },
      insecure: true,
      log: { level: 'info', format: 'json' },
    };
    await writeFile(configFile, stringify(config));
    const startMs = performance.now();
    await node.start();
    const startedMs = performance.now() - startMs;
    const pid = node.pid ?? 0;
    const before = processorMs(pid);
    await sleep(IDLE_MS);
    const { now, peak } = residentBytes(pid);
    return {
      startSeconds: rounded(startedMs / 1000),
      startProcessorSeconds: rounded(before / 1000),
      idleProcessorPercent: rounded(((processorMs(pid) - before) / IDLE_MS) * 100),
      residentMb: rounded(now / MEGABYTE),
      peakResidentMb: rounded(peak / MEGABYTE),
    };
  } finally {
    await node.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
