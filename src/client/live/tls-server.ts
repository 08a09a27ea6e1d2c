/**
 * A `tls.Server` or `https.Server` whose trusted client CAs follow a bundle while it runs.
 *
 * New handshakes verify against the newest set. When a CA left, or may vouch for less, clients that
 * come back with a session from before get a full handshake: ticket keys and the session id context
 * are replaced at random, so that neither a ticket (TLS 1.2 and 1.3) nor a session id that the
 * program keeps itself (`newSession` / `resumeSession`) skips the new verification, also when the
 * set is one that was in use before. A handshake that was under way when trust narrowed is judged
 * again when it ends, since the client decides how long it takes. What becomes of connections that
 * rest on a CA which left is `server-connections.ts`.
 *
 * Contexts of `server.addContext` or an `SNICallback` are the program's own and do not follow.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Server as HttpsServer } from 'node:https';
import type { SecureContextOptions, Server } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import { NO_RENEGOTIATION } from '../../core/renegotiation.ts';
import { buildServerContext, type ContextOptions, type Wanted } from './contexts.ts';
import { type DistrustOptions, requireEnd, type UpdateIdentityOptions } from './distrust.ts';
import { identityOptions, refusePkcs12, type TlsIdentity } from './identity.ts';
import { ServerConnections } from './server-connections.ts';
import {
  type TrustChange,
  type TrustSelector,
  type TrustSet,
  type TrustSource,
  TrustView,
} from './trust-view.ts';
import { GivenContexts } from './widening.ts';

/** The length that OpenSSL wants of ticket keys. */
const TICKET_KEYS_BYTES = 48;
/** Written as hex, which is as long as OpenSSL lets it be. */
const SESSION_CONTEXT_BYTES = 16;

/** The options of {@link liveTlsServer}. */
export interface LiveTlsServerOptions extends Partial<TrustSelector>, DistrustOptions {
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
   * Replaces the server's own certificate and key for new handshakes; `open` says what becomes of
   * connections that are open. Errors: `CONFIG` when they cannot be used; the old ones stay.
   */
  updateIdentity(identity: TlsIdentity, options?: UpdateIdentityOptions): void;
}

/**
 * Makes `server` trust what the bundle says, now and after every change. Until the source has the
 * bundle, every client is refused. Errors: `CONFIG` when the server does not verify its clients, or
 * the secure context cannot be used.
 */
export function liveTlsServer(source: TrustSource, options: LiveTlsServerOptions): LiveTlsServer {
  return new LiveServer(source, options);
}

/** A context for a set that is not in use yet, made of what the program gave. */
interface Prepared {
  readonly tag: string;
  readonly context: SecureContextOptions;
  readonly install: () => void;
}

class LiveServer implements LiveTlsServer {
  readonly #server: Server | HttpsServer;
  readonly #view: TrustView;
  readonly #connections: ServerConnections;
  readonly #given = new GivenContexts();
  #context: SecureContextOptions;
  #prepared: Prepared | undefined;

  constructor(source: TrustSource, options: LiveTlsServerOptions) {
    requireVerifyingServer(options.server);
    requireContext(options.secureContext);
    refusePkcs12(options.secureContext);
    const { bundle, purpose = 'tls-client', server, secureContext } = options;
    this.#server = server;
    this.#context = secureContext;
    this.#connections = new ServerConnections(source, {
      ...options,
      ...{ bundle, purpose, side: 'accepted' },
      view: () => this.#view,
    });
    this.#view = new TrustView(
      source,
      { bundle, purpose },
      {
        onChange: (change) => this.#follow(change),
        prepare: async (coming, isWanted) => await this.#prepare(coming, isWanted),
      },
    );
    try {
      this.#apply(this.#context);
    } catch (cause) {
      this[Symbol.dispose]();
      throw unusable(cause);
    }
    this.#connections.attach(server);
  }

  updateIdentity(identity: TlsIdentity, options?: UpdateIdentityOptions): void {
    const end = requireEnd(options);
    const context = { ...this.#context, passphrase: undefined, ...identityOptions(identity) };
    try {
      this.#apply(context);
    } catch (cause) {
      this.#apply(this.#context);
      throw unusable(cause);
    }
    this.#context = context;
    if (end !== undefined) this.#connections.replace(end);
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }

  async #prepare(coming: TrustSet, isWanted: Wanted): Promise<void> {
    if (this.#given.canWiden(this.#server, coming)) return;
    const { tag, caPems } = coming;
    while (isWanted() && this.#preparedFor(tag) === undefined) {
      const context = this.#context;
      const isNewest = (): boolean => isWanted() && this.#context === context;
      const options = secureContextFor(context, caPems);
      const install = await buildServerContext(this.#server, options, isNewest);
      if (install !== undefined) this.#prepared = { tag, context, install };
      else if (this.#context === context) return;
    }
  }

  #preparedFor(tag: string): Prepared | undefined {
    const prepared = this.#prepared;
    return prepared?.tag === tag && prepared.context === this.#context ? prepared : undefined;
  }

  #follow(change: TrustChange): void {
    const { current } = this.#view;
    const prepared = this.#preparedFor(current.tag);
    this.#prepared = undefined;
    if (!this.#given.widen(this.#server, current, this.#context)) {
      if (prepared === undefined) this.#apply(this.#context);
      else this.#install(prepared, current);
    }
    this.#connections.follow(change);
  }

  #install({ install }: Prepared, current: TrustSet): void {
    install();
    this.#given.note(this.#server, current);
  }

  #apply(context: SecureContextOptions): void {
    const { current } = this.#view;
    this.#server.setSecureContext(secureContextFor(context, current.caPems));
    this.#given.note(this.#server, current);
  }
}

/** A server's context for one set, with ticket keys and session ids that no other one takes. */
export function secureContextFor(
  context: SecureContextOptions,
  caPems: readonly string[],
): ContextOptions & { ticketKeys: Buffer; sessionIdContext: string } {
  return {
    ...context,
    ca: [...caPems],
    secureOptions: (context.secureOptions ?? 0) | NO_RENEGOTIATION,
    ticketKeys: randomBytes(TICKET_KEYS_BYTES),
    sessionIdContext: randomBytes(SESSION_CONTEXT_BYTES).toString('hex'),
  };
}

/** Callers in JavaScript may leave it away. Errors: `CONFIG`. */
function requireContext(context: unknown): void {
  if (typeof context === 'object' && context !== null) return;
  throw new KedgeError('CONFIG', 'secureContext: give it, with cert and key of the server');
}

/** A server that does not ask for, or does not insist on, certificates would trust everybody. */
function requireVerifyingServer(server: Server | HttpsServer): void {
  if (typeof Reflect.get(Object(server), 'setSecureContext') !== 'function') {
    throw new KedgeError('CONFIG', 'server: give a server of node:tls, node:https or node:http2');
  }
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
