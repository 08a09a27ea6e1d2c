/**
 * Redis: publish at a primary, subscribe at its replicas.
 *
 * @module
 */
import type { Socket } from 'node:net';
import { Arrivals, dial, eventually, Servers } from './servers.ts';
import type { RunningSystem, Setting, System } from './system.ts';

const PORT = 6379;
const CHANNEL = 'bench';

/** A primary at the origin and a replica on every other host. */
export const redis: System = {
  name: 'redisPubSub',
  summary: 'publish at the primary until a subscriber at each of 15 has it; kept nowhere, no TLS',
  programs: ['redis-server'],
  start: startRedis,
};

async function startRedis({ wan, origin, payloadBytes, folder }: Setting): Promise<RunningSystem> {
  const servers = new Servers(wan);
  const sockets: Socket[] = [];
  const primary = wan.address(origin);
  for (const host of wan.hosts) {
    const command = ['redis-server', '--bind', wan.address(host), '--port', String(PORT)];
    const replica = host === origin ? [] : ['--replicaof', primary, String(PORT)];
    const quiet = ['--save', '', '--appendonly', 'no', '--protected-mode', 'no', '--dir', folder];
    await servers.start(host, [...command, ...quiet, ...replica]);
  }
  const arrivals = new Arrivals(wan.hosts.length);
  for (const [place, host] of wan.hosts.entries()) {
    const socket = await dial(wan.address(host), PORT);
    socket.on('data', (bytes) => {
      // The payload begins with its round; nothing else that arrives has such a mark.
      const found = /<(\d+)>/.exec(bytes.toString('latin1'));
      if (found?.[1] !== undefined) arrivals.add(found[1], place);
    });
    socket.write(encode('SUBSCRIBE', CHANNEL));
    sockets.push(socket);
  }
  const publisher = await dial(primary, PORT);
  sockets.push(publisher);
  await eventually('15 replicas', async () => {
    const answer = new Promise<string>((resolve) => {
      publisher.once('data', (bytes) => resolve(bytes.toString()));
    });
    publisher.write(encode('INFO', 'replication'));
    const online = (await answer).match(/state=online/g) ?? [];
    return online.length === wan.hosts.length - 1 ? true : undefined;
  });
  return {
    publish: async (round) => {
      const startMs = performance.now();
      publisher.write(encode('PUBLISH', CHANNEL, `<${round}>`.padEnd(payloadBytes, 'x')));
      return (await arrivals.everywhere(String(round))) - startMs;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await servers[Symbol.asyncDispose]();
    },
  };
}

/** A command in the Redis protocol. */
function encode(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join('')}`;
}
