/**
 * Opens TLS connections whose trusted server CAs follow a bundle: what agents, connectors and
 * clients of this folder have in common.
 *
 * Each new connection uses the newest set. TLS sessions are kept per set and dropped when it
 * changes, because a resumed handshake shows no certificate: the client would go on trusting what
 * the old set trusted. Every full handshake is judged once more when it ends, before anything that
 * waits is sent: by the newest set, as the server decides how long it takes, and by the limits of
 * the CA, which OpenSSL does not know.
 *
 * @module
 */
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { ClientContexts, requireSomebody } from './client-contexts.ts';
import { Connections, type Handshake } from './connections.ts';
import { type DistrustOptions, requireEnd, type UpdateIdentityOptions } from './distrust.ts';
import { refusePkcs12, type TlsIdentity } from './identity.ts';
import { chainFrom, chainOf, type PeerChain } from './peer-chain.ts';
import { type TrustChange, type TrustSelector, type TrustSource, TrustView } from './trust-view.ts';

/** What live trust for outgoing connections takes. */
export interface DiallerOptions extends Partial<TrustSelector>, DistrustOptions {
  readonly bundle: string;
  /** Default `tls-server`: the CAs that may vouch for servers. */
  readonly purpose?: string;
  /** The program's own certificate, for servers that ask for one. */
  readonly identity?: TlsIdentity;
  /** Everything else of a secure context, for example `minVersion` or `ciphers`. */
  readonly secureContext?: Omit<SecureContextOptions, 'ca' | 'pfx' | 'cert' | 'key' | 'passphrase'>;
}

/** What a connection rests on; changes when trust or the own identity changes. */
export interface LiveConnectionOptions {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: true;
  /** The check of Node, and the limits of CAs: leave it in. */
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** A session, and what the server showed when it began: a resumed handshake shows nothing. */
interface KeptSession {
  readonly session: Buffer;
  readonly chain: PeerChain;
}

/** Sessions kept at once, each for one host, port and name. */
const SESSIONS_MAX = 100;

/** Connects under the newest trust. */
export class Dialler implements Disposable {
  readonly #view: TrustView;
  readonly #connections: Connections;
  readonly #bundle: string;
  readonly #contexts: ClientContexts;
  readonly #sessions = new Map<string, KeptSession>();
  /** How often trust narrowed. */
  #epoch = 0;

