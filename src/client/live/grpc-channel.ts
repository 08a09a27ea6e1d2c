/**
 * Credentials for channels of grpc-js whose trusted server CAs follow a bundle.
 *
 * grpc-js asks a certificate provider for the CAs before every new connection, so a provider that
 * is fed from the bundle is live by itself. Its connections pass through our credentials on the way
 * from the handshake to the channel: there they are judged and followed.
 *
 * grpc-js gives no way to move a channel off one connection, but moves by itself when the server
 * tells it to go away. So a connection that is to drain behaves as if it had: calls in flight stay
 * on it, the next call opens another one, and the connection closes after its last call.
 *
 * @module
 */

import { constants } from 'node:http2';
import { TLSSocket } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import type { experimental } from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import { Connections, type HandshakeBegin } from './connections.ts';
import type { DistrustOptions } from './distrust.ts';
import { type LiveGrpcCredentials, requireUsable } from './grpc.ts';
import { asPem, identityOptions, type TlsIdentity } from './identity.ts';
import { refuseRenegotiation, sessionOn } from './inner.ts';
import { chainOf } from './peer-chain.ts';
import { type TrustSelector, type TrustSource, TrustView } from './trust-view.ts';

/** The options of {@link liveChannelCredentials}. */
export interface LiveChannelOptions extends Partial<TrustSelector>, DistrustOptions {
  readonly bundle: string;
  /** Default `tls-server`. */
  readonly purpose?: string;
  readonly identity?: TlsIdentity;
}

type SecureConnector = ReturnType<Grpc.ChannelCredentials['_createSecureConnector']>;

/**
 * Channel credentials that verify servers by the bundle. Until the source has it, connecting fails
 * and grpc-js tries again. Errors: `CONFIG` for a bad identity or policy.
 */
export async function liveChannelCredentials(
  source: TrustSource,
  options: LiveChannelOptions,
): Promise<LiveGrpcCredentials<Grpc.ChannelCredentials>> {
  const grpc = await import('@grpc/grpc-js');
  const { bundle, purpose = 'tls-server', identity } = options;
  const provider = new LiveProvider(identity);
  const connections = new Connections(source, {
    ...options,
    ...{ bundle, purpose, side: 'dialled' },
    view: () => view,
  });
  let epoch = 0;
  const view = new TrustView(source, { bundle, purpose }, (change) => {
    provider.setCa(view.current.caPems);
    if (change === 'narrowed') epoch += 1;
    connections.follow(change);
  });
  provider.setCa(view.current.caPems);

  /** Made here, because its base class is not loaded before. */
  class LiveChannelCredentials extends grpc.ChannelCredentials {
    readonly #inner = grpc.experimental.createCertificateProviderChannelCredentials(
      provider,
      identity === undefined ? null : provider,
    );

    override _isSecure(): boolean {
      return true;
    }

    override _equals(other: Grpc.ChannelCredentials): boolean {
      return this === other;
    }

    override _createSecureConnector(
      ...options: Parameters<Grpc.ChannelCredentials['_createSecureConnector']>
    ): SecureConnector {
      const inner = this.#inner._createSecureConnector(...options);
      return judging(inner, connections, () => epoch);
    }
  }

  return {
    credentials: new LiveChannelCredentials(),
    updateIdentity: (next) => provider.setIdentity(next),
    [Symbol.dispose]: () => view[Symbol.dispose](),
  };
}

/** A connector whose connections are judged before the channel gets them. */
function judging(
  inner: SecureConnector,
  connections: Connections,
  epoch: () => number,
): SecureConnector {
  return {
    connect: async (transport) => {
      const since = epoch();
      const result = await inner.connect(transport);
      const { socket } = result;
      // It is one, as the credentials are secure; anything else could not be judged.
      if (!(socket instanceof TLSSocket)) throw new KedgeError('BUG', 'not a TLS connection');
      refuseRenegotiation(socket);
      const began: HandshakeBegin = since < epoch() ? 'before' : 'now';
      const drain = (): void => leave(socket);
      // Without an error, calls end with UNAVAILABLE, which callers retry.
      const close = (): void => void socket.destroy();
      const error = connections.admit({ socket, chain: chainOf(socket), began, drain, close });
      if (error === undefined) return result;
      socket.destroy();
      throw error;
    },
    waitForReady: async () => await inner.waitForReady(),
    getCallCredentials: () => inner.getCallCredentials(),
    destroy: () => inner.destroy(),
  };
}

/** As if the server had asked for it. Without a session there is nothing in flight yet. */
function leave(socket: TLSSocket): void {
  const session = sessionOn(socket);
  if (session === undefined) {
    socket.destroy();
    return;
  }
  session.emit('goaway', constants.NGHTTP2_NO_ERROR, 0, Buffer.alloc(0));
  session.close();
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
