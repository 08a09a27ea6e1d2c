/**
 * Free TCP ports on loopback.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Where ports are looked for: below those that systems give to outgoing connections (Linux from
 * 32768 on), so that none of these takes the port of a node while it restarts.
 */
const FIRST = 10_000;
const END = 32_768;

/**
 * Finds ports that nobody listens on, all different. Somebody else may take one before its user
 * does, so whatever can listen on port 0 and tell its port should do that instead.
 */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const found = new Map<number, Server>();
  try {
    while (found.size < count) {
      const port = randomInt(FIRST, END);
      const server = found.has(port) ? undefined : await listenOn(port);
      if (server !== undefined) found.set(port, server);
    }
    return [...found.keys()];
  } finally {
    // Only closed when all are found: otherwise one might be found twice.
    for (const server of found.values()) server.close();
  }
}

/** Finds one port that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}

/** Absent when somebody listens there. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch (thrown) {
    if (thrown instanceof Error && Reflect.get(thrown, 'code') === 'EADDRINUSE') return undefined;
    throw thrown;
  }
}
