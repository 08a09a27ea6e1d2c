/**
 * The connections that servers of `node:tls`, `node:https` and `node:http2` have accepted.
 *
 * Every handshake is judged once more when it ends, before a byte of the client is read: by the
 * newest set, since one that was under way when trust narrowed was verified by the set before, and
 * by the limits of the CA, which OpenSSL does not know.
 *
 * A connection that is to drain ends as its protocol allows: HTTP/2 clients are told to go away and
 * finish their requests, HTTP/1.1 clients get `Connection: close` with the answer under way, when
 * its headers are not sent yet, or with their next one. What speaks another protocol goes on until
 * the deadline; the program can end it in `onDistrusted`.
 *
 * A server stays with what it was attached to, also when live trust is disposed, because its CAs
 * stay too: limits would be lost otherwise. The next live trust on the same server takes over.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Session } from 'node:http2';
import { Server as HttpsServer } from 'node:https';
import type { Server, TLSSocket } from 'node:tls';
import { Connections, type ConnectionsOptions, type Handshake } from './connections.ts';
import type { EndPolicy } from './distrust.ts';
import { innerObject, refuseRenegotiation } from './inner.ts';
import { Intermediates } from './peer-chain.ts';
import type { TrustChange, TrustSource } from './trust-view.ts';

/** Who listens on which server. */
const attached = new WeakMap<Server | HttpsServer, ServerConnections>();

/** Follows the connections of one or more servers under one live trust. */
export class ServerConnections {
  readonly #connections: Connections;
  readonly #intermediates = new Intermediates();
  /** By the transport below TLS, which is there before its handshake. */
  readonly #begun = new WeakMap<object, { readonly epoch: number; readonly generation: number }>();
  readonly #sessions = new WeakMap<object, Http2Session>();
  /** The answer of HTTP/1.1 under way; of pipelined ones the last, as those before must not end. */
  readonly #answers = new WeakMap<object, ServerResponse>();
  /** How often trust narrowed. */
  #epoch = 0;
  /** HTTP/2 makes the session of a connection while the connection is announced. */
  #announced: TLSSocket | undefined;

  /** Errors: `CONFIG` for a bad policy. */
  constructor(source: TrustSource, options: ConnectionsOptions) {
    this.#connections = new Connections(source, options);
  }

  /** Judges what the server accepts from now on; a connection in its handshake included. */
  attach(server: Server | HttpsServer): void {
    attached.get(server)?.detach(server);
    attached.set(server, this);
    server.prependListener('connection', this.#onTransport);
    server.prependListener('secureConnection', this.#onConnection);
    // Only servers of HTTP/2 have this event.
    server.prependListener('session', this.#onSession);
    if (server instanceof HttpsServer) server.prependListener('request', this.#onRequest);
  }

  /** As {@link Connections.replace}; to be called after the servers have the new certificate. */
  replace(end: EndPolicy): void {
    this.#connections.replace(end);
  }

  /** To be called after the servers have the newest set. */
  follow(change: TrustChange): void {
    if (change === 'narrowed') this.#epoch += 1;
    this.#connections.follow(change);
  }

  /** Lets go of a server: another live trust has taken over. */
  detach(server: Server | HttpsServer): void {
    server.removeListener('connection', this.#onTransport);
    server.removeListener('secureConnection', this.#onConnection);
    server.removeListener('session', this.#onSession);
    server.removeListener('request', this.#onRequest);
  }

  readonly #onTransport = (transport: object): void => {
    const { generation } = this.#connections;
    this.#begun.set(transport, { epoch: this.#epoch, generation });
  };

  readonly #onConnection = (socket: TLSSocket): void => {
    // A client would show another certificate behind the one that is judged here.
    refuseRenegotiation(socket);
    const chain = this.#intermediates.complete(socket);
    const begun = this.#beganAt(socket);
    const began = (begun?.epoch ?? 0) < this.#epoch ? 'before' : 'now';
    const generation = begun?.generation ?? 0;
    const isForgotten = socket.isSessionReused() && this.#intermediates.hasForgotten;
    const handshake: Handshake = { socket, chain, began, generation, isForgotten };
    const drain = (): void => {
      this.#sessions.get(socket)?.close();
      endAfter(this.#answers.get(socket));
    };
    // Without the reason: nobody need listen for errors of a connection that was accepted.
    const close = (): void => void socket.destroy();
    this.#announced = socket;
    if (this.#connections.admit({ ...handshake, drain, close }) !== undefined) close();
  };

  readonly #onSession = (session: Http2Session): void => {
    if (this.#announced !== undefined) this.#sessions.set(this.#announced, session);
    this.#announced = undefined;
  };

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    if (this.#connections.isEnding(socket)) endAfter(response);
    this.#answers.set(socket, response);
    response.once('close', () => {
      if (this.#answers.get(socket) === response) this.#answers.delete(socket);
    });
  };

  /** Node has the transport there, or around it when it is no socket; else it counts as old. */
  #beganAt(socket: TLSSocket): { readonly epoch: number; readonly generation: number } | undefined {
    const transport = innerObject(innerObject(socket, '_handle'), '_parentWrap');
    return this.#begun.get(transport) ?? this.#begun.get(innerObject(transport, 'stream'));
  }
}

/** The connection ends after this answer, and its client knows. */
function endAfter(answer: ServerResponse | undefined): void {
  if (answer?.headersSent === false) answer.setHeader('connection', 'close');
}
