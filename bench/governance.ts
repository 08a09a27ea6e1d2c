/**
 * Claim `governance`: from the decision to take a release back until everybody runs the old content
 * again; three node processes and 300 clients on loopback.
 *
 * Each round publishes a release that adds a CA, waits until all clients have it, and rolls back to
 * the one before. The time counts from before the rollback is computed: the edit, the signatures of
 * two signers, the submission at one node, the way to the others and to every client. Clients are
 * streams that say *loaded* when they got a release, without TLS contexts to swap; `publish`
 * measures those.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { addRoots } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import { type Cluster, REGIONS } from '../demo/cluster.ts';
import { AdminClient } from '../src/client/admin-client.ts';
import { parseBundleName } from '../src/core/ids.ts';
import { rollBack } from '../src/core/releases/rollback.ts';
import { LeanChannels, LeanClient } from '../src/testing/lean-clients.ts';
import type { TestRelease } from '../src/testing/realm.ts';
import { atMost, type Claim, type Measurement, percentile, rounded } from './claim.ts';
import { channelCredentials, inOwnCluster } from './own-cluster.ts';
import { say } from './progress.ts';

const BUNDLE = parseBundleName('governance.kedge.test');
const CLIENTS = 300;
/** Each carries at most 100 streams. */
const CHANNELS = 2;
const ROUNDS = 100;
const WARM_UP_ROUNDS = 3;
const POLL_EVERY_MS = 1;
const GIVE_UP_MS = 30_000;
const ROLLBACK_MAX_MS = 2000;

/** The claim. */
export const governance: Claim = {
  name: 'governance',
  summary: 'take a release back: decision until 300 clients of 3 nodes run the old content',
  measure,
};

async function measure(): Promise<Measurement> {
  return await inOwnCluster(async (cluster) => {
    await using fleet = await Fleet.open(cluster);
    return judge(await measureRounds(cluster, fleet));
  });
}

async function measureRounds({ realm }: Cluster, fleet: Fleet): Promise<readonly number[]> {
  const first = addRoots([makeCa('CA 0').facts]);
  let before = realm.nextRelease(BUNDLE, first.edit);
  await fleet.publish(before, first.blobs);
  await fleet.connect();
  await fleet.until(before);
  const times: number[] = [];
  for (let round = 1; round <= WARM_UP_ROUNDS + ROUNDS; round += 1) {
    if (round % 25 === 0) say(`governance: round ${String(round)}`);
    const bad = addRoots([makeCa(`CA ${String(round)}`).facts]);
    const mistake = realm.nextRelease(BUNDLE, bad.edit);
    await fleet.publish(mistake, bad.blobs);
    await fleet.until(mistake);
    const earlier = before;
    const startMs = performance.now();
    const taken = realm.nextRelease(BUNDLE, (body, point) => rollBack(body, earlier, point));
    await fleet.publish(taken, []);
    await fleet.until(taken);
    if (round > WARM_UP_ROUNDS) times.push(performance.now() - startMs);
    before = taken;
  }
  return times;
}

/** Clients, a third of them at each node, and the node that is published to. */
class Fleet implements AsyncDisposable {
  readonly #admin: AdminClient;
  readonly #channels: readonly LeanChannels[];
  readonly #clients: readonly LeanClient[];

  private constructor(admin: AdminClient, channels: readonly LeanChannels[], cluster: Cluster) {
    const { name, firstCharterDigest } = cluster.realm;
    const options = { realm: name, firstCharterDigest, bundle: BUNDLE };
    this.#admin = admin;
    this.#channels = channels;
    this.#clients = Array.from({ length: CLIENTS }, () => new LeanClient(options));
  }

  static async open(cluster: Cluster): Promise<Fleet> {
    const files = await cluster.linkFiles('admin', 'bench');
    const tls = await channelCredentials(cluster, 'bench');
    const [endpoint = ''] = cluster.nodes.map(({ place }) => place.address);
    const channels = cluster.nodes.map(
      ({ place }) => new LeanChannels(place.address, tls, CHANNELS, 'localhost'),
    );
    return new Fleet(await AdminClient.open({ endpoint, tls: files }), channels, cluster);
  }

  async publish({ document }: TestRelease, blobs: readonly Uint8Array[]): Promise<void> {
    await this.#admin.submit({ document, blobs });
  }

  async connect(): Promise<void> {
    await Promise.all(
      this.#clients.map(async (client, index) => {
        const channels = this.#channels[index % this.#channels.length];
        if (channels !== undefined) await client.connect(channels);
      }),
    );
  }

  /** Waits until every client runs a release. */
  async until({ sequence }: TestRelease): Promise<void> {
    const endMs = performance.now() + GIVE_UP_MS;
    while (!this.#clients.every(({ held }) => held?.sequence === sequence)) {
      if (performance.now() > endMs) throw new Error(`not everybody runs ${String(sequence)}`);
      await sleep(POLL_EVERY_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await sleep(POLL_EVERY_MS);
    for (const one of [...this.#channels, this.#admin]) one[Symbol.dispose]();
  }
}

function judge(times: readonly number[]): Measurement {
  const p99Ms = rounded(percentile(times, 0.99));
  return {
    figures: {
      nodes: REGIONS.length,
      clients: CLIENTS,
      rounds: times.length,
      rollbackMsP50: rounded(percentile(times, 0.5)),
      rollbackMsP99: p99Ms,
      rollbackMsMax: rounded(Math.max(...times)),
    },
    bars: [atMost('rollbackMsP99', p99Ms, ROLLBACK_MAX_MS)],
    notes: ['from before the rollback is computed and signed until every client said loaded'],
  };
}
