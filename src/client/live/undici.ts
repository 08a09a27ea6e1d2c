/**
 * A connector for the agents, pools and clients of undici, whose trusted server CAs follow a bundle
 * while the program runs. undici itself is the program's: nothing here loads it.
 *
 * undici does not say which socket carries a request, except on its diagnostics channels; from them
 * we know which connections are idle when they are to drain. Idle ones are closed at once, busy
 * ones after the answer that they carry, or at the deadline. Connections speak HTTP/1.1.
 *
 * @module
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { Dialler, type DiallerOptions } from './dialler.ts';
import type { UpdateIdentityOptions } from './distrust.ts';
import type { TlsIdentity } from './identity.ts';
import { innerObject } from './inner.ts';
import { DEFAULT_PORTS, type TrustSource } from './trust-view.ts';

/** What undici tells its connector. */
export interface UndiciTarget {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  readonly servername?: string | null | undefined;
  readonly localAddress?: string | null | undefined;
  /** A connection to go over, for example one through a proxy. */
  readonly httpSocket?: unknown;
}

/** The `connect` option of undici. */
export type UndiciConnect = (
  target: UndiciTarget,
  callback: (...result: [error: Error, socket: null] | [error: null, socket: TLSSocket]) => void,
) => void;

/** The options of {@link liveUndiciConnector}. */
export interface LiveUndiciOptions extends DiallerOptions {
  /** How long connecting may take, milliseconds. Default 10000. */
  readonly connectTimeoutMs?: number;
}

/** The connector; disposing it leaves the last set in use. */
export interface LiveUndiciConnector extends Disposable {
  /** For `new Agent({ connect })`, and for pools and clients. */
  readonly connect: UndiciConnect;
  /** Replaces the own certificate and key; `open` is for connections that are. Errors: `CONFIG`. */
  updateIdentity(identity: TlsIdentity, options?: UpdateIdentityOptions): void;
}

/** A connection with how many requests it carries. */
interface Connection {
  readonly socket: TLSSocket;
  requests: number;
}

const CONNECT_TIMEOUT_DEFAULT_MS = 10_000;
const TARGET_PORT = 443;
/** What undici publishes; the message has the `request`, and the first one its `socket`. */
const CHANNELS = {
  sent: 'undici:client:sendHeaders',
  done: 'undici:request:trailers',
  failed: 'undici:request:error',
} as const;

/** Makes undici trust what the bundle says. Errors: `CONFIG` for a bad identity. */
export function liveUndiciConnector(
  source: TrustSource,
  options: LiveUndiciOptions,
): LiveUndiciConnector {
  return new Connector(source, options);
}

class Connector implements LiveUndiciConnector {
  readonly #dialler: Dialler;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** Our connections by their socket, and by the requests that they carry. */
  readonly #connections = new WeakMap<object, Connection>();
  readonly #carriers = new WeakMap<object, Connection>();

  constructor(source: TrustSource, options: LiveUndiciOptions) {
    this.#dialler = new Dialler(source, options);
    this.#clock = (source.ports ?? DEFAULT_PORTS).clock;
    this.#timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_DEFAULT_MS;
    subscribe(CHANNELS.sent, this.#onSent);
    subscribe(CHANNELS.done, this.#onDone);
    subscribe(CHANNELS.failed, this.#onDone);
  }

  readonly connect: UndiciConnect = (target, callback) => {
    let socket: TLSSocket;
    try {
      socket = this.#open(target);
    } catch (thrown) {
      callback(KedgeError.from(thrown), null);
      return;
    }
    const timer = this.#clock.setTimer(this.#timeoutMs, () => {
      socket.destroy(new KedgeError('UNAVAILABLE', 'connecting takes too long'));
    });
    const onError = (error: Error): void => {
      timer[Symbol.dispose]();
      callback(error, null);
    };
    socket.setKeepAlive(true, 60_000).setNoDelay(true).once('error', onError);
    socket.once('secureConnect', () => {
      timer[Symbol.dispose]();
      if (socket.destroyed) return;
      socket.off('error', onError);
      callback(null, socket);
    });
  };

  updateIdentity(identity: TlsIdentity, options?: UpdateIdentityOptions): void {
    this.#dialler.updateIdentity(identity, options);
  }

  /** Connections that drain go on to be watched by their deadline alone. */
  [Symbol.dispose](): void {
    this.#dialler[Symbol.dispose]();
    unsubscribe(CHANNELS.sent, this.#onSent);
    unsubscribe(CHANNELS.done, this.#onDone);
    unsubscribe(CHANNELS.failed, this.#onDone);
  }

  #open({ protocol, hostname, port, servername, ...rest }: UndiciTarget): TLSSocket {
    if (protocol !== 'https:') {
      throw new KedgeError('CONFIG', `this connector is for https:, not for ${protocol}`);
    }
    if (rest.httpSocket !== undefined && rest.httpSocket !== null) {
      throw new KedgeError('CONFIG', 'this connector does not go through proxies');
    }
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    // An address is no name for SNI.
    const name = servername ?? (isIP(host) === 0 ? host : '');
    const options = {
      host,
      port: port === '' ? TARGET_PORT : Number(port),
      ...(name !== '' && { servername: name }),
      ...(typeof rest.localAddress === 'string' && { localAddress: rest.localAddress }),
      ALPNProtocols: ['http/1.1'],
    };
    const socket = this.#dialler.connect(options, () => closeIdle(connection));
    const connection = { socket, requests: 0 };
    this.#connections.set(socket, connection);
    return socket;
  }

  readonly #onSent = (message: unknown): void => {
    const connection = this.#connections.get(innerObject(message, 'socket'));
    if (connection === undefined) return;
    connection.requests += 1;
    this.#carriers.set(innerObject(message, 'request'), connection);
  };

  readonly #onDone = (message: unknown): void => {
    const request = innerObject(message, 'request');
    const connection = this.#carriers.get(request);
    // A request may both end and fail: it counts once.
    if (connection === undefined || !this.#carriers.delete(request)) return;
    connection.requests -= 1;
    // Once undici has read the answer to its end, and before it sends the next request.
    if (this.#dialler.isEnding(connection.socket)) process.nextTick(closeIdle, connection);
  };
}

function closeIdle({ socket, requests }: Connection): void {
  if (requests === 0) socket.destroy();
}
