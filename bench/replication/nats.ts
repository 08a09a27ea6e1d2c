/**
 * NATS: core publish and subscribe, and a key-value bucket with five replicas.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { NatsClient } from './nats-client.ts';
import { Arrivals, eventually, Servers } from './servers.ts';
import type { Setting, System } from './system.ts';

const BUCKET = 'KV_bench';
const REPLICAS = 5;
const LEADER_TRIES = 40;
const infoSchema = z.object({ cluster: z.object({ leader: z.string().optional() }) });

/** A full mesh of servers with a subscriber at each. */
export const natsCore: System = {
  name: 'natsCore',
  summary: 'publish until a subscriber at each of 15 servers has it; kept nowhere, no TLS',
  programs: ['nats-server'],
  start: async (setting) => {
    const cluster = await startCluster(setting);
    const { arrivals, clients } = cluster;
    for (const [place, client] of clients.entries()) {
      client.subscribe('bench', (bytes) => arrivals.add(roundOf(bytes), place));
    }
    await routed(cluster);
    return {
      publish: async (round) => {
        const startMs = performance.now();
        cluster.origin.publish('bench', cluster.payload(round));
        return (await arrivals.everywhere(String(round))) - startMs;
      },
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  },
};

/** A bucket of JetStream, watched at each server. */
export const natsKv: System = {
  name: 'natsKvR5',
  summary:
    'put until a watcher at each of 15 servers has it; on a quorum of 5 regions, synced to disk ' +
    'every 2 min only; leader moved to the origin; no TLS',
  programs: ['nats-server'],
  start: async (setting) => {
    const cluster = await startCluster(setting, 'jetstream');
    const { arrivals, clients, origin } = cluster;
    await eventually('a JetStream cluster', async () => makeBucket(origin));
    for (const [place, client] of clients.entries()) {
      const deliver = `watch.${place}`;
      client.subscribe(deliver, (bytes) => {
        if (bytes.length > 0) arrivals.add(roundOf(bytes), place);
      });
      await eventually(`watcher ${place}`, async () => watch(client, deliver));
    }
    await leadFrom(origin, setting.origin.name);
    return {
      publish: async (round) => {
        const startMs = performance.now();
        origin.publish('$KV.bench.key', cluster.payload(round));
        return (await arrivals.everywhere(String(round))) - startMs;
      },
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  },
};

interface NatsCluster extends AsyncDisposable {
  /** A client at each host's server. */
  readonly clients: readonly NatsClient[];
  readonly origin: NatsClient;
  readonly arrivals: Arrivals;
  payload(round: number): Buffer;
}

async function startCluster(
  { wan, origin, payloadBytes, folder }: Setting,
  kind: 'core' | 'jetstream' = 'core',
): Promise<NatsCluster> {
  const servers = new Servers(wan);
  const routes = wan.hosts.map((host) => `nats://${wan.address(host)}:6222`).join(', ');
  for (const host of wan.hosts) {
    const address = wan.address(host);
    await mkdir(join(folder, host.name), { recursive: true });
    // One server of each region keeps data, so that the replicas stand in five regions.
    const keeps = kind === 'jetstream' && host.number === 1;
    const config = [
      `server_name: ${host.name}`,
      `listen: "${address}:4222"`,
      `cluster { name: bench, listen: "${address}:6222", routes: [${routes}] }`,
      ...(keeps ? [`jetstream { store_dir: "${join(folder, host.name)}" }`] : []),
    ];
    const file = join(folder, `${host.name}.conf`);
    await writeFile(file, config.join('\n'));
    await servers.start(host, ['nats-server', '-c', file]);
  }
  const clients: NatsClient[] = [];
  for (const host of wan.hosts) clients.push(await NatsClient.open(wan.address(host)));
  const publisher = await NatsClient.open(wan.address(origin));
  return {
    clients,
    origin: publisher,
    arrivals: new Arrivals(clients.length),
    payload: (round) => Buffer.from(`${round} `.padEnd(payloadBytes, 'x')),
    async [Symbol.asyncDispose]() {
      for (const client of [...clients, publisher]) client[Symbol.dispose]();
      await servers[Symbol.asyncDispose]();
    },
  };
}

/** Until every server knows of every subscriber, a publish does not reach all. */
async function routed({ origin, clients }: NatsCluster): Promise<void> {
  const reached = new Set<number>();
  const ends = clients.map((client, place) => client.subscribe('warm', () => reached.add(place)));
  await eventually('a full mesh of NATS servers', async () => {
    origin.publish('warm', Buffer.from('0'));
    return reached.size === clients.length ? true : undefined;
  });
  for (const end of ends) end();
}

async function makeBucket(client: NatsClient): Promise<true> {
  await client.request(`$JS.API.STREAM.CREATE.${BUCKET}`, {
    name: BUCKET,
    subjects: ['$KV.bench.>'],
    retention: 'limits',
    storage: 'file',
    num_replicas: REPLICAS,
    max_msgs_per_subject: 1,
    discard: 'new',
    allow_rollup_hdrs: true,
    deny_delete: true,
    allow_direct: true,
    max_consumers: -1,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    duplicate_window: 120_000_000_000,
  });
  return true;
}

/** What clients call a watch: an ordered consumer that pushes without acknowledgements. */
async function watch(client: NatsClient, deliver: string): Promise<true> {
  await client.request(`$JS.API.CONSUMER.CREATE.${BUCKET}`, {
    stream_name: BUCKET,
    config: {
      deliver_subject: deliver,
      deliver_policy: 'last_per_subject',
      filter_subject: '$KV.bench.>',
      ack_policy: 'none',
      max_deliver: 1,
      replay_policy: 'instant',
      mem_storage: true,
      num_replicas: 1,
    },
  });
  return true;
}

/** Makes the stream's leader the origin's server, where a put needs no way to get to it. */
async function leadFrom(client: NatsClient, wanted: string): Promise<void> {
  for (let tries = 0; tries < LEADER_TRIES; tries += 1) {
    const info = await eventually('a leader', async () => {
      const answer = await client.request(`$JS.API.STREAM.INFO.${BUCKET}`, undefined);
      return infoSchema.parse(answer).cluster.leader;
    });
    if (info === wanted) return;
    await client.request(`$JS.API.STREAM.LEADER.STEPDOWN.${BUCKET}`, undefined);
  }
  throw new Error(`NATS did not elect ${wanted}`);
}

function roundOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, 16).split(' ')[0] ?? '';
}
