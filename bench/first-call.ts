/**
 * Claim `first-call`: what somebody waits for who comes to a node that has nothing else to do;
 * three node processes on loopback, of which one is asked.
 *
 * Each time is that of one caller with a connection of its own, some time after the one before, so
 * that whatever the node puts off until later is not hidden by other work that wakes it. Waits
 * without a reason show as a few values, always the same, far above the rest. All processes share
 * one processor on which the caller goes first: it answers before the node comes to the next turn
 * of its event loop, as a caller may on any machine now and then, and always in this order.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@grpc/grpc-js';
import { addRoots } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import { type Cluster, REGIONS } from '../demo/cluster.ts';
import { AdminClient } from '../src/client/admin-client.ts';
import { type BundleName, parseBundleName } from '../src/core/ids.ts';
import { type BundleSource, openBundleSource } from '../src/index.ts';
import { atMost, type Claim, type Measurement, percentile, rounded } from './claim.ts';
import { load, preemptChildren } from './machine.ts';
import { channelCredentials, inOwnCluster } from './own-cluster.ts';
import { say } from './progress.ts';

const ROUNDS = 40;
/** How often the node is stopped and started. */
const STOPS = 8;
/** Nothing that a node does comes at a multiple of this. */
const PAUSE_MS = 337;
const SETTLE_MS = 3000;
const HEALTH_CHECK = '/grpc.health.v1.Health/Check';
/** Nobody asks before links are up and the store is verified: these are round trips. */
const MEDIAN_MAX_MS = 40;
/** Another process may have had the processor. */
const P90_MAX_MS = 200;
const STOP_MAX_MS = 500;
const [REGION = ''] = REGIONS;

/** The claim. */
export const firstCall: Claim = {
  name: 'first-call',
  summary: 'what a caller waits for at a node at rest: command, health check, watch, close, stop',
  measure,
};

/** What is measured by name, each with the milliseconds of every round. */
type Times = Readonly<Record<string, readonly number[]>>;

async function measure(): Promise<Measurement> {
  const notes = preemptChildren() ? [] : ['no taskset or chrt: callers rarely go before the node'];
  const loadBefore = load();
  return await inOwnCluster(async (cluster) => {
    const callers = await Callers.prepare(cluster);
    await sleep(SETTLE_MS);
    const command = await repeat(ROUNDS, async () => callers.command());
    say('first-call: commands');
    const healthCheck = await repeat(ROUNDS, async () => callers.healthCheck());
    say('first-call: health checks');
    const watch: number[] = [];
    const close = await repeat(ROUNDS, async () => {
      const { source, tookMs } = await callers.watch();
      watch.push(tookMs);
      await sleep(PAUSE_MS);
      return await timed(async () => source.close());
    });
    say('first-call: watches');
    const stop = await repeat(STOPS, async () => stopOnce(cluster, callers));
    return { ...judge({ command, healthCheck, watch, close }, stop, loadBefore), notes };
  });
}

/** Ends the node under a program that watches, and starts it again. */
async function stopOnce(cluster: Cluster, callers: Callers): Promise<number> {
  const node = cluster.node(REGION);
  const { source } = await callers.watch();
  await sleep(PAUSE_MS);
  const tookMs = await timed(async () => node.end());
  await node.start();
  await source.close();
  return tookMs;
}

async function repeat(rounds: number, act: () => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await sleep(PAUSE_MS);
    times.push(await act());
  }
  return times;
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}

/** Those who come to the node, each with a connection of its own. */
class Callers {
  readonly #cluster: Cluster;
  readonly #bundle: BundleName;

  private constructor(cluster: Cluster, bundle: BundleName) {
    this.#cluster = cluster;
    this.#bundle = bundle;
  }

  /** Publishes what is watched. */
  static async prepare(cluster: Cluster): Promise<Callers> {
    const { realm } = cluster;
    const bundle = parseBundleName(`bench.${realm.name}`);
    const callers = new Callers(cluster, bundle);
    const { edit, blobs } = addRoots([makeCa('CA').facts]);
    using admin = await callers.#admin();
    await admin.submit({ document: realm.nextRelease(bundle, edit).document, blobs });
    return callers;
  }

  /** The first answer to an admin. */
  async command(): Promise<number> {
    using admin = await this.#admin();
    return await timed(async () => admin.streams());
  }

  /** The first answer to who asks whether the node serves. */
  async healthCheck(): Promise<number> {
    const tls = await channelCredentials(this.#cluster, 'bench');
    const client = new Client(this.#endpoint, tls, {
      'grpc.ssl_target_name_override': 'localhost',
      'grpc.use_local_subchannel_pool': 1,
    });
    const asIs = (bytes: Buffer): Buffer => bytes;
    try {
      return await timed(async () => {
        await new Promise<void>((resolve, reject) => {
          client.makeUnaryRequest(HEALTH_CHECK, asIs, asIs, Buffer.alloc(0), (failure) => {
            if (failure === null) resolve();
            else reject(failure);
          });
        });
      });
    } finally {
      client.close();
    }
  }

  /** A program from its start until it has its bundle. */
  async watch(): Promise<{ readonly source: BundleSource; readonly tookMs: number }> {
    const { realm } = this.#cluster;
    const tls = await this.#cluster.linkFiles('client', 'bench');
    const startMs = performance.now();
    const source = await openBundleSource({
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      endpoints: [this.#endpoint],
      bundles: [this.#bundle],
      tls,
    });
    await source.ready();
    return { source, tookMs: performance.now() - startMs };
  }

  get #endpoint(): string {
    return this.#cluster.node(REGION).place.address;
  }

  async #admin(): Promise<AdminClient> {
    const tls = await this.#cluster.linkFiles('admin', 'bench');
    return await AdminClient.open({ endpoint: this.#endpoint, tls });
  }
}

function judge(times: Times, stop: readonly number[], loadBefore: number): Measurement {
  const parts = Object.entries(times).map(([name, values]) => ({
    name,
    medianMs: rounded(percentile(values, 0.5)),
    p90Ms: rounded(percentile(values, 0.9)),
    maxMs: rounded(Math.max(...values)),
  }));
  const stopMs = rounded(percentile(stop, 0.5));
  const figures = parts.flatMap(({ name, medianMs, p90Ms, maxMs }): [string, number][] => [
    [`${name}MsMedian`, medianMs],
    [`${name}MsP90`, p90Ms],
    [`${name}MsMax`, maxMs],
  ]);
  return {
    figures: { loadBefore, rounds: ROUNDS, ...Object.fromEntries(figures), stopMsMedian: stopMs },
    bars: [
      ...parts.flatMap(({ name, medianMs, p90Ms }) => [
        atMost(`${name}MsMedian`, medianMs, MEDIAN_MAX_MS),
        atMost(`${name}MsP90`, p90Ms, P90_MAX_MS),
      ]),
      atMost('stopMsMedian', stopMs, STOP_MAX_MS),
    ],
  };
}
