/**
 * The listening socket of a listener: who may begin a TLS handshake, and when.
 *
 * Addresses from which too many handshakes fail are turned away (`handshake-limit.ts`), or stop in
 * the middle (`handshakes-under-way.ts`), and who comes in a storm waits for its turn
 * (`handshake-queue.ts`). What was turned away or not begun is no failure of its address: a fleet
 * behind one address may come all at once.
 *
 * @module
 */
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { HandshakeLimit, networkOf } from './handshake-limit.ts';
import { HandshakeQueue } from './handshake-queue.ts';
import { HandshakesUnderWay } from './handshakes-under-way.ts';

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
  readonly #underWay: HandshakesUnderWay;
  /** Callers in a handshake, with the epoch in which it began. */
  readonly #callers: Map<Socket, number> = new Map();
  readonly #sockets: Set<Socket> = new Set();

  constructor(options: EntranceOptions) {
    this.#options = options;
    const { clock } = options;
    this.#limit = new HandshakeLimit(clock);
    this.#underWay = new HandshakesUnderWay(clock);
    this.#queue = new HandshakeQueue({
      clock,
      begin: (socket) => this.#begin(socket),
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

  /** The epoch in which the handshake of this caller began; absent when it cannot be found. */
  epochOf(socket: TLSSocket): number | undefined {
    const transport = transportOf(socket);
    return transport && this.#callers.get(transport);
  }

  /** The caller on this connection was let in. */
  entered(socket: TLSSocket): void {
    const transport = transportOf(socket);
    if (transport !== undefined) {
      this.#callers.delete(transport);
      this.#underWay.ended(transport, 'well');
    }
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
      this.#spare(socket);
      return;
    }
    this.#sockets.add(socket);
    // What goes wrong with a socket closes it.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#queue.delete(socket);
      if (!this.#callers.delete(socket)) return;
      this.#underWay.ended(socket, 'badly');
      this.#failed(address);
    });
    this.#queue.add(socket);
  }

  #begin(socket: Socket): void {
    const network = networkOf(socket.remoteAddress ?? '');
    if (!this.#underWay.admits(network)) {
      this.#spare(socket);
      return;
    }
    this.#callers.set(socket, this.#options.epoch());
    this.#underWay.began(socket, network);
    this.#options.begin(socket);
  }

  #spare(socket: Socket): void {
    this.#options.metrics.increment('kedge_handshakes_spared_total');
    socket.destroy();
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

/**
 * The socket below TLS, which Node keeps under names that are not public. Addresses do not name it:
 * a caller may use one port for two addresses of this node. Where it is not found, whoever is let
 * in is judged once more.
 */
function transportOf(socket: TLSSocket): Socket | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const transport: unknown = Reflect.get(handle, '_parentWrap');
  return transport instanceof Socket ? transport : undefined;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
