/**
 * Connections of programs, which carry `trust.Watch` and little else: served by our own side of
 * HTTP/2 straight on the line, because ten thousand of them cost too much otherwise.
 *
 * What a connection asks for first decides: it is ours, or it is given to grpc-js with all that it
 * said. Whoever asks for something else on one of ours is told to take another connection for it,
 * as every client of gRPC does by itself.
 *
 * @module
 */
import { type ConnectionHost, Http2Connection } from '../http2/connection.ts';
import type { Http2Error } from '../http2/errors.ts';
import type { Request } from '../http2/request.ts';
import { SharedBytes } from '../http2/shared.ts';
import type { Http2Stream } from '../http2/stream.ts';
import type { Logger } from '../ports/logger.ts';
import { systemClock } from '../ports/system-clock.ts';
import { Sweep, type Swept } from './calls/sweep.ts';
import type { CallerLine, LineListener } from './tls/caller-line.ts';

/** Who calls on a connection. */
export interface Caller {
  /** `address:port` of the caller. */
  readonly from: string;
  /** Those of the caller's certificate, as `node:tls` writes them. */
  readonly altNames: string | undefined;
}

/** Puts a connection into other hands, which have to see first what it said. */
export type GiveAway = (line: CallerLine, said: Buffer) => void;

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
  readonly #all: Map<CallerLine, ProgramConnection> = new Map();

  constructor(options: ProgramConnectionsOptions) {
    // Whether a peer is there is a matter of sockets, whatever clock the calls on them go by.
    const sweep = new Sweep(systemClock);
    this.#shared = { ...options, sweep, bytes: new SharedBytes(), all: this.#all, onNone: [] };
  }

  /** Serves a connection whose caller is known, or gives it away. */
  take(line: CallerLine, giveAway: GiveAway): void {
    const connection = new ProgramConnection(line, giveAway, this.#shared);
    this.#all.set(line, connection);
    this.#shared.sweep.add(connection);
  }

  /** Asks callers to come back on another connection: those on `lines`, or all of them. */
  leave(lines: Iterable<CallerLine> = [...this.#all.keys()]): void {
    for (const line of lines) this.#all.get(line)?.leave();
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
  readonly all: Map<CallerLine, ProgramConnection>;
  readonly onNone: (() => void)[];
}

/** A connection between its line and the calls on it. */
class ProgramConnection implements ConnectionHost, Caller, LineListener, Swept {
  readonly altNames: string | undefined;
  readonly from: string;
  readonly #line: CallerLine;
  readonly #giveAway: GiveAway;
  readonly #shared: Shared;
  readonly #http2: Http2Connection;
  #isOurs = false;

  constructor(line: CallerLine, giveAway: GiveAway, shared: Shared) {
    this.#line = line;
    this.altNames = line.altNames;
    this.from = line.from;
    this.#giveAway = giveAway;
    this.#shared = shared;
    const { bytes, maxStreams } = shared;
    line.cork();
    setImmediate(() => line.uncork());
    this.#http2 = new Http2Connection({ wire: line, host: this, shared: bytes, maxStreams });
    line.listen(this);
  }

  data(chunk: Buffer): void {
    if (this.#isOurs) return this.#http2.receive(chunk);
    // Settings, their acknowledgement, headers and the first message go out as one: what answers a
    // new caller in its turn (`service/clients/fan-out.ts`) comes before the end of this one.
    this.#line.cork();
    this.#http2.receive(chunk);
    setImmediate(() => {
      this.#line.uncork();
      this.#http2.giveIfDue();
    });
  }

  drained(): void {
    this.#http2.drained();
  }

  gone(): void {
    this.#forget();
    this.#http2.gone();
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
    this.#forget();
    this.#giveAway(this.#line, bytes);
  }

  failed({ code, message }: Http2Error): void {
    const { from } = this;
    const fields = { event: 'connection.failed', from, code, reason: message } as const;
    this.#shared.logger.info(fields, 'the caller does not keep to HTTP/2: connection ended');
  }

  #forget(): void {
    const { all, sweep, onNone } = this.#shared;
    all.delete(this.#line);
    sweep.delete(this);
    if (all.size === 0) for (const resolve of onNone.splice(0)) resolve();
  }
}
