/**
 * The listening socket of a listener: who may begin a TLS handshake, and when.
 *
 * Addresses from which too many handshakes fail are turned away (`handshake-limit.ts`), and who
 * comes in a storm waits for its turn (`handshake-queue.ts`). What was turned away or not begun is
 * no failure of its address: a fleet behind one address may come all at once.
 *
 * @module
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import { HandshakeLimit } from './handshake-limit.ts';
import { HandshakeQueue } from './handshake-queue.ts';

/** Connections that the kernel keeps for us; it keeps no more than `net.core.somaxconn`. */
const BACKLOG = 4_096;

/** What an entrance works with. */
export interface EntranceOptions {
  /** Begins a handshake on a connection. */
  readonly begin: (socket: Socket) => void;
  /** Which set of authorities handshakes begin with now. */
  readonly epoch: () => number;
  /** The socket has failed, and listens on. */
  readonly onError: (error: Error) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Connections until somebody is let in. */
export class Entrance {
  readonly #options: EntranceOptions;
  readonly #server: Server;
  readonly #limit: HandshakeLimit;
  readonly #queue: HandshakeQueue;
  /** Callers in a handshake, with the epoch in which it began. */
  readonly #callers: Map<string, number> = new Map();
  readonly #sockets: Set<Socket> = new Set();

  constructor(options: EntranceOptions) {
    this.#options = options;
    const { clock } = options;
    this.#limit = new HandshakeLimit(clock);
    this.#queue = new HandshakeQueue({
      clock,
      begin: (socket) => {
        this.#callers.set(callerOf(socket), options.epoch());
        options.begin(socket);
      },
      shed: (socket) => this.#shed(socket),
    });
    // Nothing is read before the turn comes: TLS does that.
    const accept = { noDelay: true, pauseOnConnect: true };
    this.#server = createServer(accept, (socket) => this.#receive(socket));
  }

  /** The port that was given out. */
  get port(): number {
    return portOf(this.#server.address());
  }

  /** Listens. Errors: those of `node:net`. */
  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', this.#options.onError);
        resolve();
      });
    });
  }

  /** The epoch in which the handshake of this caller began. */
  epochOf(socket: Socket): number | undefined {
    return this.#callers.get(callerOf(socket));
  }

  /** The caller on this connection was let in. */
  entered(socket: Socket): void {
    this.#callers.delete(callerOf(socket));
    this.#limit.succeeded(socket.remoteAddress ?? '');
  }

  /** Takes no new connections. */
  stop(): void {
    this.#server.close();
  }

  /** Cuts everything off, also those that were let in. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #receive(socket: Socket): void {
    const { remoteAddress: address = '' } = socket;
    if (!this.#limit.admits(address)) {
      this.#options.metrics.increment('kedge_handshakes_spared_total');
      socket.destroy();
      return;
    }
    const caller = callerOf(socket);
    this.#sockets.add(socket);
    // What goes wrong with a socket closes it.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#queue.delete(socket);
      if (this.#callers.delete(caller)) this.#failed(address);
    });
    this.#queue.add(socket);
  }

  #shed(socket: Socket): void {
    this.#options.metrics.increment('kedge_handshakes_shed_total');
    socket.resetAndDestroy();
  }

  /** A connection ended before somebody was let in. */
  #failed(address: string): void {
    const forMs = this.#limit.failed(address);
    if (forMs === undefined) return;
    const { logger } = this.#options;
    const fields = { event: 'address.refused', from: address, forMs } as const;
    logger.warn(fields, 'too many handshakes from there fail: turned away for a while');
  }
}

/** Names a caller, on its socket and on the TLS above it. */
function callerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${String(remotePort)}`;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
