/**
 * Credentials for servers of grpc-js whose trusted client CAs follow a bundle.
 *
 * `ServerCredentials` hands new contexts to the listening servers; the provider that grpc-js has
 * for that knows neither ticket keys nor session id contexts, so we hand them over ourselves.
 *
 * grpc-js keeps its HTTP/2 servers to itself. But each connection asks the credentials which
 * protocol to speak (ALPN, without which HTTP/2 is not spoken) while it is in its handshake, and
 * knows its server: so we come to follow the connections of every server that uses the credentials,
 * from the first one on. A connection whose server cannot be found is refused. A server is known
 * even before when Node tells that it listens; where all are known, each gets a context that was
 * built ahead (`contexts.ts`), else grpc-js has each build its own when the set changes.
 *
 * @module
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type SecureContextOptions, Server as TlsServer } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import { buildServerContext, type Wanted } from './contexts.ts';
import { type DistrustOptions, requireEnd } from './distrust.ts';
import { type LiveGrpcCredentials, requireUsable } from './grpc.ts';
import { identityOptions, requireIdentity, type TlsIdentity } from './identity.ts';
import { innerObject } from './inner.ts';
import { ServerConnections } from './server-connections.ts';
import { secureContextFor } from './tls-server.ts';
import { type TrustSelector, type TrustSet, type TrustSource, TrustView } from './trust-view.ts';
import { GivenContexts } from './widening.ts';

/** What Node publishes when a server begins to listen; the message has the `server`. */
const LISTENING = 'tracing:net.server.listen:asyncStart';

/** The options of {@link liveServerCredentials}. */
export interface LiveServerOptions extends Partial<TrustSelector>, DistrustOptions {
  readonly bundle: string;
  /** Default `tls-client`. */
  readonly purpose?: string;
  readonly identity: TlsIdentity;
}

/**
 * Server credentials that demand a client certificate and verify it by the bundle. Until the source
 * has it, every client is refused. Errors: `CONFIG` for a bad identity or policy.
 */
export async function liveServerCredentials(
  source: TrustSource,
  options: LiveServerOptions,
): Promise<LiveGrpcCredentials<Grpc.ServerCredentials>> {
  const grpc = await import('@grpc/grpc-js');
  const { bundle, purpose = 'tls-client' } = options;
  let identity = requireIdentity(options.identity);
  let prepared: Prepared | undefined;
  const connections = new ServerConnections(source, {
    ...options,
    ...{ bundle, purpose, side: 'accepted' },
    view: () => view,
  });
  const view = new TrustView(
    source,
    { bundle, purpose },
    {
      onChange: (change) => {
        const ready = isFor(prepared, view.current, identity) ? prepared : undefined;
        prepared = undefined;
        const isDone =
          credentials.widen(identity, view.current) ||
          (ready !== undefined && credentials.install(ready, view.current));
        if (!isDone) credentials.replace(usableContext(identity, view.current), view.current);
        connections.follow(change);
      },
      prepare: async (coming, isWanted) => {
        if (credentials.canWiden(coming)) return;
        while (isWanted() && !isFor(prepared, coming, identity)) {
          const used = identity;
          const isNewest = (): boolean => isWanted() && identity === used;
          const made = await prepareFor(servers.open, { set: coming, identity: used }, isNewest);
          if (made !== undefined) prepared = made;
          else if (identity === used) return;
        }
      },
    },
  );
  const first = firstContext(identity, view);
  const servers = new KnownServers(connections);
  const credentials = makeCredentials(grpc, servers, first);
  return {
    credentials,
    updateIdentity: (next, given) => {
      const end = requireEnd(given);
      credentials.replace(usableContext(next, view.current), view.current);
      identity = next;
      if (end !== undefined) connections.replace(end);
    },
    [Symbol.dispose]: () => {
      view[Symbol.dispose]();
      servers[Symbol.dispose]();
    },
  };
}

/** As {@link usableContext}; a view without credentials is of no use. */
function firstContext(identity: TlsIdentity, view: TrustView): SecureContextOptions {
  try {
    return usableContext(identity, view.current);
  } catch (thrown) {
    view[Symbol.dispose]();
    throw thrown;
  }
}

/** Credentials whose context is replaced. */
interface ReplaceableCredentials extends Grpc.ServerCredentials {
  /** Has each server build it, and those to come. */
  replace(context: SecureContextOptions, set: TrustSet): void;
  /** Brings what was prepared into use, if it is for all servers; says whether it was. */
  install(prepared: Prepared, set: TrustSet): boolean;
  /** Says whether `widen` would do. */
  canWiden(coming: TrustSet): boolean;
  /** Has all servers take the few CAs that are new; false when they need another context. */
  widen(identity: TlsIdentity, set: TrustSet): boolean;
}

