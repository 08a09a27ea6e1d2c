/**
 * The HTTP listener for whoever watches a node: metrics, and whether it lives and serves.
 *
 * Plaintext and without callers' identities, so it only reads: three paths, no body is taken, and
 * nothing secret is shown. Everything is bounded: connections, headers, and how long one may be
 * silent. Where it may listen is the configuration's to say.
 *
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { KedgeError } from '../core/errors.ts';
import { EXPOSITION_TYPE, type MetricRegistry } from './registry.ts';

/** Whether clients are served. */
export type Readiness =
  | { readonly kind: 'serving' }
  | { readonly kind: 'not-serving'; readonly reason: string };

/** What the listener tells. */
export interface HttpListenerOptions {
  /** `host:port`, an IPv6 address in brackets; port 0 asks for a free one. */
  readonly address: string;
  readonly registry: MetricRegistry;
  readonly readiness: () => Readiness;
}

const CONNECTIONS_MAX = 64;
const HEADER_MAX_BYTES = 8 * 1024;
const REQUEST_WITHIN_MS = 5_000;
const IDLE_MAX_MS = 30_000;
const TEXT = 'text/plain; charset=utf-8';

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
}

/** A running listener; disposing it ends its connections. */
export class HttpListener implements AsyncDisposable {
  /** `host:port` with the port that was given out. */
  readonly address: string;
  readonly #server: Server;

  /** Errors: `CONFIG` when the address cannot be used. */
  static async open(options: HttpListenerOptions): Promise<HttpListener> {
    const { address } = options;
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon);
    const server = makeServer(options);
    const port = await listen(server, address, {
      host: host.replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.slice(colon + 1)),
    });
    return new HttpListener(server, `${host}:${String(port)}`);
  }

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function makeServer(options: HttpListenerOptions): Server {
  const limits = {
    maxHeaderSize: HEADER_MAX_BYTES,
    headersTimeout: REQUEST_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    keepAliveTimeout: IDLE_MAX_MS,
    connectionsCheckingInterval: REQUEST_WITHIN_MS,
  };
  const server = createServer(limits, (request, response) => {
    void respond(options, request, response);
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(IDLE_MAX_MS);
  return server;
}

async function listen(
  server: Server,
  address: string,
  place: { readonly host: string; readonly port: number },
): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(place, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw unusable(address, cause);
  }
  // What goes wrong with one connection later is its own business.
  server.on('error', () => undefined);
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? place.port : bound.port;
}

async function respond(
  options: HttpListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method } = request;
  const isRead = method === 'GET' || method === 'HEAD';
  // A body is never read, so the connection cannot be used for another request.
  if (!isRead) response.shouldKeepAlive = false;
  const {
    status,
    type = TEXT,
    text,
  } = isRead
    ? await answer(options, request.url ?? '').catch(failed)
    : { status: 405, text: 'only GET and HEAD\n' };
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(method === 'HEAD' ? undefined : text);
}

async function answer({ registry, readiness }: HttpListenerOptions, url: string): Promise<Answer> {
  const [path = ''] = url.split('?', 1);
  switch (path) {
    case '/metrics':
      return { status: 200, type: EXPOSITION_TYPE, text: await registry.expose() };
    case '/healthz':
      return { status: 200, text: 'alive\n' };
    case '/readyz': {
      const now = readiness();
      if (now.kind === 'serving') return { status: 200, text: 'serving\n' };
      return { status: 503, text: `not serving: ${now.reason}\n` };
    }
    default:
      return { status: 404, text: 'try /metrics, /healthz or /readyz\n' };
  }
}

function failed(): Answer {
  return { status: 500, text: 'failed\n' };
}

function unusable(address: string, cause: unknown): KedgeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = reason.includes('EADDRINUSE')
    ? `${address} is in use: stop the program that listens there, or choose another http.listen`
    : `cannot listen on ${address} (http.listen): ${reason}`;
  return new KedgeError('CONFIG', message, { detail: { address }, cause });
}
