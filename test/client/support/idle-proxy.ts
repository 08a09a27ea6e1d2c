/**
 * A TCP proxy that cuts connections on which nothing was sent for a while, as load balancers do.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface IdleProxy {
  readonly endpoint: string;
  /** Connections that were cut so far. */
  readonly cuts: () => number;
}

/** Passes on to `port` of 127.0.0.1; it is gone when the test is over. */
export async function startIdleProxy(port: number, idleMs: number): Promise<IdleProxy> {
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const timer = setTimeout(() => {
      cuts += 1;
      near.destroy();
    }, idleMs);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('data', () => timer.refresh());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        clearTimeout(timer);
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { endpoint: `127.0.0.1:${address.port}`, cuts: () => cuts };
}
