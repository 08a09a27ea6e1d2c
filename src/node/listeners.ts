/**
 * The listeners of a node: one gRPC server per configured address, with the services that belong
 * there.
 *
 * @module
 */
import { fileURLToPath } from 'node:url';
import type { CallerRules } from '../grpc/calls/caller.ts';
import { GrpcServer, type ListenerServices } from '../grpc/server.ts';
import type { LiveTls } from '../grpc/tls/live-tls.ts';
import type { WorkersSetting } from '../grpc/workers/tls-workers.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { CallerDirectory } from '../service/identity.ts';
import type { NodeConfig } from './config.ts';

/** Where a node listens, as `host:port`; absent what is not configured. */
export interface NodeAddresses {
  readonly clients?: string;
  readonly peers?: string;
  readonly admins?: string;
  /** Of metrics and health. */
  readonly http?: string;
}

/** What listeners work with. */
export interface ListenersOptions {
  readonly config: NodeConfig;
  /** Who is who. */
  readonly directory: CallerDirectory;
  /** Absent: plaintext. */
  readonly tls: LiveTls | undefined;
  /** All services; each listener gets those of its keys. */
  readonly services: Required<ListenerServices>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Open listeners. */
export interface Listeners {
  readonly servers: readonly GrpcServer[];
  readonly addresses: NodeAddresses;
}

/** Which service belongs to which key of `listen`. */
const SERVICE_OF = { clients: 'trust', peers: 'gossip', admins: 'admin' } as const;
/** What workers run; beside this file once it is compiled. */
const WORKER_PROGRAM = fileURLToPath(new URL('../grpc/workers/main.js', import.meta.url));
type ListenKey = keyof typeof SERVICE_OF;

/** Opens all listeners, or none. Errors: `CONFIG`. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { config, tls } = options;
  const callers: CallerRules = {
    directory: options.directory,
    transport: tls === undefined ? 'plaintext' : 'mtls',
  };
  const servers: GrpcServer[] = [];
  let addresses: NodeAddresses = {};
  try {
    for (const [address, keys] of byAddress(config)) {
      const server = await GrpcServer.start({
        address,
        tls,
        workers: workersFor(keys, config),
        callers,
        services: servicesFor(keys, options.services),
        maxStreamsPerConnection: config.limits.maxStreamsPerConnection,
        clock: options.clock,
        logger: options.logger,
        metrics: options.metrics,
      });
      servers.push(server);
      addresses = { ...addresses, ...Object.fromEntries(keys.map((key) => [key, server.address])) };
    }
  } catch (error) {
    for (const server of servers) await server[Symbol.asyncDispose]();
    throw error;
  }
  return { servers, addresses };
}

function byAddress({ listen }: NodeConfig): ReadonlyMap<string, readonly ListenKey[]> {
  const keys = new Map<string, ListenKey[]>();
  for (const key of ['clients', 'peers', 'admins'] as const) {
    const address = listen[key];
    if (address !== undefined) keys.set(address, [...(keys.get(address) ?? []), key]);
  }
  return keys;
}

function workersFor(keys: readonly ListenKey[], { tls }: NodeConfig): WorkersSetting | undefined {
  const count = tls?.clientWorkers ?? 0;
  if (count === 0 || !keys.includes('clients')) return undefined;
  return { count, program: WORKER_PROGRAM };
}

function servicesFor(
  keys: readonly ListenKey[],
  services: Required<ListenerServices>,
): ListenerServices {
  const names = new Set<string>(keys.map((key) => SERVICE_OF[key]));
  return {
    ...(names.has('trust') && { trust: services.trust }),
    ...(names.has('gossip') && { gossip: services.gossip }),
    ...(names.has('admin') && { admin: services.admin }),
  };
}
