/**
 * An `https.Agent` whose trusted server CAs follow a bundle while the program runs.
 *
 * New connections use the newest set, and no TLS session outlives the set that it was made under.
 * Connections that rest on a CA which left are drained by default when it was removed: idle ones
 * are closed at once and busy ones after the answer that they carry, or at the deadline. No later
 * request rests on a CA that is gone.
 *
 * @module
 */
import { Agent, type AgentOptions, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import { Dialler, type DiallerOptions } from './dialler.ts';
import type { UpdateIdentityOptions } from './distrust.ts';
import type { TlsIdentity } from './identity.ts';
import type { TrustSource } from './trust-view.ts';

/** The options of {@link liveHttpsAgent}. */
export interface LiveHttpsAgentOptions extends DiallerOptions {
  /** Pool options such as `keepAlive` (default true) and `maxSockets`. */
  readonly agent?: Pick<
    AgentOptions,
    | 'keepAlive'
    | 'keepAliveMsecs'
    | 'maxSockets'
    | 'maxFreeSockets'
    | 'maxTotalSockets'
    | 'scheduling'
    | 'timeout'
  >;
}

/** The agent; `destroy` it, or dispose it, when the program no longer needs it. */
export class LiveHttpsAgent extends Agent implements Disposable {
  readonly #dialler: Dialler;

  constructor(source: TrustSource, options: LiveHttpsAgentOptions) {
    // Sessions are the live client's matter: Node's own cache does not know about trust.
    super({ keepAlive: true, ...options.agent, maxCachedSessions: 0 });
    this.#dialler = new Dialler(source, options);
    // Before Node hands a freed socket to a request that waits in the queue.
    this.prependListener('free', (socket: Duplex) => {
      if (this.#dialler.isEnding(socket)) socket.destroy();
    });
  }

  /** Opens a connection; called by Node. Fails with `UNAVAILABLE` while nobody is trusted. */
  override createConnection(
    options: RequestOptions,
    callback?: (err: Error | null, stream: Duplex) => void,
  ): TLSSocket | undefined {
    try {
      return this.#dialler.connect(plainOptions(options), (socket) => this.#closeIdle(socket));
    } catch (thrown) {
      if (callback === undefined) throw thrown;
      process.nextTick(callback, KedgeError.from(thrown));
      return undefined;
    }
  }

  /** Replaces the own certificate and key; `open` is for connections that are. Errors: `CONFIG`. */
  updateIdentity(identity: TlsIdentity, options?: UpdateIdentityOptions): void {
    this.#dialler.updateIdentity(identity, options);
  }

  [Symbol.dispose](): void {
    this.#dialler[Symbol.dispose]();
    this.destroy();
  }

  #closeIdle(socket: TLSSocket): void {
    const isIdle = Object.values(this.freeSockets).some(
      (sockets) => sockets?.includes(socket) === true,
    );
    if (isIdle) socket.destroy();
  }
}

/** The options that Node gives an agent, without the nulls by which it says "not this". */
function plainOptions(options: RequestOptions): ConnectionOptions {
  const { host, port, path, socketPath, ...rest } = options;
  return {
    ...rest,
    ...(typeof host === 'string' && { host }),
    ...(port !== undefined && port !== null && { port: Number(port) }),
    ...(typeof socketPath === 'string' && typeof path === 'string' && { path }),
  };
}

/** Makes HTTPS requests trust what the bundle says. Errors: `CONFIG` for a bad identity. */
export function liveHttpsAgent(
  source: TrustSource,
  options: LiveHttpsAgentOptions,
): LiveHttpsAgent {
  return new LiveHttpsAgent(source, options);
}
