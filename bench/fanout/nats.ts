/**
 * NATS with mTLS: core publish and subscribe, and a key-value bucket that each client watches.
 *
 * @module
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NatsClient } from '../replication/nats-client.ts';
import { dial, eventually } from '../replication/servers.ts';
import { filler, NATS_HELLO } from '../swarm/requests.ts';
import { secure, startPeer } from './peer-process.ts';
import type { FanoutSystem, RunningServer, Setting } from './system.ts';

const SUBJECT = 'bench';
const BUCKET = 'KV_bench';
const KEY = '$KV.bench.key';
const CLIENTS_MAX = 20_000;

/** One server that keeps nothing. */
export const natsCore: FanoutSystem = {
  name: 'natsCore',
  summary: 'publish until subscribers have it; kept nowhere',
  programs: ['nats-server'],
  start: async (setting) =>
    startNats(setting, {
      subject: SUBJECT,
      preamble: Buffer.from(`${NATS_HELLO}SUB ${SUBJECT} 1\r\nPING\r\n`),
    }),
};

/** One server with a bucket of one replica. */
export const natsKv: FanoutSystem = {
  name: 'natsKv',
  summary: 'put until watchers of the bucket have it; in a file, synced every 2 min',
  programs: ['nats-server'],
  start: async (setting) =>
    startNats(setting, { subject: KEY, preamble: watchBucket(), prepare: makeBucket }),
};

interface Kind {
  readonly subject: string;
  readonly preamble: Uint8Array;
  readonly prepare?: (client: NatsClient) => Promise<void>;
}

async function startNats(setting: Setting, kind: Kind): Promise<RunningServer> {
  const { folder, certificates, tls, port } = setting;
  const file = join(folder, 'nats.conf');
  const { certFile, keyFile, caFile } = tls;
  const config = [
    `listen: "127.0.0.1:${port}"`,
    `max_connections: ${CLIENTS_MAX}`,
    `tls { cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${caFile}", verify: true }`,
    ...(kind.prepare === undefined ? [] : [`jetstream { store_dir: "${folder}" }`]),
  ];
  await writeFile(file, config.join('\n'));
  const server = await startPeer(['nats-server', '-c', file], port);
  const plain = await dial('127.0.0.1', port);
  // Its greeting comes before TLS; nothing follows until we begin.
  await once(plain, 'data');
  const publisher = NatsClient.over(
    await secure(await certificates.files('client', 'publisher'), plain),
  );
  await kind.prepare?.(publisher);
  return {
    pid: server.pid,
    dialogue: { protocol: 'nats', port, preamble: kind.preamble },
    prepare: ({ round, bytes }) => {
      const message = filler(round, bytes);
      return async () => publisher.publish(kind.subject, message);
    },
    async [Symbol.asyncDispose]() {
      publisher[Symbol.dispose]();
      await server.kill();
    },
  };
}

async function makeBucket(client: NatsClient): Promise<void> {
  const stream = {
    name: BUCKET,
    subjects: ['$KV.bench.>'],
    storage: 'file',
    num_replicas: 1,
    max_msgs_per_subject: 1,
    discard: 'new',
    allow_rollup_hdrs: true,
    allow_direct: true,
    max_consumers: -1,
  };
  await eventually('a bucket', async () =>
    client.request(`$JS.API.STREAM.CREATE.${BUCKET}`, stream),
  );
}

/** What client libraries do to watch: an ordered consumer that pushes without acknowledgements. */
function watchBucket(): Buffer {
  const request = JSON.stringify({
    stream_name: BUCKET,
    config: {
      deliver_subject: 'watch.{index}',
      deliver_policy: 'last_per_subject',
      filter_subject: '$KV.bench.>',
      ack_policy: 'none',
      max_deliver: 1,
      replay_policy: 'instant',
      mem_storage: true,
      num_replicas: 1,
    },
  });
  return Buffer.from(
    `${NATS_HELLO}SUB watch.{index} 1\r\nSUB made.{index} 2\r\n` +
      `PUB $JS.API.CONSUMER.CREATE.${BUCKET} made.{index} ${request.length}\r\n${request}\r\n`,
  );
}
