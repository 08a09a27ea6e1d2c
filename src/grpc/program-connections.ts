/**
 * Connections of programs, which carry `trust.Watch` and little else: served by our own side of
 * HTTP/2 straight on the TLS socket, because ten thousand of them cost too much otherwise.
 *
 * What a connection asks for first decides: it is ours, or it is given to grpc-js with all that it
 * said. Whoever asks for something else on one of ours is told to take another connection for it,
 * as every client of gRPC does by itself.
 *
 * @module
 */
import type { TLSSocket } from 'node:tls';
import { type ConnectionHost, Http2Connection } from '../http2/connection.ts';
import type { Http2Error } from '../http2/errors.ts';
import type { Request } from '../http2/request.ts';
import { SharedBytes } from '../http2/shared.ts';
import type { Http2Stream } from '../http2/stream.ts';
import type { Logger } from '../ports/logger.ts';
import { systemClock } from '../ports/system-clock.ts';
import { Sweep, type Swept } from './calls/sweep.ts';

/** Who calls on a connection. */
export interface Caller {
  /** `address:port` of the caller. */
  readonly from: string;
  /** Those of the caller's certificate, as `node:tls` writes them. */
  readonly altNames: string | undefined;
}

/** Puts a connection into other hands. */
export type GiveAway = (socket: TLSSocket) => void;

/** The calls that are served on these connections. */
export interface ProgramRoute {
  takes(request: Request): boolean;
  /** Serves a call that it takes. Must not throw. */
  open(stream: Http2Stream, caller: Caller): void;
}

/** What connections of programs work with. */
export interface ProgramConnectionsOptions {
  readonly route: ProgramRoute;
  /** Calls open at once on one connection. */
  readonly maxStreams: number;
  readonly logger: Logger;
}

/** The connections of one listener. */
export class ProgramConnections {
  readonly #shared: Shared;
  readonly #all: Map<TLSSocket, ProgramConnection> = new Map();

  constructor(options: ProgramConnectionsOptions) {
    // Whether a peer is there is a matter of sockets, whatever clock the calls on them go by.
    const sweep = new Sweep(systemClock);
    this.#shared = { ...options, sweep, bytes: new SharedBytes(), all: this.#all, onNone: [] };
  }

  /** Serves a connection whose caller is known, or gives it away. */
  take(socket: TLSSocket, altNames: string | undefined, giveAway: GiveAway): void {
    const connection = new ProgramConnection(socket, altNames, giveAway, this.#shared);
    this.#all.set(socket, connection);
    this.#shared.sweep.add(connection);
  }

  /** Asks callers to come back on another connection: those on `sockets`, or all of them. */
  leave(sockets: Iterable<TLSSocket> = [...this.#all.keys()]): void {
    for (const socket of sockets) this.#all.get(socket)?.leave();
  }

  /** Resolves when there are none. */
  async gone(): Promise<void> {
    if (this.#all.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#shared.onNone.push(resolve);
    });
  }
}

interface Shared extends ProgramConnectionsOptions {
  readonly sweep: Sweep;
  readonly bytes: SharedBytes;
  readonly all: Map<TLSSocket, ProgramConnection>;
  readonly onNone: (() => void)[];
}

/** A connection between its socket and the calls on it. */
class ProgramConnection implements ConnectionHost, Caller, Swept {
  readonly altNames: string | undefined;
  readonly from: string;
  readonly #socket: TLSSocket;
  readonly #giveAway: GiveAway;
  readonly #shared: Shared;
  readonly #http2: Http2Connection;
  #isOurs = false;
  readonly #onData = (chunk: Buffer): void => {
    if (this.#isOurs) return this.#http2.receive(chunk);
    // Settings, their acknowledgement, headers and the first message go out as one: what answers a
    // new caller in its turn (`service/clients/fan-out.ts`) comes before the end of this one.
    this.#socket.cork();
    this.#http2.receive(chunk);
    setImmediate(uncork, this.#socket);
  };
  readonly #onDrain = (): void => this.#http2.drained();
  readonly #onClose = (): void => {
    this.#forget();
    this.#http2.gone();
  };

  constructor(socket: TLSSocket, altNames: string | undefined, giveAway: GiveAway, shared: Shared) {
    this.#socket = socket;
    this.altNames = altNames;
    this.from = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.#giveAway = giveAway;
    this.#shared = shared;
    const { bytes, maxStreams } = shared;
    socket.cork();
    setImmediate(uncork, socket);
    this.#http2 = new Http2Connection({ wire: socket, host: this, shared: bytes, maxStreams });
    socket.on('data', this.#onData).on('drain', this.#onDrain).on('close', this.#onClose);
  }

  leave(): void {
    this.#http2.leave();
  }

  tick(): void {
    this.#http2.tick();
  }

  takes(request: Request): boolean {
    return this.#shared.route.takes(request);
  }

  open(stream: Http2Stream): void {
    this.#isOurs = true;
    this.#shared.route.open(stream, this);
  }

  giveAway(bytes: Buffer): void {
    const socket = this.#socket;
    this.#forget();
    socket.off('data', this.#onData).off('drain', this.#onDrain).off('close', this.#onClose);
    socket.pause();
    if (bytes.length > 0) socket.unshift(bytes);
    this.#giveAway(socket);
  }

  failed({ code, message }: Http2Error): void {
    const { from } = this;
    const fields = { event: 'connection.failed', from, code, reason: message } as const;
    this.#shared.logger.info(fields, 'the caller does not keep to HTTP/2: connection ended');
  }

  #forget(): void {
    const { all, sweep, onNone } = this.#shared;
    all.delete(this.#socket);
    sweep.delete(this);
    if (all.size === 0) for (const resolve of onNone.splice(0)) resolve();
  }
}

function uncork(socket: TLSSocket): void {
  socket.uncork();
}
