/**
 * Ports on loopback for nodes.
 *
 * @module
 */
import { createServer } from 'node:net';

/** First ports of blocks of four that nobody listens on. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = await freePort();
    const block = [1, 2, 3].map((offset) => isFree(port + offset));
    const isApart = found.every((other) => Math.abs(other - port) > 3);
    if (isApart && port < 65_000 && (await Promise.all(block)).every(Boolean)) found.push(port);
  }
  return found;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
