/**
 * Takes the calls of one method out of a gRPC server, to serve them on their HTTP/2 streams.
 *
 * All other calls stay with grpc-js, and so do the connections: keep-alive pings, limits, GOAWAY.
 * A call that is not of the plain kind (a deadline, a compressed request) stays with grpc-js too,
 * which serves the method as well, at a higher price. So it does when grpc-js keeps its HTTP/2
 * servers elsewhere some day: they are reached through a name that is not public, and a test fails
 * when it changes.
 *
 * @module
 */

import { EventEmitter } from 'node:events';
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** A method that is served on HTTP/2 streams. */
export interface StreamRoute {
  readonly path: string;
  /** Serves a call; `altNames` are those of the caller's verified certificate. */
  serve(stream: ServerHttp2Stream, altNames: string | undefined): void;
}

/** Connections of one HTTP/2 server of grpc-js. */
export interface RoutedConnections {
  /** Names the caller of the connection that `inject` hands over. */
  inject(altNames: string | undefined, inject: () => void): void;
}

/**
 * Routes the newest HTTP/2 server of `server`; absent when it cannot be found, and all calls are
 * served by grpc-js then.
 */
export function routeNewest(server: Server, route: StreamRoute): RoutedConnections | undefined {
  const http2 = newestHttp2Server(server);
  if (http2 === undefined) return undefined;
  const callers = new WeakMap<object, string | undefined>();
  let entering: { readonly altNames: string | undefined } | undefined;
  const others = http2.listeners('stream');
  http2.removeAllListeners('stream');
  http2.on('session', (session) => {
    if (entering !== undefined) callers.set(session, entering.altNames);
  });
  http2.on('stream', (stream, headers, ...more) => {
    const { session } = stream;
    if (session !== undefined && isPlainCall(headers, route.path) && callers.has(session)) {
      route.serve(stream, callers.get(session));
      return;
    }
    for (const other of others) Reflect.apply(other, http2, [stream, headers, ...more]);
  });
  return {
    inject: (altNames, inject) => {
      entering = { altNames };
      try {
        inject();
      } finally {
        entering = undefined;
      }
    },
  };
}

function isPlainCall(headers: IncomingHttpHeaders, path: string): boolean {
  const { ':path': asked, 'content-type': type, 'grpc-encoding': encoding = 'identity' } = headers;
  if (asked !== path || headers['grpc-timeout'] !== undefined) return false;
  return encoding === 'identity' && type?.startsWith('application/grpc') === true;
}

function newestHttp2Server(server: Server): Http2Server | undefined {
  const all: unknown = Reflect.get(server, 'http2Servers');
  const newest: unknown = all instanceof Map ? [...all.keys()].at(-1) : undefined;
  return isHttp2Server(newest) ? newest : undefined;
}

function isHttp2Server(value: unknown): value is Http2Server {
  return value instanceof EventEmitter && value.listenerCount('stream') > 0;
}
