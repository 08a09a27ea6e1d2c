/**
 * Credentials for channels of grpc-js whose trusted server CAs follow a bundle.
 *
 * A channel asks its credentials for every connection that it opens, so credentials that use the
 * newest context are live by themselves. On the way from the handshake to the channel each
 * connection is judged and followed.
 *
 * grpc-js gives no way to move a channel off one connection, but moves by itself when the server
 * tells it to go away. So a connection that is to drain behaves as if it had: calls in flight stay
 * on it, the next call opens another one, and the connection closes after its last call.
 *
 * @module
 */

import { constants } from 'node:http2';
import { type SecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type * as Grpc from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import { ClientContexts, requireSomebody } from './client-contexts.ts';
import { Connections, type HandshakeBegin } from './connections.ts';
import { type DistrustOptions, requireEnd } from './distrust.ts';
import type { LiveGrpcCredentials } from './grpc.ts';
import type { TlsIdentity } from './identity.ts';
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
  const contexts = new ClientContexts(ciphersOfGrpc());
  const connections = new Connections(source, {
    ...options,
    ...{ bundle, purpose, side: 'dialled' },
    view: () => view,
  });
  let epoch = 0;
  const view = new TrustView(
    source,
    { bundle, purpose },
    {
      onChange: (change) => {
        contexts.follow(view.current);
        if (change === 'narrowed') epoch += 1;
        connections.follow(change);
      },
      prepare: async (coming, isWanted) => await contexts.prepare(coming, isWanted),
    },
  );
  const updateIdentity = (next: TlsIdentity): void => {
    requireNoPassphrase(next);
    contexts.updateIdentity(next, view.current);
  };
  try {
    if (identity !== undefined) updateIdentity(identity);
  } catch (thrown) {
    view[Symbol.dispose]();
    throw thrown;
  }

  const newest = (): SecureContext => {
    requireSomebody(view.current, bundle);
    return contexts.newest(view.current);
  };
  const judge: Judge = async (connect) => await judged(connect, connections, () => epoch);
  return {
    credentials: makeCredentials(grpc, newest, judge),
    updateIdentity: (next, given) => {
      const end = requireEnd(given);
      updateIdentity(next);
      if (end !== undefined) connections.replace(end);
    },
    [Symbol.dispose]: () => view[Symbol.dispose](),
  };
}

/** Judges what a connector of grpc-js connects. */
type Judge = (connect: () => Connecting) => Connecting;
type Connecting = ReturnType<SecureConnector['connect']>;

function makeCredentials(
  grpc: typeof Grpc,
  newest: () => SecureContext,
  judge: Judge,
): Grpc.ChannelCredentials {
  /** Made here, because its base class is not loaded before. */
  class LiveChannelCredentials extends grpc.ChannelCredentials {
    override _isSecure(): boolean {
      return true;
    }

    override _equals(other: Grpc.ChannelCredentials): boolean {
      return this === other;
    }

    override _createSecureConnector(
      ...[target, options, call = grpc.CallCredentials.createEmpty()]: Parameters<
        Grpc.ChannelCredentials['_createSecureConnector']
      >
    ): SecureConnector {
      const connector = (): SecureConnector =>
        grpc.ChannelCredentials.createFromSecureContext(newest())._createSecureConnector(
          target,
          options,
          call,
        );
      return {
        connect: async (transport) => await judge(async () => await connector().connect(transport)),
        waitForReady: async () => undefined,
        getCallCredentials: () => call,
        destroy: () => undefined,
      };
    }
  }
  return new LiveChannelCredentials();
}

/** A connection that is judged before the channel gets it. */
async function judged(
  connect: () => Connecting,
  connections: Connections,
  epoch: () => number,
): Connecting {
  const since = epoch();
  const { generation } = connections;
  const result = await connect();
  const { socket } = result;
  // It is one, as the credentials are secure; anything else could not be judged.
  if (!(socket instanceof TLSSocket)) throw new KedgeError('BUG', 'not a TLS connection');
  refuseRenegotiation(socket);
  const began: HandshakeBegin = since < epoch() ? 'before' : 'now';
  const drain = (): void => leave(socket);
  // Without an error, calls end with UNAVAILABLE, which callers retry.
  const close = (): void => void socket.destroy();
  const handshake = { socket, chain: chainOf(socket), began, generation, drain, close };
  const error = connections.admit(handshake);
  if (error === undefined) return result;
  socket.destroy();
  throw error;
}

/** Those that grpc-js takes for its own contexts. */
function ciphersOfGrpc(): SecureContextOptions {
  const ciphers = process.env['GRPC_SSL_CIPHER_SUITES'];
  return ciphers === undefined ? {} : { ciphers };
}

function requireNoPassphrase({ passphrase }: TlsIdentity): void {
  if (passphrase === undefined) return;
  throw new KedgeError('CONFIG', 'grpc-js channels take no passphrase: give a decrypted key');
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
