/**
 * Free TCP ports on loopback.
 *
 * @module
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Finds ports that nobody listens on, all different. Somebody else may take one before its user
 * does, so whatever can listen on port 0 and tell its port should do that instead.
 */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    const ports: number[] = [];
    for (const server of servers) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no TCP address');
      ports.push(address.port);
    }
    return ports;
  } finally {
    // Only closed when all are found: otherwise the system might give one port twice.
    for (const server of servers) server.close();
  }
}

/** Finds one port that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}
