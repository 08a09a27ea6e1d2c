/**
 * Outgoing TLS connections whose trusted server CAs follow a bundle while the program runs.
 *
 * Each new connection uses the newest set. TLS sessions are kept per set and dropped when it
 * changes, because a resumed handshake shows no certificate: the client would go on trusting what
 * the old set trusted. A handshake that was under way when trust narrowed is judged again when it
 * ends, before anything that waits is sent: the server decides how long it takes.
 *
 * @module
 */
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import { identityOptions, refusePkcs12, type TlsIdentity } from './identity.ts';
import { chainOf, isVouchedFor, type PeerChain } from './peer-chain.ts';
import { type TrustChange, type TrustSelector, type TrustSource, TrustView } from './trust-view.ts';

/** Sessions kept at once, each for one host, port and name. */
const SESSIONS_MAX = 100;

/** A session, and what the server showed when it began: a resumed handshake shows nothing. */
interface KeptSession {
  readonly session: Buffer;
  readonly chain: PeerChain;
}

/** The options of {@link liveTlsClient}. */
export interface LiveTlsClientOptions extends Partial<TrustSelector> {
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
}

/** Live trust for outgoing connections; disposing it leaves the last set in use. */
export class LiveTlsClient implements Disposable {
  readonly #view: TrustView;
  readonly #bundle: string;
  readonly #extra: SecureContextOptions;
  readonly #narrowed: Set<() => void> = new Set();
  readonly #epochs = new WeakMap<object, number>();
  readonly #sessions = new Map<string, KeptSession>();
  #identity: TlsIdentity | undefined;
  #context: SecureContext | undefined;
  #epoch = 0;

  constructor(source: TrustSource, options: LiveTlsClientOptions) {
    const { bundle, purpose = 'tls-server' } = options;
    refusePkcs12(options.secureContext ?? {});
    this.#bundle = bundle;
    this.#extra = options.secureContext ?? {};
    this.#identity = options.identity;
    this.#view = new TrustView(source, { bundle, purpose }, (change) => this.#follow(change));
    if (this.#identity !== undefined) this.#makeContext(this.#identity);
  }

  /**
   * What `tls.connect` needs beside host and port. Ask anew for every connection, and never pass
   * `session` from an earlier one. What is done with them is not seen, so nodes hear that the
   * program uses anchors in ways of which they know nothing; {@link connect} counts.
   * Errors: `UNAVAILABLE` while nobody is trusted.
   */
  connectOptions(): LiveConnectionOptions {
    const options = this.#newestOptions();
    this.#view.countUnknown();
    return options;
  }

  #newestOptions(): LiveConnectionOptions {
    if (this.#view.current.ids.size === 0) {
      throw new KedgeError(
        'UNAVAILABLE',
        `bundle ${this.#bundle} has no CA that is trusted for this purpose now, so nobody is`,
        { detail: { bundle: this.#bundle } },
      );
    }
    this.#context ??= this.#makeContext(this.#identity);
    return { secureContext: this.#context, rejectUnauthorized: true };
  }

  /**
   * Connects with the newest trust, resuming a session when there is one from the same set. Trust
   * options in `options` (`ca`, `cert`, `session`, …) are ignored.
   * Errors: as {@link connectOptions}.
   */
  connect(options: ConnectionOptions): TLSSocket {
    const live = this.#newestOptions();
    const key = sessionKey(options);
    const kept = key === undefined ? undefined : this.#sessions.get(key);
    const socket = connect({ ...options, ...live, session: kept?.session });
    let shown: PeerChain | undefined;
    const chain = (): PeerChain => {
      shown ??= socket.isSessionReused() ? (kept?.chain ?? []) : chainOf(socket);
      return shown;
    };
    this.#epochs.set(socket, this.#epoch);
    socket.prependOnceListener('secureConnect', () => this.#judgeAgain(socket, chain));
    // A session that arrives after the change was made under the old set: not kept.
    if (key !== undefined) {
      socket.on('session', (session: Buffer) => {
        if (this.#context !== live.secureContext) return;
        this.#keepSession(key, { session, chain: chain() });
      });
      socket.once('close', (hadError: boolean) => {
        if (hadError) this.#sessions.delete(key);
      });
    }
    return socket;
  }

  /** Says whether a socket of {@link connect} was opened before trust narrowed. */
  isOutlived(socket: object): boolean {
    return (this.#epochs.get(socket) ?? this.#epoch) < this.#epoch;
  }

  /** Calls `onNarrowed` each time a CA is no longer trusted. */
  onNarrowed(onNarrowed: () => void): void {
    this.#narrowed.add(onNarrowed);
  }

  /**
   * Replaces the own certificate and key for new connections.
   * Errors: `CONFIG` when they cannot be used; the old ones stay.
   */
  updateIdentity(identity: TlsIdentity): void {
    this.#context = this.#makeContext(identity);
    this.#identity = identity;
    this.#sessions.clear();
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }

  /** A handshake that outlived its set stands only when a CA of the newest one vouches for it. */
  #judgeAgain(socket: TLSSocket, chain: () => PeerChain): void {
    if (!this.isOutlived(socket) || isVouchedFor(chain(), this.#view.current)) {
      this.#view.count(chain(), socket);
      return;
    }
    const message = 'the CA of the server lost its trust during the handshake';
    socket.destroy(new KedgeError('UNAVAILABLE', message, { detail: { bundle: this.#bundle } }));
  }

  #follow(change: TrustChange): void {
    this.#context = undefined;
    this.#sessions.clear();
    if (change === 'widened') return;
    this.#epoch += 1;
    for (const onNarrowed of this.#narrowed) onNarrowed();
  }

  #makeContext(identity: TlsIdentity | undefined): SecureContext {
    const ca = [...this.#view.current.caPems];
    try {
      return createSecureContext({ ...this.#extra, ...identityOptions(identity), ca });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new KedgeError('CONFIG', `no TLS context can be made: ${reason}`, { cause });
    }
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

/** Makes outgoing connections trust what the bundle says. Errors: `CONFIG` for a bad identity. */
export function liveTlsClient(source: TrustSource, options: LiveTlsClientOptions): LiveTlsClient {
  return new LiveTlsClient(source, options);
}

/** Whom a session belongs to; none when the caller checks identities, which a session skips. */
function sessionKey(options: ConnectionOptions): string | undefined {
  if (options.checkServerIdentity !== undefined) return undefined;
  const { host, port, path, servername, socket } = options;
  // Without a name of its own, a connection over another socket could be to anybody.
  if (socket !== undefined && servername === undefined) return undefined;
  return JSON.stringify([host, port, path, servername]);
}
