/**
 * Redis pub/sub with mTLS.
 *
 * @module
 */
import { filler, redisCommand } from '../swarm/requests.ts';
import { dialSecure, startPeer } from './peer-process.ts';
import type { FanoutSystem, RunningServer, Setting } from './system.ts';

const CHANNEL = 'bench';
const CLIENTS_MAX = 20_000;

/** One server. */
export const redis: FanoutSystem = {
  name: 'redis',
  summary: 'publish until subscribers have it; kept nowhere',
  programs: ['redis-server'],
  start: startRedis,
};

async function startRedis({ folder, certificates, tls, port }: Setting): Promise<RunningServer> {
  const server = await startPeer(
    [
      'redis-server',
      ...['--bind', '127.0.0.1', '--port', '0', '--tls-port', String(port), '--dir', folder],
      ...['--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile],
      ...['--tls-ca-cert-file', tls.caFile, '--tls-auth-clients', 'yes'],
      ...['--save', '', '--appendonly', 'no', '--maxclients', String(CLIENTS_MAX)],
      // Clients come from all of 127.0.0.0/8, of which it takes one address for its own machine.
      ...['--tcp-backlog', '4096', '--protected-mode', 'no'],
    ],
    port,
  );
  const publisher = await dialSecure(await certificates.files('client', 'publisher'), port);
  publisher.resume();
  return {
    pid: server.pid,
    dialogue: { protocol: 'resp', port, preamble: redisCommand('SUBSCRIBE', CHANNEL) },
    prepare: ({ round, bytes }) => {
      const command = redisCommand('PUBLISH', CHANNEL, filler(round, bytes));
      return async () => {
        publisher.write(command);
      };
    },
    async [Symbol.asyncDispose]() {
      publisher.destroy();
      await server.kill();
    },
  };
}
