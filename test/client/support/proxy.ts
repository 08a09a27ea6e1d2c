/**
 * A TCP proxy as programs meet them: one that cuts connections on which nothing was sent for a
 * while, or one that passes on what the node says a byte at a time.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Proxy {
  readonly endpoint: string;
  /** Connections that were cut so far. */
  readonly cuts: () => number;
}

export interface ProxyOptions {
  /** After how much silence a connection is cut; absent: never. */
  readonly idleMs?: number;
  /** How often a byte of the node is passed on; absent: all at once. */
  readonly byteEveryMs?: number;
}

/** Passes on to `port` of 127.0.0.1; it is gone when the test is over. */
export async function startProxy(port: number, options: ProxyOptions): Promise<Proxy> {
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far);
    if (options.byteEveryMs === undefined) far.pipe(near);
    else trickle(far, near, options.byteEveryMs);
    if (options.idleMs === undefined) return;
    cutWhenIdle([near, far], options.idleMs, () => {
      cuts += 1;
    });
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

function cutWhenIdle(sockets: readonly Socket[], idleMs: number, onCut: () => void): void {
  const timer = setTimeout(() => {
    onCut();
    for (const socket of sockets) socket.destroy();
  }, idleMs);
  for (const socket of sockets) {
    socket.on('data', () => timer.refresh());
    socket.on('close', () => clearTimeout(timer));
  }
}

function trickle(from: Socket, to: Socket, everyMs: number): void {
  let waiting = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
  });
  const timer = setInterval(() => {
    if (waiting.length === 0) return;
    to.write(waiting.subarray(0, 1));
    waiting = waiting.subarray(1);
  }, everyMs);
  from.on('close', () => clearInterval(timer));
}
