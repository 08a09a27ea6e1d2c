/**
 * Counts the handshakes of grpc-js for the anchors that they rest on.
 *
 * grpc-js says nothing of finished handshakes. Of a channel we see each one, since we stand between
 * it and the connection that it asks for. Of a server we see a connection with its first call:
 * credentials may look at calls, not at connections.
 *
 * @module
 */
import { TLSSocket } from 'node:tls';
import type { ChannelCredentials, ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { chainOf, Intermediates } from './peer-chain.ts';
import type { TrustView } from './trust-view.ts';

/** Has every connection that these credentials make counted. */
export function countConnections(credentials: ChannelCredentials, view: TrustView): void {
  const make = credentials._createSecureConnector.bind(credentials);
  credentials._createSecureConnector = (...terms) => {
    const connector = make(...terms);
    return {
      connect: async (transport) => {
        // What it is verified by; the set may change before it is done.
        const set = view.current;
        const connection = await connector.connect(transport);
        const { socket } = connection;
        if (socket instanceof TLSSocket) view.count(chainOf(socket), socket, set);
        return connection;
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  };
}

/** Counts the connections of a server by their first call. */
export class CountedCalls {
  readonly #view: TrustView;
  readonly #intermediates = new Intermediates();
  readonly #counted = new WeakSet<object>();

  constructor(view: TrustView) {
    this.#view = view;
  }

  /** Takes note of a call and gives it back. */
  seen<Call extends ServerInterceptingCallInterface>(call: Call): Call {
    const stream = fieldOf(call, 'stream');
    if (stream === undefined) this.#view.countUnknown();
    const session = fieldOf(stream, 'session');
    // A connection that broke meanwhile has no socket to ask.
    if (typeof session !== 'object' || session === null || this.#counted.has(session)) return call;
    if (fieldOf(session, 'destroyed') === true) return call;
    this.#counted.add(session);
    const socket = fieldOf(session, 'socket');
    if (socket instanceof TLSSocket) {
      this.#view.count(this.#intermediates.complete(socket), socket);
    }
    return call;
  }
}

/** What grpc-js keeps under a name that is not public; a test fails when it moves. */
function fieldOf(owner: unknown, name: string): unknown {
  return typeof owner === 'object' && owner !== null ? Reflect.get(owner, name) : undefined;
}
