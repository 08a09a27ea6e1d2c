/**
 * Claim `adoption`: how soon what any node says about clients equals the truth.
 *
 * Three nodes, each a process, and 1,000 clients that say what programs say, over a few
 * connections. After each change (all come, a release, uses, moves, a node that is killed and comes
 * back, a storm of moves) every node is asked until its answer is exactly what the clients know of
 * themselves. The time counts from the last thing that a client did.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { addRoots } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import { type Cluster, REGIONS } from '../demo/cluster.ts';
import { AdminClient } from '../src/client/admin-client.ts';
import type { BundleAdoption } from '../src/core/adoption/model.ts';
import { type AnchorId, parseBundleName } from '../src/core/ids.ts';
import { LeanChannels, LeanClient } from '../src/testing/lean-clients.ts';
import { atMost, type Claim, type Measurement, rounded } from './claim.ts';
import { channelCredentials, inOwnCluster } from './own-cluster.ts';
import { say } from './progress.ts';

const BUNDLE = parseBundleName('adoption.kedge.test');
const CLIENTS = 1000;
/** Each carries at most 100 streams; after a node is killed, two have all clients. */
const CHANNELS = 8;
const MOVED = 200;
const STORM_MS = 10_000;
/** So many move every 50 ms; a node ends connections on which streams come and go faster. */
const STORM_MOVED = 20;
const STORM_EVERY_MS = 50;
const WITHIN_MS = 5000;
const GIVE_UP_MS = 60_000;
const POLL_EVERY_MS = 50;
const RETRY_AFTER_MS = 200;

/** The claim. */
export const adoption: Claim = {
  name: 'adoption',
  summary: '1,000 clients of 3 nodes: time until every node knows how far all of them are',
  measure,
};

async function measure(): Promise<Measurement> {
  return await inOwnCluster(async (cluster) => {
    await using fleet = await Fleet.open(cluster);
    return await fleet.measure();
  });
}

