/**
 * The port on which peers reach a node that asked for any: it must be known before the first word
 * to them.
 *
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { NodeConfig } from './config.ts';
import { parseAddress } from './config-values.ts';

/** The configuration with a free port in place of 0 in `listen.peers`. */
export async function withPeerPort(config: NodeConfig): Promise<NodeConfig> {
  const { peers } = config.listen;
  if (peers === undefined || parseAddress(peers).port !== 0) return config;
  const address = peers.replace(/:0+$/, `:${String(await freePort(parseAddress(peers).host))}`);
  const listen = Object.fromEntries(
    Object.entries(config.listen).map(([key, value]) => [key, value === peers ? address : value]),
  );
  return { ...config, listen };
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const found = server.address();
  server.close();
  return found === null || typeof found === 'string' ? 0 : found.port;
}
