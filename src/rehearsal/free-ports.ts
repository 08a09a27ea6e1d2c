/**
 * Ports on loopback for nodes.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Where they are looked for: below those that systems give to outgoing connections (Linux from
 * 32768 on), so that none of these takes one before its node listens.
 */
const FIRST = 10_000;
const END = 32_768;
/** A node has so many in a row. */
const BLOCK = 4;

/** First ports of blocks of four that nobody listens on. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = randomInt(FIRST, END - BLOCK);
    const isApart = found.every((other) => Math.abs(other - port) >= BLOCK);
    const block = Array.from({ length: BLOCK }, (_, offset) => isFree(port + offset));
    if ((await Promise.all(block)).every(Boolean) && isApart) found.push(port);
  }
  return found;
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
