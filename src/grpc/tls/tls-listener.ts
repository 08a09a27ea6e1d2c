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
 * Who may begin a handshake, and when, is decided before (`entrance.ts`).
 *
 * @module
 */
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { boundedAltNames } from './alt-names-bound.ts';
import type { Authorities, AuthorityId } from './authorities.ts';
import type { ConnectionTaker, LineListening } from './caller-line.ts';
import { listenerContext, MUTUAL } from './contexts.ts';
import { Entrance } from './entrance.ts';
import type { LiveTls } from './live-tls.ts';
import { Outbox } from './outbox.ts';
import { chainIn, Intermediates, type Presented } from './presented.ts';
import { resumable } from './session-tickets.ts';
import { TlsLine } from './tls-line.ts';

/** What a listener works with. */
export interface TlsListenerOptions {
  readonly host: string;
  /** 0 asks for a free one. */
  readonly port: number;
  readonly tls: LiveTls;
  /** Whether TLS sessions may be resumed; `session-tickets.ts` says when they should not. */
  readonly sessions: 'resumable' | 'full';
  readonly makeTaker: () => ConnectionTaker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const HANDSHAKE_WITHIN_MS = 10_000;
/** Groups that connections of one set are moved in: each one has its own moment. */
const GROUPS = 64;
/** Connections that are judged between two turns of the event loop: some ten milliseconds. */
const JUDGED_PER_TURN = 64;
/** Names of a caller that are logged, as far as that. */
const LOGGED_MAX_CHARS = 2048;

interface Connection {
  readonly socket: TLSSocket;
  readonly line: TlsLine;
  readonly group: Group;
  /** What it showed and who vouches for it, once somebody had to look. */
  shown?: Presented;
  voucher?: AuthorityId | undefined;
}

interface Group {
  readonly taker: ConnectionTaker;
  readonly connections: Set<Connection>;
}

/** A listening socket with its connections. */
export class TlsListener implements LineListening {
  readonly #options: TlsListenerOptions;
  readonly #entrance: Entrance;
  readonly #tls: TlsServer;
  readonly #intermediates: Intermediates;
  readonly #outbox: Outbox = new Outbox();
  readonly #connections: Set<Connection> = new Set();
  readonly #timers: Set<ClockTimer> = new Set();
  readonly #following: Disposable;
  /** Of the current set; those of older ones are moving. */
  #groups: Group[] = [];
  #turn = 0;
  #followed: Authorities;
  /** Grows when the set becomes another one. */
  #epoch = 0;
  #judgement = 0;

  /** Listens. Errors: those of `node:net`. */
  static async listen(options: TlsListenerOptions): Promise<TlsListener> {
    const listener = new TlsListener(options);
    try {
      await listener.#entrance.listen(options.host, options.port);
    } catch (error) {
      listener.stop();
      throw error;
    }
    return listener;
  }

