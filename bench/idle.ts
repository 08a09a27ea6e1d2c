/**
 * Claim `idle`: what 15 nodes in five regions cost when nothing happens.
 *
 * Bytes are those that a host sends, TCP and IP headers included; over all nodes as much is
 * received. Processor time is that of the whole process.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { addRoots } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import { parseBundleName, releaseStream } from '../src/core/ids.ts';
import { createTestRealm } from '../src/testing/realm.ts';
import { atMost, type Claim, type Measurement, median, rounded } from './claim.ts';
import { processorMs, residentBytes } from './process-stats.ts';
import { say } from './progress.ts';
import { WanCluster } from './wan/cluster.ts';
import { FIVE_REGIONS } from './wan/matrix.ts';
import { openWan } from './wan/open-wan.ts';
import type { Wan } from './wan/wan.ts';

const HOSTS_PER_REGION = 3;
const BUNDLES = 5;
const SETTLE_MS = 20_000;
const MEASURE_MS = 90_000;
const SENT_MAX_BYTES_PER_S = 1024;
const PROCESSOR_MAX_PERCENT = 0.5;
const MEGABYTE = 1024 * 1024;

/** The claim. */
export const idle: Claim = {
  name: 'idle',
  summary: '15 nodes in 5 regions at rest: bytes on the wire, processor time and memory of each',
  measure,
};

/** What each node has used at one moment. */
interface Sample {
  readonly atMs: number;
  readonly nodes: readonly {
    readonly processorMs: number;
    readonly sentBytes: number;
    readonly sentPackets: number;
  }[];
}

async function measure(): Promise<Measurement> {
  const { wan, notes } = await openWan(FIVE_REGIONS, HOSTS_PER_REGION);
  await using _ = wan;
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  await using cluster = await WanCluster.prepare(wan, realm);
  say('starting 15 nodes');
  await cluster.start();
  await publishSome(cluster);
  await sleep(SETTLE_MS);
  say(`measuring for ${MEASURE_MS / 1000} s`);
  const before = sample(wan, cluster);
  await sleep(MEASURE_MS);
  const after = sample(wan, cluster);
  const seconds = (after.atMs - before.atMs) / 1000;
  const rates = (pick: (node: Sample['nodes'][number]) => number): readonly number[] =>
    after.nodes.map((node, i) => {
      const earlier = before.nodes[i];
      return earlier === undefined ? Number.NaN : (pick(node) - pick(earlier)) / seconds;
    });
  const processor = rates((node) => node.processorMs / 10);
  const sent = rates(({ sentBytes }) => sentBytes);
  const memory = cluster.nodes.map(({ process }) => residentBytes(process.pid ?? 0).now);
  const bars = [atMost('processorPercentMean', rounded2(mean(processor)), PROCESSOR_MAX_PERCENT)];
  if (wan.traffic !== undefined) {
    bars.unshift(atMost('sentBytesPerSecondMean', rounded(mean(sent)), SENT_MAX_BYTES_PER_S));
  }
  return {
    figures: {
      nodes: cluster.nodes.length,
      seconds: rounded(seconds),
      sentBytesPerSecondMean: rounded(mean(sent)),
      sentBytesPerSecondMax: rounded(Math.max(...sent)),
      sentPacketsPerSecondMean: rounded(mean(rates(({ sentPackets }) => sentPackets))),
      processorPercentMean: rounded2(mean(processor)),
      processorPercentMax: rounded2(Math.max(...processor)),
      residentMbMedian: rounded(median(memory) / MEGABYTE),
      residentMbMax: rounded(Math.max(...memory) / MEGABYTE),
    },
    bars,
    notes: [...notes, `network: ${wan.kind}`],
  };
}

/** Nodes at rest hold something. */
async function publishSome(cluster: WanCluster): Promise<void> {
  const [first] = cluster.nodes;
  if (first === undefined) return;
  using admin = await cluster.openAdmin(first);
  for (let i = 0; i < BUNDLES; i += 1) {
    const bundle = parseBundleName(`idle-${i}.kedge.test`);
    const { edit, blobs } = addRoots([makeCa(`CA ${i}`).facts]);
    const { document, sequence } = cluster.realm.nextRelease(bundle, edit);
    await admin.submit({ document, blobs });
    const stream = releaseStream(bundle);
    await Promise.all(cluster.nodes.map(({ process }) => process.accepted(stream, sequence)));
  }
}

function sample(wan: Wan, cluster: WanCluster): Sample {
  const nodes = cluster.nodes.map(({ host, process }) => {
    const { sentBytes = Number.NaN, sentPackets = Number.NaN } = wan.traffic?.(host) ?? {};
    return { processorMs: processorMs(process.pid ?? 0), sentBytes, sentPackets };
  });
  return { atMs: performance.now(), nodes };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded2(value: number): number {
  return Math.round(value * 100) / 100;
}