function makeCredentials(
  grpc: typeof Grpc,
  servers: KnownServers,
  first: SecureContextOptions,
): ReplaceableCredentials {
  /** Made here, because its base class is not loaded before. */
  class LiveServerCredentials extends grpc.ServerCredentials {
    readonly #given = new GivenContexts();
    #context = first;

    constructor() {
      const { ALPNCallback } = servers;
      super({ requestCert: true, rejectUnauthorized: true, ALPNCallback }, first);
      hideFields(this);
    }

    /** For servers to come. */
    override _getSecureContextOptions(): SecureContextOptions {
      return this.#context;
    }

    replace(context: SecureContextOptions, set: TrustSet): void {
      this.#context = context;
      this.updateSecureContextOptions(context);
      for (const server of servers.open) this.#given.note(server, set);
    }

    canWiden(coming: TrustSet): boolean {
      const { open } = servers;
      const isKnown = open.length === this.getWatcherCount();
      return isKnown && open.every((server) => this.#given.canWiden(server, coming));
    }

    widen(identity: TlsIdentity, set: TrustSet): boolean {
      if (!this.canWiden(set)) return false;
      this.#context = secureContextFor(identityOptions(identity), set.caPems);
      for (const server of servers.open) this.#given.widen(server, set, this.#context);
      return true;
    }

    install({ context, installs }: Prepared, set: TrustSet): boolean {
      const all = servers.open.map((server) => installs.get(server));
      const found = all.filter((install) => install !== undefined);
      if (found.length !== this.getWatcherCount()) return false;
      this.#context = context;
      for (const install of found) install();
      for (const server of servers.open) this.#given.note(server, set);
      return true;
    }

    override _equals(other: Grpc.ServerCredentials): boolean {
      return this === other;
    }
  }

  return new LiveServerCredentials();
}

/** Among them are the private key and the ticket keys, which whoever logs the object would tell. */
function hideFields(credentials: object): void {
  for (const field of Object.keys(credentials)) {
    Object.defineProperty(credentials, field, { enumerable: false });
  }
}

/** Contexts for all servers of the credentials, for a set that is not in use yet. */
interface Prepared {
  readonly tag: string;
  readonly identity: TlsIdentity;
  readonly context: SecureContextOptions;
  readonly installs: ReadonlyMap<TlsServer, () => void>;
}

function isFor(prepared: Prepared | undefined, { tag }: TrustSet, identity: TlsIdentity): boolean {
  return prepared?.tag === tag && prepared.identity === identity;
}

/** Absent when it is no longer wanted, or cannot be built ahead. */
async function prepareFor(
  servers: readonly TlsServer[],
  { set, identity }: { readonly set: TrustSet; readonly identity: TlsIdentity },
  isWanted: Wanted,
): Promise<Prepared | undefined> {
  const context = secureContextFor(identityOptions(identity), set.caPems);
  const installs = new Map<TlsServer, () => void>();
  for (const server of servers) {
    const install = await buildServerContext(server, context, isWanted);
    if (install === undefined) return undefined;
    installs.set(server, install);
  }
  return { tag: set.tag, identity, context, installs };
}

/**
 * The servers that use the credentials: as soon as they listen, or else from their first connection
 * on.
 */
class KnownServers implements Disposable {
  readonly #connections: ServerConnections;
  readonly #known = new Set<TlsServer>();

  constructor(connections: ServerConnections) {
    this.#connections = connections;
    subscribe(LISTENING, this.#onListening);
  }

  /** Those that are not closed. */
  get open(): readonly TlsServer[] {
    return [...this.#known];
  }

  /** Chooses HTTP/2, as grpc-js does by itself, and gets to know the server on the way. */
  get ALPNCallback(): AlpnCallback {
    return this.#choose;
  }

  [Symbol.dispose](): void {
    unsubscribe(LISTENING, this.#onListening);
  }

  readonly #choose: AlpnCallback = chooserFor((server) => this.#add(server));

  readonly #onListening = (message: unknown): void => {
    const server = innerObject(message, 'server');
    if (!(server instanceof TlsServer)) return;
    if (Reflect.get(server, 'ALPNCallback') === this.#choose) this.#add(server);
  };

  #add(server: TlsServer): void {
    if (this.#known.has(server)) return;
    this.#known.add(server);
    server.once('close', () => void this.#known.delete(server));
    this.#connections.attach(server);
  }
}

type AlpnCallback = (
  this: unknown,
  offer: { readonly protocols: readonly string[] },
) => string | undefined;

function chooserFor(onServer: (server: TlsServer) => void): AlpnCallback {
  return function choose({ protocols }) {
    const server = innerObject(this, 'server');
    if (!(server instanceof TlsServer)) return undefined;
    onServer(server);
    return protocols.includes('h2') ? 'h2' : undefined;
  };
}

/** A context that OpenSSL takes. Errors: `CONFIG`. */
function usableContext(
  identity: TlsIdentity,
  trust: { readonly caPems: readonly string[] },
): SecureContextOptions {
  const context = secureContextFor(identityOptions(identity), trust.caPems);
  requireUsable(context);
  return context;
}
