/**
 * The TLS side of one listener: who is let in, and what becomes of connections when trust changes.
 *
 * The listening socket is ours, and gRPC is handed connections that are authenticated already:
 * grpc-js shows neither its sockets nor their chains, and cannot end one connection of many. So
 * each connection is known here with the authority that vouches for it. When the set changes,
 * whoever is not vouched for any more is cut off at once; everybody else is asked to come back,
 * spread over the second half of the time that a move may take (peers move by themselves in the
 * first half, without a gap), and what is still there at its end is cut off.
 *
 * Addresses from which too many handshakes fail are turned away before the next one
 * (`handshake-limit.ts`).
 *
 * @module
 */
import type { X509Certificate } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { Clock, ClockTimer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import { type AuthorityId, chainOf } from './authorities.ts';
import { listenerContext, MUTUAL } from './credentials.ts';
import { HandshakeLimit } from './handshake-limit.ts';
import type { LiveTls } from './live-tls.ts';

/** Takes connections that are authenticated, and lets go of all of them together. */
export interface ConnectionTaker {
  inject(socket: TLSSocket): void;
  /** Asks all callers to come back on another connection; calls under way may end. */
  drain(withinMs: number): void;
  /** Forgets everything; the sockets are gone. */
  close(): void;
}

/** What a listener works with. */
export interface TlsListenerOptions {
  readonly host: string;
  /** 0 asks for a free one. */
  readonly port: number;
  readonly tls: LiveTls;
  readonly makeTaker: () => ConnectionTaker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const HANDSHAKE_WITHIN_MS = 10_000;
/** Groups that connections of one set are moved in: each one has its own moment. */
const GROUPS = 64;

interface Connection {
  readonly socket: TLSSocket;
  readonly chain: readonly X509Certificate[];
  readonly group: Group;
  voucher: AuthorityId;
}

interface Group {
  readonly taker: ConnectionTaker;
  readonly connections: Set<Connection>;
}

/** A listening socket with its connections. */
export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #server: Server;
  /** Takes the sockets of `#server` that may begin a handshake. */
  readonly #tls: TlsServer;
  readonly #limit: HandshakeLimit;
  /** Callers in a handshake. */
  readonly #callers: Set<string> = new Set();
  readonly #sockets: Set<Socket> = new Set();
  readonly #connections: Set<Connection> = new Set();
  readonly #timers: Set<ClockTimer> = new Set();
  readonly #following: Disposable;
  /** Of the current set; those of older ones are moving. */
  #groups: Group[] = [];
  #turn = 0;
  #tag: string;

  /** Listens. Errors: those of `node:net`. */
  static async listen(options: TlsListenerOptions): Promise<TlsListener> {
    const listener = new TlsListener(options);
    try {
      await listener.#bind();
    } catch (error) {
      listener.stop();
      throw error;
    }
    return listener;
  }

  private constructor(options: TlsListenerOptions) {
    this.#options = options;
    const { tls } = options;
    this.#tag = tls.current.callers.tag;
    this.#limit = new HandshakeLimit(options.clock);
    this.#tls = createTlsServer({
      ...listenerContext(tls.current),
      ...MUTUAL,
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_WITHIN_MS,
    });
    this.#tls.on('tlsClientError', (error, { remoteAddress }) => {
      this.#refused(error.message, remoteAddress);
    });
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    this.#server = createServer({ noDelay: true }, (socket) => this.#receive(socket));
    this.#following = tls.onChange(() => this.#follow());
  }

  /** The port that was given out. */
  get port(): number {
    return portOf(this.#server.address());
  }

  /** Takes no new connections and follows no more changes; existing ones stay. */
  stop(): void {
    this.#following[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#server.close();
  }

  /** Cuts everything off. */
  destroy(): void {
    this.stop();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #bind(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error: Error) => this.#refused(error.message, undefined));
        resolve();
      });
    });
  }

  /** A connection of somebody, before the handshake. */
  #receive(socket: Socket): void {
    const { remoteAddress: address = '' } = socket;
    if (!this.#limit.admits(address)) {
      this.#options.metrics.increment('kedge_handshakes_spared_total');
      socket.destroy();
      return;
    }
    const caller = callerOf(socket);
    this.#sockets.add(socket);
    this.#callers.add(caller);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#callers.delete(caller)) this.#failed(address);
    });
    this.#tls.emit('connection', socket);
  }

  /** A connection ended before somebody was let in. */
  #failed(address: string): void {
    const forMs = this.#limit.failed(address);
    if (forMs === undefined) return;
    const { logger } = this.#options;
    const fields = { event: 'address.refused', from: address, forMs } as const;
    logger.warn(fields, 'too many handshakes from there fail: turned away for a while');
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', () => undefined);
    const { remoteAddress } = socket;
    const chain = chainOf(socket.getPeerX509Certificate());
    // A handshake that began before a change was verified by the set before it.
    const voucher = this.#vouchFor(chain);
    if (voucher === undefined) {
      socket.destroy();
      return this.#refused('no authority vouches for the certificate', remoteAddress);
    }
    this.#callers.delete(callerOf(socket));
    this.#limit.succeeded(remoteAddress ?? '');
    const group = this.#nextGroup();
    const connection = { socket, chain, group, voucher };
    group.connections.add(connection);
    this.#connections.add(connection);
    socket.once('close', () => {
      group.connections.delete(connection);
      this.#connections.delete(connection);
    });
    group.taker.inject(socket);
  }

  #follow(): void {
    const { tls } = this.#options;
    this.#tls.setSecureContext(listenerContext(tls.current));
    if (tls.current.callers.tag === this.#tag) return;
    this.#tag = tls.current.callers.tag;
    for (const connection of [...this.#connections]) this.#judge(connection);
    const groups = this.#groups;
    this.#groups = [];
    const { withinMs, random } = tls.moves;
    for (const group of groups) {
      const delayMs = Math.round((withinMs / 2) * (1 + random() / 2));
      this.#after(delayMs, () => this.#move(group, withinMs - delayMs));
    }
  }

  /** Cuts a connection off when nobody of the new set vouches for it. */
  #judge(connection: Connection): void {
    const { socket, chain, voucher } = connection;
    const next = this.#vouchFor(chain, voucher);
    if (next !== undefined) {
      connection.voucher = next;
      return;
    }
    const { logger, metrics } = this.#options;
    const { remoteAddress: from } = socket;
    metrics.increment('kedge_connections_cut_total', { side: 'accepted' });
    logger.warn(
      { event: 'connection.cut', side: 'accepted', from, names: chain[0]?.subjectAltName },
      'the authority of this caller is not trusted any more: cut off',
    );
    socket.destroy();
  }

  #move({ taker, connections }: Group, leftMs: number): void {
    if (connections.size > 0) {
      const side = 'accepted';
      this.#options.metrics.increment('kedge_connections_moved_total', { side }, connections.size);
      taker.drain(leftMs);
    }
    this.#after(leftMs, () => {
      for (const { socket } of connections) socket.destroy();
      taker.close();
    });
  }

  #nextGroup(): Group {
    const index = this.#turn++ % GROUPS;
    const known = this.#groups[index];
    if (known !== undefined) return known;
    const group = { taker: this.#options.makeTaker(), connections: new Set<Connection>() };
    this.#groups.push(group);
    return group;
  }

  #vouchFor(chain: readonly X509Certificate[], known?: AuthorityId): AuthorityId | undefined {
    return this.#options.tls.current.callers.vouchFor(chain, known);
  }

  #after(delayMs: number, onDue: () => void): void {
    const timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      onDue();
    });
    this.#timers.add(timer);
  }

  #refused(reason: string, from: string | undefined): void {
    const { logger, metrics } = this.#options;
    metrics.increment('kedge_handshakes_refused_total');
    logger.debug({ event: 'connection.refused', reason, from }, 'no connection');
  }
}

/** Names a caller, on its socket and on the TLS above it. */
function callerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${String(remotePort)}`;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
