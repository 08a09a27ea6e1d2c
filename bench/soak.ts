/**
 * Claim `soak`: a change per second to all subscribers of a node for ten minutes, each of which
 * acknowledges it twice, as the SDK does: whether memory grows, or the time to the last one.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PUBLIC_WEB } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import type { AdminClient } from '../src/client/admin-client.ts';
import type { AnchorId } from '../src/core/ids.ts';
import { addAnchor, changeAnchor } from '../src/core/releases/edit.ts';
import type { TestRealm, TestRelease } from '../src/testing/realm.ts';
import { atMost, type Claim, type Measurement, median, percentile, rounded } from './claim.ts';
import { acknowledgements } from './fanout/acknowledgements.ts';
import { Certificates } from './fanout/certificates.ts';
import { BenchNodes, REALM } from './fanout/nodes.ts';
import { beFirst, clientsAsked, isQuick, load } from './machine.ts';
import { residentBytes } from './process-stats.ts';
import { say } from './progress.ts';
import { type Line, lineThrough } from './slope.ts';
import { nowUs } from './swarm/clock.ts';
import { mark } from './swarm/requests.ts';
import { buildSwarm, Swarm } from './swarm/swarm.ts';

const EVERY_MS = 1000;
const OPEN_AT_ONCE = 64;
const OPEN_WITHIN_MS = 300_000;
const ROUND_WITHIN_MS = 60_000;
const DRAIN_MS = 2000;
const BEHIND_MAX = 1;
const TOLD_EVERY = 30;
const MEGABYTE = 1024 * 1024;
/** Anchors of the bundle. */
const ANCHORS = 20;
/** Growth within this many standard deviations of the samples is noise. */
const NOISE_MAX = 2;

/** The claim. */
export const soak: Claim = {
  name: 'soak',
  summary: '10,000 subscribers, a change per second, 10 minutes: memory and lag',
  measure,
};

/** One change: when, how large the node was, how long the last subscriber waited. */
interface Sample {
  readonly seconds: number;
  readonly residentMb: number;
  readonly p99Ms: number;
  readonly lastMs: number;
}

async function measure(): Promise<Measurement> {
  beFirst();
  const subscribers = clientsAsked() ?? (isQuick() ? 2000 : 10_000);
  const seconds = isQuick() ? 60 : 600;
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  try {
    const program = buildSwarm(folder);
    const certificates = await Certificates.make(folder, REALM);
    await using nodes = await BenchNodes.start(folder, certificates, { count: 1, workers: 0 });
    using admin = await nodes.openAdmin();
    const { first, anchor } = await publishFirst(nodes.realm, admin);
    const held = { sequence: first.sequence, digest: first.digest };
    const dialogue = nodes.dialogue([{ bundle: PUBLIC_WEB, held }]);
    await using swarm = new Swarm(program, { dialogue, certificates });
    say(`connecting ${subscribers} subscribers`);
    await swarm.open(subscribers, OPEN_AT_ONCE, OPEN_WITHIN_MS);
    const pid = nodes.node().pid ?? 0;
    const publish = async (round: number): Promise<void> => {
      const release = relabel(nodes.realm, anchor, round);
      swarm.reply(acknowledgements(release));
      await admin.submit({ document: release.document, blobs: [] });
    };
    const samples = await runFor({ seconds, pid, swarm, publish });
    await sleep(DRAIN_MS);
    const { behind, lost } = await swarm.stats();
    return judgeSoak(samples, { subscribers, behind, lost, load: load() });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function publishFirst(
  realm: TestRealm,
  admin: AdminClient,
): Promise<{ readonly first: TestRelease; readonly anchor: AnchorId }> {
  const roots = Array.from({ length: ANCHORS }, (_, i) => makeCa(`CA ${i}`).facts);
  const first = realm.nextRelease(PUBLIC_WEB, (body, point) =>
    roots.reduce(
      (next, { id }) =>
        addAnchor(next, { id, label: 'first', purposes: ['tls-server'] }, 'active', point),
      body,
    ),
  );
  await admin.submit({ document: first.document, blobs: roots.map(({ der }) => der) });
  const [root] = roots;
  if (root === undefined) throw new Error('no anchor');
  return { first, anchor: root.id };
}

/** The bundle does not grow, so the node should not. */
function relabel(realm: TestRealm, anchor: AnchorId, round: number): TestRelease {
  return realm.nextRelease(PUBLIC_WEB, (body) =>
    changeAnchor(body, anchor, { label: mark(round) }),
  );
}

async function runFor({
  seconds,
  pid,
  swarm,
  publish,
}: {
  readonly seconds: number;
  readonly pid: number;
  readonly swarm: Swarm;
  readonly publish: (round: number) => Promise<void>;
}): Promise<readonly Sample[]> {
  const started = performance.now();
  const samples: Promise<Sample>[] = [];
  for (let round = 1; round <= seconds; round += 1) {
    await sleep(Math.max(0, started + round * EVERY_MS - performance.now()));
    const residentMb = residentBytes(pid).now / MEGABYTE;
    const startUs = nowUs();
    const sample = swarm.round(round, ROUND_WITHIN_MS).then(({ us }) => ({
      seconds: round,
      residentMb,
      p99Ms: (percentile(us, 0.99) - startUs) / 1000,
      lastMs: (percentile(us, 1) - startUs) / 1000,
    }));
    // Whoever waits for all of them below is told of the first failure.
    sample.catch(() => undefined);
    samples.push(sample);
    await publish(round);
    if (round % TOLD_EVERY === 0) say(`${round} s, ${rounded(residentMb)} MB`);
  }
  return await Promise.all(samples);
}

/** What a run came to. The first half is left out of memory: caches fill, code is compiled. */
export function judgeSoak(
  samples: readonly Sample[],
  run: {
    readonly subscribers: number;
    readonly behind: number;
    readonly lost: number;
    readonly load: number;
  },
): Measurement {
  const half = samples.slice(Math.floor(samples.length / 2));
  const memory = lineThrough(half.map(({ seconds, residentMb }) => [seconds, residentMb]));
  const lag = lineThrough(half.map(({ seconds, lastMs }) => [seconds, lastMs]));
  const lasts = samples.map(({ lastMs }) => lastMs);
  return {
    figures: {
      subscribers: run.subscribers,
      changes: samples.length,
      loadAfter: run.load,
      residentMbFirst: rounded(samples[0]?.residentMb ?? Number.NaN),
      residentMbLast: rounded(samples.at(-1)?.residentMb ?? Number.NaN),
      residentMbPerHour: rounded(memory.slope * 3600),
      residentNoiseMb: rounded(memory.noise),
      lastMsMedian: rounded(median(lasts)),
      lastMsP99: rounded(percentile(lasts, 0.99)),
      lastMsMax: rounded(percentile(lasts, 1)),
      lastMsPerHour: rounded(lag.slope * 3600),
      lastNoiseMs: rounded(lag.noise),
      p99MsMedian: rounded(median(samples.map(({ p99Ms }) => p99Ms))),
      lost: run.lost,
    },
    bars: [
      atMost('residentGrowthOverNoise', rounded(growth(memory, half.length)), NOISE_MAX),
      atMost('lagGrowthOverNoise', rounded(growth(lag, half.length)), NOISE_MAX),
      atMost('changesBehindWhenDrained', run.behind, BEHIND_MAX),
      atMost('lost', run.lost, 0),
    ],
  };
}

/** How much a line grew in so many seconds, in standard deviations of its points. */
function growth({ slope, noise }: Line, seconds: number): number {
  return (slope * seconds) / noise;
}