/** Clients and the nodes that are asked about them. */
class Fleet implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #admins: Map<string, AdminClient>;
  readonly #channels: Map<string, LeanChannels>;
  readonly #clients: readonly LeanClient[];
  readonly #figures: Record<string, number> = {};
  #anchor: AnchorId | undefined;
  /** How many clients used the anchor; what they used before they moved is not told again. */
  #users: number | undefined;
  #sequence = 0;
  /** Clients that some node counted too many, at worst: on their way they may be counted twice. */
  #tooMany = 0;

  private constructor(
    cluster: Cluster,
    admins: Map<string, AdminClient>,
    channels: Map<string, LeanChannels>,
  ) {
    const { name, firstCharterDigest } = cluster.realm;
    const options = { realm: name, firstCharterDigest, bundle: BUNDLE };
    this.#cluster = cluster;
    this.#admins = admins;
    this.#channels = channels;
    this.#clients = Array.from({ length: CLIENTS }, () => new LeanClient(options));
  }

  static async open(cluster: Cluster): Promise<Fleet> {
    const files = await cluster.linkFiles('admin', 'bench');
    const tls = await channelCredentials(cluster, 'bench');
    const admins = new Map<string, AdminClient>();
    const channels = new Map<string, LeanChannels>();
    for (const { place } of cluster.nodes) {
      admins.set(place.region, await AdminClient.open({ endpoint: place.address, tls: files }));
      channels.set(place.region, new LeanChannels(place.address, tls, CHANNELS, 'localhost'));
    }
    return new Fleet(cluster, admins, channels);
  }

  async measure(): Promise<Measurement> {
    await this.#publish();
    await this.#step('join', async () => this.#connect(this.#clients, REGIONS));
    await this.#step('release', async () => {
      await this.#publish();
      await this.#until(() => this.#clients.every(({ held }) => held?.sequence === this.#sequence));
    });
    await this.#step('usage', async () => this.#use());
    this.#users = undefined;
    const moving = this.#clients.slice(0, MOVED);
    await this.#step('moves', async () => this.#move(moving, REGIONS));
    await this.#step('kill', async () => this.#kill('sin'));
    await this.#step('restart', async () => {
      await this.#cluster.node('sin').start();
      await this.#move(moving, ['sin']);
    });
    await this.#step('storm', async () => {
      const endMs = performance.now() + STORM_MS;
      while (performance.now() < endMs) {
        await Promise.all([this.#move(this.#some(STORM_MOVED), REGIONS), sleep(STORM_EVERY_MS)]);
      }
    });
    this.#figures['clientsCountedTooManyMax'] = this.#tooMany;
    const steps = Object.entries(this.#figures).filter(([name]) => name.endsWith('Ms'));
    return {
      figures: this.#figures,
      bars: steps.map(([name, value]) => atMost(name, value, WITHIN_MS)),
      notes: ['times from the last thing that a client did until all nodes answer the truth'],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await sleep(POLL_EVERY_MS);
    for (const one of [...this.#channels.values(), ...this.#admins.values()]) {
      one[Symbol.dispose]();
    }
  }

  async #step(name: string, change: () => Promise<void>): Promise<void> {
    say(`adoption: ${name}`);
    const watching = this.#watch();
    await change();
    const changedMs = performance.now();
    while (true) {
      const seen = await this.#ask();
      const problem = seen.map((one) => this.#problem(one)).find((text) => text !== undefined);
      if (problem === undefined) break;
      if (performance.now() - changedMs > GIVE_UP_MS) throw new Error(`${name}: ${problem}`);
      await sleep(POLL_EVERY_MS);
    }
    this.#figures[`${name}Ms`] = rounded(performance.now() - changedMs);
    await watching.stop();
  }

  /** Asks the nodes while something changes. */
  #watch(): { stop(): Promise<void> } {
    let isOver = false;
    const loop = async (): Promise<void> => {
      while (!isOver) {
        for (const { groups } of await this.#ask()) {
          const total = groups.reduce((sum, { count }) => sum + count, 0);
          this.#tooMany = Math.max(this.#tooMany, total - CLIENTS);
        }
        await sleep(POLL_EVERY_MS);
      }
    };
    const running = loop();
    return {
      stop: async () => {
        isOver = true;
        await running;
      },
    };
  }

  /** What the nodes that run say. */
  async #ask(): Promise<readonly BundleAdoption[]> {
    const running = this.#cluster.nodes.filter(({ pid }) => pid !== undefined);
    const answers = running.map(async ({ place }) => {
      try {
        return await this.#admins.get(place.region)?.adoption(BUNDLE);
      } catch {
        // It is being killed, or starts.
        return undefined;
      }
    });
    return (await Promise.all(answers)).filter((one) => one !== undefined);
  }

  /** What an answer has wrong; absent when it is the truth. */
  #problem({ groups, nodes, anchors }: BundleAdoption): string | undefined {
    const told = new Map<string, number>();
    for (const { sequence, stage, presence, count } of groups) {
      const name = `${presence} ${stage} ${sequence}`;
      told.set(name, (told.get(name) ?? 0) + count);
    }
    const truth = new Map<string, number>();
    for (const { node, held } of this.#clients) {
      const stage = held === undefined ? 'waiting' : 'loaded';
      const name = `${node === undefined ? 'gone' : 'connected'} ${stage} ${held?.sequence ?? 0}`;
      truth.set(name, (truth.get(name) ?? 0) + 1);
    }
    if (textOf(told) !== textOf(truth)) return `told ${textOf(told)}, true is ${textOf(truth)}`;
    for (const { nodeId, standing, connected } of nodes) {
      if (standing !== 'counted') continue;
      const there = this.#clients.filter(({ node }) => node === nodeId).length;
      if (there !== connected) return `${nodeId} has ${there} clients, told are ${connected}`;
    }
    const users = this.#users;
    if (users === undefined) return undefined;
    const use = anchors.find(({ anchor }) => anchor === this.#anchor);
    if (use?.clients === users && use.handshakes === users) return undefined;
    return `an anchor was used by ${users} clients, told are ${use?.clients ?? 0}`;
  }

  async #connect(clients: readonly LeanClient[], regions: readonly string[]): Promise<void> {
    await Promise.all(
      clients.map(async (client, index) => {
        const channels = this.#channels.get(regions[index % regions.length] ?? '');
        if (channels === undefined) throw new Error('no such node');
        await enter(client, channels);
      }),
    );
    await this.#until(() => clients.every(({ held }) => held?.sequence === this.#sequence));
  }

  async #move(clients: readonly LeanClient[], regions: readonly string[]): Promise<void> {
    for (const client of clients) client.break();
    // Not where they were.
    await this.#connect(clients, [...regions.slice(1), ...regions.slice(0, 1)]);
  }

  async #kill(region: string): Promise<void> {
    const node = this.#cluster.node(region);
    await node.kill();
    await this.#until(() => this.#clients.every((client) => client.node !== node.place.id));
    const lost = this.#clients.filter((client) => client.node === undefined);
    await this.#connect(
      lost,
      REGIONS.filter((other) => other !== region),
    );
  }

  async #use(): Promise<void> {
    const anchor = this.#anchor;
    if (anchor === undefined) throw new Error('no anchor');
    for (const client of this.#clients) {
      client.use([{ anchor, purpose: 'tls-server', handshakes: 1, agoMs: 0 }]);
    }
    this.#users = this.#clients.length;
    await Promise.resolve();
  }

  #some(count: number): readonly LeanClient[] {
    const from = Math.floor(Math.random() * (CLIENTS - count));
    return this.#clients.slice(from, from + count);
  }

  async #publish(): Promise<void> {
    const { edit, blobs } = addRoots([makeCa(`CA ${this.#sequence + 1}`).facts]);
    const release = this.#cluster.realm.nextRelease(BUNDLE, edit);
    const [first] = REGIONS;
    await this.#admins.get(first ?? '')?.submit({ document: release.document, blobs });
    this.#sequence = release.sequence;
    this.#anchor ??= release.body.anchors[0]?.id;
    const { stream, sequence } = release;
    const running = this.#cluster.nodes.filter(({ pid }) => pid !== undefined);
    await Promise.all(running.map(async (node) => node.accepted(stream, sequence)));
  }

  async #until(reached: () => boolean): Promise<void> {
    const startedMs = performance.now();
    while (!reached()) {
      if (performance.now() - startedMs > GIVE_UP_MS) throw new Error('clients do not get there');
      await sleep(5);
    }
  }
}

/** A channel to a node that was down waits before it dials again. */
async function enter(client: LeanClient, channels: LeanChannels): Promise<void> {
  const startedMs = performance.now();
  while (client.node === undefined) {
    try {
      await client.connect(channels);
    } catch (thrown) {
      if (performance.now() - startedMs > GIVE_UP_MS) throw thrown;
      await sleep(RETRY_AFTER_MS);
    }
  }
}

function textOf(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([name, count]) => `${count} ${name}`)
    .sort()
    .join(', ');
}
