/**
 * Credentials for servers of grpc-js whose trusted client CAs follow a bundle.
 *
 * `ServerCredentials` hands new contexts to the listening servers; the provider that grpc-js has
 * for that knows neither ticket keys nor session id contexts, so we hand them over ourselves.
 *
 * grpc-js keeps its HTTP/2 servers to itself. But each connection asks the credentials which
 * protocol to speak (ALPN, without which HTTP/2 is not spoken) while it is in its handshake, and
 * knows its server: so we come to follow the connections of every server that uses the credentials,
 * from the first one on. A connection whose server cannot be found is refused.
 *
 * @module
 */

import { type SecureContextOptions, Server as TlsServer } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import type { DistrustOptions } from './distrust.ts';
import { type LiveGrpcCredentials, requireUsable } from './grpc.ts';
import { identityOptions, requireIdentity, type TlsIdentity } from './identity.ts';
import { innerObject } from './inner.ts';
import { ServerConnections } from './server-connections.ts';
import { secureContextFor } from './tls-server.ts';
import { type TrustSelector, type TrustSource, TrustView } from './trust-view.ts';

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
  const connections = new ServerConnections(source, {
    ...options,
    ...{ bundle, purpose, side: 'accepted' },
    view: () => view,
  });

  /** Made here, because its base class is not loaded before. */
  class LiveServerCredentials extends grpc.ServerCredentials {
    constructor(context: SecureContextOptions) {
      const ALPNCallback = protocolChooser(connections);
      super({ requestCert: true, rejectUnauthorized: true, ALPNCallback }, context);
      hideFields(this);
    }

    replace(context: SecureContextOptions): void {
      this.updateSecureContextOptions(context);
    }

    override _equals(other: Grpc.ServerCredentials): boolean {
      return this === other;
    }
  }

  const view = new TrustView(source, { bundle, purpose }, (change) => {
    credentials.replace(usableContext(identity, view.current));
    connections.follow(change);
  });
  const credentials = new LiveServerCredentials(usableContext(identity, view.current));
  return {
    credentials,
    updateIdentity: (next) => {
      credentials.replace(usableContext(next, view.current));
      identity = next;
    },
    [Symbol.dispose]: () => view[Symbol.dispose](),
  };
}

/** Among them are the private key and the ticket keys, which whoever logs the object would tell. */
function hideFields(credentials: object): void {
  for (const field of Object.keys(credentials)) {
    Object.defineProperty(credentials, field, { enumerable: false });
  }
}

/** Chooses HTTP/2, as grpc-js does by itself, and gets to know the server on the way. */
function protocolChooser(
  connections: ServerConnections,
): (this: unknown, offer: { readonly protocols: readonly string[] }) => string | undefined {
  const known = new WeakSet<object>();
  return function choose({ protocols }) {
    const server = innerObject(this, 'server');
    if (!(server instanceof TlsServer)) return undefined;
    if (!known.has(server)) connections.attach(server);
    known.add(server);
    return protocols.includes('h2') ? 'h2' : undefined;
  };
}

/** A context that OpenSSL takes. Errors: `CONFIG`. */
function usableContext(
  identity: TlsIdentity,
  trust: { readonly tag: string; readonly caPems: readonly string[] },
): SecureContextOptions {
  const context = secureContextFor(identityOptions(identity), trust.tag, trust.caPems);
  requireUsable(context);
  return context;
}