  private constructor(options: TlsListenerOptions) {
    this.#options = options;
    const { tls, clock, logger, metrics } = options;
    this.#followed = tls.current.callers;
    this.#intermediates = new Intermediates(tls.current.cert);
    this.#entrance = new Entrance({
      begin: (socket) => this.#tls.emit('connection', socket),
      epoch: () => this.#epoch,
      onError: (error) => this.#refused(error.message, undefined),
      clock,
      logger,
      metrics,
    });
    this.#tls = createTlsServer({
      ...this.#context(),
      ...MUTUAL,
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_WITHIN_MS,
    });
    this.#tls.on('tlsClientError', (error, socket) => {
      const { remoteAddress } = socket;
      // Node ends one that failed, and not one whose time is over.
      socket.destroy();
      this.#refused(error.message, remoteAddress);
    });
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    this.#following = tls.onChange(() => this.#follow());
  }

  get port(): number {
    return this.#entrance.port;
  }

  stop(): void {
    this.#following[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#entrance.stop();
  }

  async destroy(): Promise<void> {
    this.stop();
    this.#entrance.destroy();
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', ignore);
    const isResumed = socket.isSessionReused();
    // Node 20 takes it out of the chain of a full handshake, which is needed again later.
    const resumed = isResumed ? socket.getPeerX509Certificate() : undefined;
    const altNames = resumed?.subjectAltName ?? socket.getPeerCertificate().subjectaltname;
    // OpenSSL verifies nothing again, dates included, when a session is resumed.
    const isOver =
      resumed !== undefined && this.#authorities.isOver(resumed, this.#options.clock.nowMs());
    const group = this.#nextGroup();
    const line = new TlsLine(socket, boundedAltNames(altNames), this.#outbox);
    const connection: Connection = { socket, line, group };
    if (isOver || !this.#isLetIn(connection)) {
      socket.destroy();
      return this.#refused('no authority vouches for the certificate', socket.remoteAddress);
    }
    this.#entrance.entered(socket);
    const kind = isResumed ? 'resumed' : 'full';
    this.#options.metrics.increment('kedge_handshakes_total', { kind });
    group.connections.add(connection);
    this.#connections.add(connection);
    socket.once('close', () => {
      group.connections.delete(connection);
      this.#connections.delete(connection);
    });
    group.taker.inject(line);
  }

  /**
   * A handshake that began with the newest set was verified by it; so was the one whose session is
   * resumed, since the keys of tickets belong to the set. Otherwise this looks again.
   */
  #isLetIn(connection: Connection): boolean {
    const isByNewest = this.#entrance.epochOf(connection.socket) === this.#epoch;
    return (isByNewest && !this.#authorities.isStricter) || this.#isVouchedFor(connection);
  }

  /** Says whether somebody of the newest set vouches for a connection, and remembers who. */
  #isVouchedFor(connection: Connection): boolean {
    const authorities = this.#authorities;
    const shown = connection.shown ?? this.#intermediates.shownBy(connection.socket);
    if (shown === undefined) return false;
    const { voucher } = connection;
    connection.shown = shown;
    if (voucher !== undefined && authorities.stillVouches(voucher, shown.validFromMs)) return true;
    connection.voucher = authorities.vouchFor(chainIn(shown));
    return connection.voucher !== undefined;
  }

  #follow(): void {
    const { tls } = this.#options;
    const before = this.#followed;
    const { callers } = tls.current;
    this.#followed = callers;
    this.#tls.setSecureContext(this.#context());
    if (callers.tag === before.tag) return;
    this.#epoch += 1;
    if (!callers.covers(before)) this.#judgeAll();
    const groups = this.#groups;
    this.#groups = [];
    const { withinMs, random } = tls.moves;
    for (const group of groups) {
      const delayMs = Math.round((withinMs / 2) * (1 + random() / 2));
      this.#after(delayMs, () => this.#move(group, withinMs - delayMs));
    }
  }

  /**
   * Cuts off whom nobody of the new set vouches for, in portions, with a turn of the event loop
   * between two. Sessions that were resumed come last: by then their intermediates are known.
   */
  #judgeAll(): void {
    const isResumed = ({ socket }: Connection): boolean => socket.isSessionReused();
    const all = [...this.#connections];
    const ordered = [...all.filter((each) => !isResumed(each)), ...all.filter(isResumed)];
    this.#judgement += 1;
    const mine = this.#judgement;
    const judge = (from: number): void => {
      // A newer one judges all of them again.
      if (mine !== this.#judgement) return;
      for (const each of ordered.slice(from, from + JUDGED_PER_TURN)) this.#judge(each);
      const next = from + JUDGED_PER_TURN;
      if (next < ordered.length) setImmediate(() => judge(next));
    };
    judge(0);
  }

  #judge(connection: Connection): void {
    const { socket, line } = connection;
    if (socket.destroyed || this.#isVouchedFor(connection)) return;
    const { logger, metrics } = this.#options;
    const { remoteAddress: from } = socket;
    const names = line.altNames?.slice(0, LOGGED_MAX_CHARS);
    metrics.increment('kedge_connections_cut_total', { side: 'accepted' });
    logger.warn(
      { event: 'connection.cut', side: 'accepted', from, names },
      'the authority of this caller is not trusted any more: cut off',
    );
    socket.destroy();
  }

  #move({ taker, connections }: Group, leftMs: number): void {
    if (connections.size > 0) {
      const side = 'accepted';
      this.#options.metrics.increment('kedge_connections_moved_total', { side }, connections.size);
      const lines = [...connections].map(({ line }) => line);
      taker.drain(lines, leftMs);
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

  get #authorities(): Authorities {
    return this.#options.tls.current.callers;
  }

  #context(): SecureContextOptions {
    const { tls, sessions } = this.#options;
    const context = listenerContext(tls.current);
    return sessions === 'full' ? context : { ...context, ...resumable(tls.current) };
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

function ignore(): void {
  // What goes wrong with a socket closes it, and that is listened to.
}
