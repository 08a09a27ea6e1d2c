/**
 * One listener: its services, health, reflection, limits, and how it stops.
 *
 * Stopping is in order: tell health checkers, end the streams with `UNAVAILABLE` so that clients go
 * elsewhere, send GOAWAY, let calls that are being answered finish within the given time, then cut
 * off what is left.
 *
 * @module
 */
import { createServer } from 'node:net';
import { Server, type ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { TlsWorkerStatus } from '../core/admin/process-status.ts';
import { KedgeError } from '../core/errors.ts';
import { MESSAGE_MAX_BYTES, WATCH_REQUEST_MAX_BYTES } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import { CallerQuota } from '../service/clients/caller-quota.ts';
import { shuttingDown } from '../service/clients/farewell.ts';
import { type AdminServices, adminService } from './admin-handler.ts';
import type { CallerRules } from './calls/caller.ts';
import type { CallEnvironment, ServedService } from './calls/calls.ts';
import { callerOfLine } from './calls/line-caller.ts';
import { OpenCalls } from './calls/open-calls.ts';
import { requestTimeout } from './calls/request-timeout.ts';
import { connectionTaker } from './connection-taker.ts';
import { type GossipServices, gossipService } from './peers/gossip-handler.ts';
import { ProgramConnections } from './program-connections.ts';
import { addReflection } from './reflection.ts';
import type { LineListening } from './tls/caller-line.ts';
import { plaintextServer } from './tls/credentials.ts';
import type { LiveTls } from './tls/live-tls.ts';
import { TlsListener } from './tls/tls-listener.ts';
import { trustService, type WatchServices } from './trust-handler.ts';
import { TlsWorkers, type WorkersSetting } from './workers/tls-workers.ts';

/** What one listener serves; absent services answer `UNIMPLEMENTED`. */
export interface ListenerServices {
  readonly trust?: WatchServices;
  readonly gossip?: GossipServices;
  readonly admin?: AdminServices;
}

/** How a listener is started. */
export interface ServerOptions {
  /** `host:port`; port 0 asks for a free one. */
  readonly address: string;
  /** Absent: plaintext, on a loopback address only. */
  readonly tls: LiveTls | undefined;
  /** Processes that do TLS; absent: this one does. */
  readonly workers?: WorkersSetting | undefined;
  readonly callers: CallerRules;
  readonly services: ListenerServices;
  /** Calls open at once on one connection. */
  readonly maxStreamsPerConnection: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

const REQUEST_WITHIN_MS = 15_000;
/** Calls of one identity that one listener answers at once; a connection carries 100 by default. */
const CALLS_PER_CALLER_MAX = 256;
const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** How long connections without calls may take to close. */
const CLOSE_GRACE_MS = 250;

/** A running listener; disposing it cuts everything off. */
export class GrpcServer implements AsyncDisposable {
  /** `host:port` with the port that was given out. */
  readonly address: string;
  readonly #server: Server;
  readonly #listener: LineListening | undefined;
  readonly #programs: ProgramConnections | undefined;
  readonly #health: HealthImplementation;
  readonly #names: readonly string[];
  readonly #openCalls: OpenCalls;
  readonly #clock: Clock;

  /** Binds and serves. Errors: `CONFIG` when the address cannot be used. */
  static async start(options: ServerOptions): Promise<GrpcServer> {
    const { clock, logger, metrics, callers } = options;
    const openCalls = new OpenCalls();
    const callQuota = new CallerQuota({ max: CALLS_PER_CALLER_MAX, what: 'calls' });
    const environment = { ...callers, clock, logger, metrics, openCalls, callQuota };
    const server = makeServer(options);
    const health = new HealthImplementation();
    health.addToServer(server);
    const { trust: watch } = options.services;
    const trust = watch && trustService(environment, watch);
    const served = [...(trust ? [trust] : []), ...otherServices(environment, options.services)];
    const names = served.map(({ name }) => name);
    addReflection(server, names);
    for (const { definition, implementation } of served) {
      server.addService(definition, implementation);
    }
    const { maxStreamsPerConnection: maxStreams } = options;
    const programs = trust && new ProgramConnections({ route: trust.route, maxStreams, logger });
    const { host, port, listener } = await bind(server, { openCalls, programs }, options);
    return new GrpcServer({
      server,
      listener,
      programs,
      health,
      names: ['', ...names],
      openCalls,
      clock,
      address: `${host}:${port}`,
    });
  }

  private constructor(parts: {
    readonly server: Server;
    readonly listener: LineListening | undefined;
    readonly programs: ProgramConnections | undefined;
    readonly health: HealthImplementation;
    readonly names: readonly string[];
    readonly openCalls: OpenCalls;
    readonly clock: Clock;
    readonly address: string;
  }) {
    this.address = parts.address;
    this.#server = parts.server;
    this.#listener = parts.listener;
    this.#programs = parts.programs;
    this.#health = parts.health;
    this.#names = parts.names;
    this.#openCalls = parts.openCalls;
    this.#clock = parts.clock;
    this.setHealth('NOT_SERVING');
  }

  /** The processes that do TLS for it; none: this one does. */
  get workers(): readonly TlsWorkerStatus[] {
    return this.#listener instanceof TlsWorkers ? this.#listener.workers : [];
  }

  /** What health checkers are told, for the whole and for each service; first `NOT_SERVING`. */
  setHealth(status: 'SERVING' | 'NOT_SERVING'): void {
    for (const name of this.#names) this.#health.setStatus(name, status);
  }

  /** Stops in order, within about `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.setHealth('NOT_SERVING');
    this.#listener?.stop();
    this.#openCalls.endStreams(shuttingDown);
    this.#programs?.leave();
    const closed = Promise.all([this.#tryShutdown(), this.#programs?.gone()]);
    await Promise.race([this.#openCalls.idle(), this.#after(timeoutMs)]);
    // Health watchers never end by themselves; nobody else is left, or time is over.
    await Promise.race([closed, this.#after(Math.min(timeoutMs, CLOSE_GRACE_MS))]);
    this.#server.forceShutdown();
    await this.#listener?.destroy();
  }

  /** Stops at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
  }

  async #tryShutdown(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => {
        resolve();
      });
    });
  }

  async #after(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#clock.setTimer(delayMs, resolve);
    });
  }
}

function makeServer({ clock, services, tls, maxStreamsPerConnection }: ServerOptions): Server {
  return new Server({
    'grpc.max_receive_message_length': maxRequestBytes(services),
    'grpc.max_send_message_length': MESSAGE_MAX_BYTES,
    'grpc.max_concurrent_streams': maxStreamsPerConnection,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    // Without channelz grpc-js 1.14 forgets its sessions, and forceShutdown leaves them open. With
    // TLS the sockets are ours to close, and ten thousand sessions are cheaper without.
    'grpc.enable_channelz': tls === undefined ? 1 : 0,
    interceptors: [callerOfLine, requestTimeout(clock, REQUEST_WITHIN_MS)],
  });
}

function otherServices(
  environment: CallEnvironment,
  { gossip, admin }: ListenerServices,
): readonly ServedService[] {
  return [
    ...(gossip === undefined ? [] : [gossipService(environment, gossip)]),
    ...(admin === undefined ? [] : [adminService(environment, admin)]),
  ];
}

function isForClients({ gossip, admin }: ListenerServices): boolean {
  return gossip === undefined && admin === undefined;
}

// A listener for clients alone need not buffer more than a client may send.
function maxRequestBytes(services: ListenerServices): number {
  return isForClients(services) ? WATCH_REQUEST_MAX_BYTES : MESSAGE_MAX_BYTES;
}

interface Bound {
  readonly host: string;
  readonly port: number;
  readonly listener: LineListening | undefined;
}

/** Who takes connections beside grpc-js, and who knows the calls on them. */
interface Takers {
  readonly openCalls: OpenCalls;
  readonly programs: ProgramConnections | undefined;
}

async function bind(
  server: Server,
  { openCalls, programs }: Takers,
  options: ServerOptions,
): Promise<Bound> {
  const { address, tls, workers, clock, logger, metrics } = options;
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  if (tls === undefined) {
    const credentials = plaintextServer(address);
    await requireFree(address, host, Number(address.slice(colon + 1)));
    return { host, port: await bindPlaintext(server, address, credentials), listener: undefined };
  }
  try {
    const listening = {
      host: unbracketed(host),
      port: Number(address.slice(colon + 1)),
      tls,
      sessions: isForClients(options.services) ? 'resumable' : 'full',
      makeTaker: () => connectionTaker(server, openCalls, programs),
      clock,
      logger,
      metrics,
    } as const;
    const listener =
      workers === undefined
        ? await TlsListener.listen(listening)
        : await TlsWorkers.listen({ ...listening, ...workers });
    return { host, port: listener.port, listener };
  } catch (cause) {
    throw unusable(address, cause);
  }
}

/** grpc-js writes to standard error by itself when it cannot listen: that is found out before. */
async function requireFree(address: string, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) => reject(unusable(address, cause)));
    probe.listen(port, unbracketed(host), () => {
      probe.close(() => resolve());
    });
  });
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

async function bindPlaintext(
  server: Server,
  address: string,
  credentials: ServerCredentials,
): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (cause, port) => {
      if (cause === null) resolve(port);
      else reject(unusable(address, cause));
    });
  });
}

function unusable(address: string, cause: unknown): KedgeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = reason.includes('EADDRINUSE')
    ? `${address} is in use: stop the program that listens there, or choose another port`
    : `cannot listen on ${address}: ${reason}`;
  return new KedgeError('CONFIG', message, { detail: { address }, cause });
}
