/**
 * A `tls.Server` or `https.Server` whose trusted client CAs follow a bundle while it runs.
 *
 * New handshakes verify against the newest set. A client that comes back with a session from before
 * the change gets a full handshake: the ticket keys are replaced at random and the session id
 * context is bound to the set, so that neither a ticket (TLS 1.2 and 1.3) nor a session id that the
 * program keeps itself (`newSession` / `resumeSession`) skips the new verification. Handshakes and
 * connections that exist are not broken; an HTTP/1.1 connection that was opened before trust
 * narrowed is closed after its next answer (`Connection: close`). A handshake that was under way
 * when trust narrowed is judged again when it ends, since the client decides how long it takes.
 *
 * Contexts of `server.addContext` or an `SNICallback` are the program's own and do not follow.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import { identityOptions, refusePkcs12, type TlsIdentity } from './identity.ts';
import { Intermediates, isVouchedFor } from './peer-chain.ts';
import { type TrustChange, type TrustSelector, type TrustSource, TrustView } from './trust-view.ts';

/** The length that OpenSSL wants of ticket keys. */
const TICKET_KEYS_BYTES = 48;

/** The options of {@link liveTlsServer}. */
export interface LiveTlsServerOptions extends Partial<TrustSelector> {
  readonly bundle: string;
  /** Default `tls-client`: the CAs that may vouch for clients. */
  readonly purpose?: string;
  /** Must have been made with `requestCert: true` and without `rejectUnauthorized: false`. */
  readonly server: Server | HttpsServer;
  /** `cert`, `key` and everything else of a secure context; `ca` is what this function is for. */
  readonly secureContext: Omit<
    SecureContextOptions,
    'ca' | 'pfx' | 'ticketKeys' | 'sessionIdContext' | 'allowPartialTrustChain'
  >;
}

/** Live trust on a server; disposing it leaves the server with the last set. */
export interface LiveTlsServer extends Disposable {
  /**
   * Replaces the server's own certificate and key for new handshakes.
   * Errors: `CONFIG` when they cannot be used; the old ones stay.
   */
  updateIdentity(identity: TlsIdentity): void;
}

/**
 * Makes `server` trust what the bundle says, now and after every change. Until the source has the
 * bundle, every client is refused. Errors: `CONFIG` when the server does not verify its clients, or
 * the secure context cannot be used.
 */
export function liveTlsServer(source: TrustSource, options: LiveTlsServerOptions): LiveTlsServer {
  return new LiveServer(source, options);
}

class LiveServer implements LiveTlsServer {
  readonly #server: Server | HttpsServer;
  readonly #view: TrustView;
  readonly #connections: Connections;
  #context: SecureContextOptions;

  constructor(source: TrustSource, options: LiveTlsServerOptions) {
    requireVerifyingServer(options.server);
    refusePkcs12(options.secureContext);
    const { bundle, purpose = 'tls-client', server, secureContext } = options;
    this.#server = server;
    this.#context = secureContext;
    this.#view = new TrustView(source, { bundle, purpose }, (change) => this.#follow(change));
    this.#connections = new Connections(server, this.#view);
    try {
      this.#apply(this.#context);
    } catch (cause) {
      this[Symbol.dispose]();
      throw unusable(cause);
    }
  }

  updateIdentity(identity: TlsIdentity): void {
    const context = { ...this.#context, passphrase: undefined, ...identityOptions(identity) };
    try {
      this.#apply(context);
    } catch (cause) {
      this.#apply(this.#context);
      throw unusable(cause);
    }
    this.#context = context;
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
    this.#connections[Symbol.dispose]();
  }

  #follow(change: TrustChange): void {
    this.#apply(this.#context);
    if (change === 'narrowed') this.#connections.retireAll();
  }

  #apply(context: SecureContextOptions): void {
    const { tag, caPems } = this.#view.current;
    this.#server.setSecureContext(secureContextFor(context, tag, caPems));
  }
}

/** A server's context for one set: fresh ticket keys, and session ids that belong to the set. */
export function secureContextFor(
  context: SecureContextOptions,
  tag: string,
  caPems: readonly string[],
): SecureContextOptions & { ticketKeys: Buffer; sessionIdContext: string } {
  return {
    ...context,
    ca: [...caPems],
    ticketKeys: randomBytes(TICKET_KEYS_BYTES),
    sessionIdContext: tag,
  };
}

/**
 * Which connections rest on a set from before trust narrowed.
 *
 * One whose handshake was under way then is cut off unless a CA of the newest set vouches for it.
 * HTTP/1.1 clients that were connected then are asked to come back with a new handshake, without
 * breaking a request: the answer that follows says `Connection: close`.
 */
class Connections implements Disposable {
  readonly #server: Server | HttpsServer;
  readonly #view: TrustView;
  readonly #intermediates = new Intermediates();
  /** By the transport below TLS, which is there before its handshake. */
  readonly #begun = new WeakMap<object, number>();
  readonly #current = new WeakMap<object, number>();
  #epoch = 0;

  constructor(server: Server | HttpsServer, view: TrustView) {
    this.#server = server;
    this.#view = view;
    server.prependListener('connection', this.#onTransport);
    server.prependListener('secureConnection', this.#onConnection);
    if (server instanceof HttpsServer) server.prependListener('request', this.#onRequest);
  }

  retireAll(): void {
    this.#epoch += 1;
  }

  [Symbol.dispose](): void {
    this.#server.removeListener('connection', this.#onTransport);
    this.#server.removeListener('secureConnection', this.#onConnection);
    this.#server.removeListener('request', this.#onRequest);
  }

  readonly #onTransport = (transport: object): void => {
    this.#begun.set(transport, this.#epoch);
  };

  readonly #onConnection = (socket: TLSSocket): void => {
    this.#current.set(socket, this.#epoch);
    const isOutlived = this.#beganAt(socket) < this.#epoch;
    const chain = this.#intermediates.complete(socket);
    if (isOutlived && !isVouchedFor(chain, this.#view.current)) socket.destroy();
    else if (!this.#view.count(chain, socket)) this.#countForgotten(socket);
  };

  /** A resumed session shows no intermediates, and the one that it needs may be forgotten. */
  #countForgotten(socket: TLSSocket): void {
    if (socket.isSessionReused() && this.#intermediates.hasForgotten) this.#view.countUnknown();
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const since = this.#current.get(request.socket) ?? 0;
    if (since < this.#epoch) response.setHeader('connection', 'close');
  };

  /** Node has the transport there, or around it when it is no socket; else it counts as old. */
  #beganAt(socket: TLSSocket): number {
    const transport = objectAt(objectAt(socket, '_handle'), '_parentWrap');
    return this.#begun.get(transport) ?? this.#begun.get(objectAt(transport, 'stream')) ?? 0;
  }
}

/** An object that Node keeps under a name that is not public; a test fails when it moves. */
function objectAt(owner: object, name: string): object {
  const value: unknown = Reflect.get(owner, name);
  return typeof value === 'object' && value !== null ? value : {};
}

/** A server that does not ask for, or does not insist on, certificates would trust everybody. */
function requireVerifyingServer(server: Server | HttpsServer): void {
  const isAsking = Reflect.get(server, 'requestCert') === true;
  const isInsisting = Reflect.get(server, 'rejectUnauthorized') !== false;
  if (isAsking && isInsisting) return;
  throw new KedgeError(
    'CONFIG',
    'the server does not verify its clients: create it with requestCert: true ' +
      'and without rejectUnauthorized: false',
  );
}

function unusable(cause: unknown): KedgeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new KedgeError('CONFIG', `the certificate or key cannot be used: ${reason}`, { cause });
}
