/**
 * Claim `publish`: from submit until every node has a release on disk, and until every client uses
 * it; three node processes and 30 clients on loopback.
 *
 * Each round adds one CA to a bundle. Nodes report through their logs when they serve from disk,
 * clients when their swap is done; all clocks are one machine's. The clients share this process, so
 * the last one also waits for the work of the 29 others.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { addRoots } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import { type Cluster, REGIONS } from '../demo/cluster.ts';
import { preciseNowMs } from '../demo/messages.ts';
import { AdminClient } from '../src/client/admin-client.ts';
import { type BundleName, parseBundleName, releaseStream } from '../src/core/ids.ts';
import { type BundleSource, openBundleSource } from '../src/index.ts';
import type { TestRealm } from '../src/testing/realm.ts';
import { atMost, type Claim, type Measurement, percentile, rounded } from './claim.ts';
import { inOwnCluster } from './own-cluster.ts';

const CLIENTS = 30;
const ROUNDS = 25;
/** Releases that are not counted: code is compiled, connections find their pace. */
const WARM_UP_ROUNDS = 5;
const PAUSE_MS = 50;
const NODE_MAX_MS = 500;
const CLIENT_MAX_MS = 1000;

/** The claim. */
export const publish: Claim = {
  name: 'publish',
  summary: 'submit until 3 nodes have a release on disk and 30 clients use it, loopback',
  measure,
};

/** How long one release took. */
interface Round {
  readonly submitMs: number;
  readonly lastNodeMs: number;
  readonly lastClientMs: number;
}

async function measure(): Promise<Measurement> {
  return await inOwnCluster(async (cluster) => {
    const sources: BundleSource[] = [];
    try {
      return judge(await measureRounds(cluster, sources));
    } finally {
      await Promise.all(sources.map(async (source) => source.close()));
    }
  });
}

async function measureRounds(cluster: Cluster, sources: BundleSource[]): Promise<readonly Round[]> {
  const { realm } = cluster;
  const bundle = parseBundleName(`bench.${realm.name}`);
  const [region = ''] = REGIONS;
  using admin = await AdminClient.open({
    endpoint: cluster.node(region).place.address,
    tls: await cluster.linkFiles('admin', 'bench'),
  });
  const rounds: Round[] = [];
  for (let round = 0; round <= WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const { edit, blobs } = addRoots([makeCa(`CA ${String(round)}`).facts]);
    const { document, sequence } = realm.nextRelease(bundle, edit);
    const clients = Promise.all(sources.map(async (each) => inUse(each, bundle, sequence)));
    const startMs = preciseNowMs();
    await admin.submit({ document, blobs });
    const submitMs = preciseNowMs() - startMs;
    const stream = releaseStream(bundle);
    const nodes = cluster.nodes.map(async (node) => node.accepted(stream, sequence));
    const lastNodeMs = Math.max(...(await Promise.all(nodes))) - startMs;
    const lastClientMs = Math.max(...(await clients)) - startMs;
    if (round === 0) sources.push(...(await openSources(cluster, realm, bundle)));
    if (round > WARM_UP_ROUNDS) rounds.push({ submitMs, lastNodeMs, lastClientMs });
    await sleep(PAUSE_MS);
  }
  return rounds;
}

/** Opens the clients, a third of them at each node. */
async function openSources(
  cluster: Cluster,
  realm: TestRealm,
  bundle: BundleName,
): Promise<readonly BundleSource[]> {
  const tls = await cluster.linkFiles('client', 'bench');
  const sources = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, i) =>
      openBundleSource({
        realm: realm.name,
        firstCharterDigest: realm.firstCharterDigest,
        endpoints: cluster.endpoints(REGIONS[i % REGIONS.length] ?? ''),
        tls,
        bundles: [bundle],
      }),
    ),
  );
  await Promise.all(sources.map(async (source) => source.ready()));
  return sources;
}

/** Wall time when a client uses a release. */
async function inUse(source: BundleSource, name: BundleName, sequence: number): Promise<number> {
  return await new Promise((resolve) => {
    const subscription = source.onSwap((bundle) => {
      if (bundle.name !== name || bundle.sequence < sequence) return;
      subscription[Symbol.dispose]();
      resolve(preciseNowMs());
    });
  });
}

function judge(rounds: readonly Round[]): Measurement {
  const at = (pick: (round: Round) => number, share: number): number =>
    rounded(percentile(rounds.map(pick), share));
  const node95Ms = at(({ lastNodeMs }) => lastNodeMs, 0.95);
  const client95Ms = at(({ lastClientMs }) => lastClientMs, 0.95);
  return {
    figures: {
      nodes: REGIONS.length,
      clients: CLIENTS,
      rounds: rounds.length,
      submitMsMedian: at(({ submitMs }) => submitMs, 0.5),
      lastNodeMsMedian: at(({ lastNodeMs }) => lastNodeMs, 0.5),
      lastNodeMsP95: node95Ms,
      lastClientMsMedian: at(({ lastClientMs }) => lastClientMs, 0.5),
      lastClientMsP95: client95Ms,
    },
    bars: [
      atMost('lastNodeMsP95', node95Ms, NODE_MAX_MS),
      atMost('lastClientMsP95', client95Ms, CLIENT_MAX_MS),
    ],
  };
}
