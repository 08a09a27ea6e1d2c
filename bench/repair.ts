/**
 * Claim `repair`: what it costs two nodes with 10,000 streams to find out what one of them lacks.
 *
 * `find` counts the frames by which two replication machines find the rows, with what surrounds a
 * frame on the wire, beyond those of a meeting where nothing differs; `walk` is the same after a
 * restart, when neither knows what it has seen of the other. `wire` and `equalMs` are of two real
 * nodes over mTLS with a counting proxy: they are cut off, releases go to one, the other one may
 * dial again, until a second after the roots are equal; what connecting costs where nothing differs
 * is subtracted, which leaves statements, patches and the calls that fetch them.
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
import { type BundleName, parseBundleName, releaseStream } from '../src/core/ids.ts';
import { changeAnchor } from '../src/core/releases/edit.ts';
import { headOf } from '../src/core/trusted/state.ts';
import type { StoredDocument } from '../src/ports/store.ts';
import { openLevelStore } from '../src/storage/open-store.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../src/testing/realm.ts';
import { atMost, type Claim, type Measurement, median, rounded } from './claim.ts';
import { processorMs, residentBytes } from './process-stats.ts';
import { say } from './progress.ts';
import { MachinePair } from './repair-frames.ts';
import { startTwoNodes, type TwoNodes } from './two-nodes.ts';

const STREAMS = 10_000;
/** Differing rows, and how often. */
const DIFFERENCES = [
  { count: 1, rounds: 3 },
  { count: 100, rounds: 1 },
  { count: 1000, rounds: 1 },
];
const ROUNDS_OF_NOTHING = 3;
const ONE_ROW_MAX_BYTES = 400;
/** Documents in one append. */
const APPEND = 500;
const SETTLE_MS = 1000;
const WAIT_MAX_MS = 300_000;
const POLL_MS = 10;
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
  await equal(nodes, STREAMS);
  const { tls } = nodes;
  using admin = await AdminClient.open({ endpoint: nodes.first.addresses.admins ?? '', tls });
  // One way to dial, so that every round has the same connections.
  nodes.peerProxies[1]?.cut();
  const nothing = await measureRounds(nodes, ROUNDS_OF_NOTHING, { count: 0, admin, realm });
  const figures: Record<string, number> = { streams: STREAMS, ...alone };
  for (const { count, rounds } of DIFFERENCES) {
    const round = await measureRounds(nodes, rounds, { count, admin, realm });
    figures[`wireBytes${count}`] = round.bytes - nothing.bytes;
    figures[`equalMs${count}`] = rounded(round.ms);
    figures[`findBytes${count}`] = findBytes(realm, count, 'seen');
    say(`${count} rows: equal after ${rounded(round.ms)} ms`);
  }
  figures['walkBytes1'] = findBytes(realm, 1, 'restarted');
  const bars = [atMost('findBytes1', figures['findBytes1'] ?? Number.NaN, ONE_ROW_MAX_BYTES)];
  return { figures, bars };
}

/** Of how many bundles a release is published, and how. */
interface Change {
  readonly count: number;
  readonly admin: AdminClient;
  readonly realm: TestRealm;
}

interface Round {
  readonly bytes: number;
  readonly ms: number;
}

/** What two machines say to find rows of which one holds more. */
function findBytes(realm: TestRealm, count: number, memory: 'seen' | 'restarted'): number {
  const pair = new MachinePair(realm, realm.trustedState());
  const meetingBytes = pair.meet();
  pair.part();
  for (let i = 0; i < count; i += 1) pair.publish(nextRelease(realm, STREAMS - 1 - i));
  if (memory === 'restarted') pair.restart();
  return pair.meet() - meetingBytes;
}

/** A bundle's next release: its anchor gets another label. */
function nextRelease(realm: TestRealm, index: number): TestRelease {
  return realm.nextRelease(bundleOf(index), (body, { sequence }) =>
    changeAnchor(body, sha256(ROOT.der), { label: `label ${sequence}` }),
  );
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

/** Publishes one more release of each of some bundles. */
async function publish({ realm, admin, count }: Change): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const { document } = nextRelease(realm, i);
    await admin.submit({ document, blobs: [] });
  }
}

async function measureRounds(nodes: TwoNodes, times: number, change: Change): Promise<Round> {
  const rounds: Round[] = [];
  for (let i = 0; i < times; i += 1) rounds.push(await measureRound(nodes, change));
  const middle = (pick: (round: Round) => number): number => median(rounds.map(pick));
  return {
    bytes: middle(({ bytes }) => bytes),
    ms: middle(({ ms }) => ms),
  };
}

async function measureRound(nodes: TwoNodes, change: Change): Promise<Round> {
  const [way] = nodes.peerProxies;
  way?.cut();
  await publish(change);
  const before = total(nodes);
  way?.mend();
  await reached(() => total(nodes) > before);
  const startMs = performance.now();
  await equal(nodes, change.count);
  const ms = performance.now() - startMs;
  await sleep(SETTLE_MS);
  return { bytes: total(nodes) - before, ms };
}

function total({ peerProxies }: TwoNodes): number {
  return peerProxies.reduce((sum, { counts }) => sum + counts.forth + counts.back, 0);
}

/** Waits until both hold the newest release of the first bundles. */
async function equal({ first, second }: TwoNodes, count: number): Promise<void> {
  const streams = Array.from({ length: count }, (_, i) => releaseStream(bundleOf(i)));
  await reached(() =>
    streams.every((stream) => {
      const [ours, theirs] = [first, second].map(({ trusted }) => headOf(trusted, stream));
      return ours?.sequence === theirs?.sequence;
    }),
  );
}

async function reached(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MAX_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('the nodes did not get there in time');
    await sleep(POLL_MS);
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