  /** Errors: `CONFIG` for a bad identity or policy. */
  constructor(source: TrustSource, options: DiallerOptions) {
    const { bundle, purpose = 'tls-server' } = options;
    refusePkcs12(options.secureContext ?? {});
    this.#bundle = bundle;
    this.#contexts = new ClientContexts(options.secureContext ?? {});
    this.#connections = new Connections(source, {
      ...options,
      ...{ bundle, purpose, side: 'dialled' },
      view: () => this.#view,
    });
    this.#view = new TrustView(
      source,
      { bundle, purpose },
      {
        onChange: (change) => this.#follow(change),
        prepare: async (coming, isWanted) => await this.#contexts.prepare(coming, isWanted),
      },
    );
    try {
      if (options.identity !== undefined) this.updateIdentity(options.identity);
    } catch (thrown) {
      this[Symbol.dispose]();
      throw thrown;
    }
  }

  /** What `tls.connect` needs. Errors: `UNAVAILABLE` while nobody is trusted. */
  connectOptions(): LiveConnectionOptions {
    const options = this.#newestOptions();
    this.#view.count([]);
    return options;
  }

  #newestOptions(): LiveConnectionOptions {
    requireSomebody(this.#view.current, this.#bundle);
    const epoch = this.#epoch;
    return {
      secureContext: this.#contexts.newest(this.#view.current),
      rejectUnauthorized: true,
      checkServerIdentity: (host, certificate) =>
        checkServerIdentity(host, certificate) ??
        this.#connections.refusal(chainFrom(certificate), epoch < this.#epoch ? 'before' : 'now'),
    };
  }

  /**
   * Connects, resuming a session when there is one from the same set, and follows the connection.
   * `drain` is called when it should end. Errors: as {@link connectOptions}.
   */
  connect(options: ConnectionOptions, drain?: (socket: TLSSocket) => void): TLSSocket {
    const { secureContext } = this.#newestOptions();
    const key = sessionKey(options);
    const kept = key === undefined ? undefined : this.#sessions.get(key);
    const trust = { secureContext, rejectUnauthorized: true };
    const socket = connect({ ...options, ...trust, session: kept?.session });
    const chain = (): PeerChain =>
      socket.isSessionReused() ? (kept?.chain ?? []) : chainOf(socket);
    this.#judgeLater(socket, chain, drain);
    // A session that arrives after the change was made under the old set: not kept.
    if (key !== undefined) {
      socket.on('session', (session: Buffer) => {
        if (!this.#contexts.isNewest(secureContext) || socket.destroyed) return;
        this.#keepSession(key, { session, chain: chain() });
      });
      socket.once('close', (hadError: boolean) => {
        if (hadError) this.#sessions.delete(key);
      });
    }
    return socket;
  }

  /** Judges and follows a connection that was opened with {@link connectOptions}. */
  adopt(socket: TLSSocket): void {
    const chain = (): PeerChain => chainOf(socket);
    // Nobody knows which set it began with.
    const admit = (): void => this.#admit({ socket, chain: chain(), began: 'before' });
    if (socket.authorized) admit();
    else socket.prependOnceListener('secureConnect', admit);
  }

  /** Says whether nothing new should begin on a connection. */
  isEnding(socket: object): boolean {
    return this.#connections.isEnding(socket);
  }

  /** Errors: `CONFIG` when certificate and key cannot be used; the old ones stay. */
  updateIdentity(identity: TlsIdentity, options?: UpdateIdentityOptions): void {
    const end = requireEnd(options);
    this.#contexts.updateIdentity(identity, this.#view.current);
    this.#sessions.clear();
    if (end !== undefined) this.#connections.replace(end);
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }

  #judgeLater(
    socket: TLSSocket,
    chain: () => PeerChain,
    drain?: (socket: TLSSocket) => void,
  ): void {
    const epoch = this.#epoch;
    const { generation } = this.#connections;
    socket.prependOnceListener('secureConnect', () => {
      const began = epoch < this.#epoch ? 'before' : 'now';
      this.#admit({ socket, chain: chain(), began, generation, ...drainOf(socket, drain) });
    });
  }

  #admit(handshake: Handshake): void {
    const error = this.#connections.admit(handshake);
    if (error !== undefined) handshake.socket.destroy(error);
  }

  #follow(change: TrustChange): void {
    if (this.#contexts.follow(this.#view.current) === 'other') this.#sessions.clear();
    if (change === 'narrowed') this.#epoch += 1;
    this.#connections.follow(change);
  }

  #keepSession(key: string, kept: KeptSession): void {
    this.#sessions.delete(key);
    const oldest = this.#sessions.keys().next();
    if (this.#sessions.size >= SESSIONS_MAX && oldest.done !== true) {
      this.#sessions.delete(oldest.value);
    }
    this.#sessions.set(key, kept);
  }
}

function drainOf(
  socket: TLSSocket,
  drain: ((socket: TLSSocket) => void) | undefined,
): Pick<Handshake, 'drain'> {
  return drain === undefined ? {} : { drain: () => drain(socket) };
}

/** Whom a session belongs to; none when the caller checks identities, which a session skips. */
function sessionKey(options: ConnectionOptions): string | undefined {
  if (options.checkServerIdentity !== undefined) return undefined;
  const { host, port, path, servername, socket } = options;
  // Without a name of its own, a connection over another socket could be to anybody.
  if (socket !== undefined && servername === undefined) return undefined;
  return JSON.stringify([host, port, path, servername]);
}
