/**
 * Credentials of grpc-js whose trusted CAs follow a bundle while the program runs.
 *
 * Channels: grpc-js asks a certificate provider for the CAs before every new connection, so a
 * provider that is fed from the bundle is live by itself. Servers: `ServerCredentials` hands new
 * contexts to the listening servers; the provider that grpc-js has for that knows neither ticket
 * keys nor session id contexts, so we hand them over ourselves. grpc-js is loaded on first use.
 *
 * A connection that is open when trust narrows stays open until one side closes it: grpc-js gives
 * no way to end it without breaking the calls on it. Bound it with `grpc.max_connection_age_ms` on
 * the server.
 *
 * @module
 */
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import type { experimental } from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import { CountedCalls, countConnections } from './grpc-usage.ts';
import { asPem, identityOptions, type TlsIdentity } from './identity.ts';
import { secureContextFor } from './tls-server.ts';
import { type TrustSelector, type TrustSource, TrustView } from './trust-view.ts';

/** Live credentials; disposing them leaves the last set in use. */
export interface LiveGrpcCredentials<Credentials> extends Disposable {
  /** For `new Client(…)` or `server.bindAsync(…)` of the same copy of grpc-js. */
  readonly credentials: Credentials;
  /**
   * Replaces the own certificate and key for new connections.
   * Errors: `CONFIG` when they cannot be used; the old ones stay.
   */
  updateIdentity(identity: TlsIdentity): void;
}

/** The options of {@link liveChannelCredentials}. */
export interface LiveChannelOptions extends Partial<TrustSelector> {
  readonly bundle: string;
  /** Default `tls-server`. */
  readonly purpose?: string;
  readonly identity?: TlsIdentity;
}

/**
 * Channel credentials that verify servers by the bundle. Until the source has it, connecting fails
 * and grpc-js tries again. Errors: `CONFIG` for a bad identity.
 */
export async function liveChannelCredentials(
  source: TrustSource,
  options: LiveChannelOptions,
): Promise<LiveGrpcCredentials<Grpc.ChannelCredentials>> {
  const grpc = await import('@grpc/grpc-js');
  const { bundle, purpose = 'tls-server', identity } = options;
  const provider = new LiveProvider(identity);
  const view = new TrustView(source, { bundle, purpose }, () =>
    provider.setCa(view.current.caPems),
  );
  provider.setCa(view.current.caPems);
  const credentials = grpc.experimental.createCertificateProviderChannelCredentials(
    provider,
    identity === undefined ? null : provider,
  );
  countConnections(credentials, view);
  return {
    credentials,
    updateIdentity: (next) => provider.setIdentity(next),
    [Symbol.dispose]: () => view[Symbol.dispose](),
  };
}

/** The options of {@link liveServerCredentials}. */
export interface LiveServerOptions extends Partial<TrustSelector> {
  readonly bundle: string;
  /** Default `tls-client`. */
  readonly purpose?: string;
  readonly identity: TlsIdentity;
}

/**
 * Server credentials that demand a client certificate and verify it by the bundle. Until the source
 * has it, every client is refused. Errors: `CONFIG` for a bad identity.
 */
export async function liveServerCredentials(
  source: TrustSource,
  options: LiveServerOptions,
): Promise<LiveGrpcCredentials<Grpc.ServerCredentials>> {
  const grpc = await import('@grpc/grpc-js');
  /** Made here, because its base class is not loaded before. */
  class LiveServerCredentials extends grpc.ServerCredentials {
    constructor(context: SecureContextOptions) {
      super({ requestCert: true, rejectUnauthorized: true }, context);
    }

    replace(context: SecureContextOptions): void {
      this.updateSecureContextOptions(context);
    }

    override _equals(other: Grpc.ServerCredentials): boolean {
      return this === other;
    }

    override _getInterceptors(): Grpc.ServerInterceptor[] {
      return [(_, call) => new grpc.ServerInterceptingCall(calls.seen(call))];
    }
  }

  const { bundle, purpose = 'tls-client' } = options;
  let identity = options.identity;
  const view = new TrustView(source, { bundle, purpose }, () => {
    credentials.replace(usableContext(identity, view.current));
  });
  const calls = new CountedCalls(view);
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

/** A context that OpenSSL takes: grpc-js would drop every connection over one that it does not. */
function usableContext(
  identity: TlsIdentity,
  trust: { readonly tag: string; readonly caPems: readonly string[] },
): SecureContextOptions {
  const context = secureContextFor(identityOptions(identity), trust.tag, trust.caPems);
  requireUsable(context);
  return context;
}

function requireUsable(context: SecureContextOptions): void {
  try {
    createSecureContext(context);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KedgeError('CONFIG', `the certificate or key cannot be used: ${reason}`, { cause });
  }
}

/** A certificate provider of grpc-js that is told what is current, and tells whoever listens. */
class LiveProvider implements experimental.CertificateProvider {
  readonly #caListeners = new Set<experimental.CaCertificateUpdateListener>();
  readonly #identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();
  #ca: experimental.CaCertificateUpdate | null = null;
  #identity: experimental.IdentityCertificateUpdate | null = null;

  constructor(identity: TlsIdentity | undefined) {
    if (identity !== undefined) this.setIdentity(identity);
  }

  /** Nobody trusted is `null`: grpc-js then refuses to connect instead of using other CAs. */
  setCa(caPems: readonly string[]): void {
    this.#ca = caPems.length === 0 ? null : { caCertificate: Buffer.from(caPems.join('\n')) };
    for (const listener of this.#caListeners) listener(this.#ca);
  }

  setIdentity(identity: TlsIdentity): void {
    if (identity.passphrase !== undefined) {
      throw new KedgeError('CONFIG', 'grpc-js channels take no passphrase: give a decrypted key');
    }
    requireUsable(identityOptions(identity));
    this.#identity = { certificate: asPem(identity.cert), privateKey: asPem(identity.key) };
    for (const listener of this.#identityListeners) listener(this.#identity);
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#caListeners.add(listener);
    listener(this.#ca);
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.add(listener);
    listener(this.#identity);
  }

  removeIdentityCertificateListener(
    listener: experimental.IdentityCertificateUpdateListener,
  ): void {
    this.#identityListeners.delete(listener);
  }
}
