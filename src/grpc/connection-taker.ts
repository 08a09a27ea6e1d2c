/**
 * A group of authenticated connections inside a gRPC server, which can be sent away together.
 *
 * @module
 */
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import type { OpenCalls } from './open-calls.ts';
import { routeNewest, type StreamRoute } from './stream-route.ts';
import type { ConnectionTaker } from './tls-listener.ts';

/** Makes an empty group; `route` names the calls that grpc-js does not serve. */
export function connectionTaker(
  server: Server,
  openCalls: OpenCalls,
  route: StreamRoute | undefined,
): ConnectionTaker {
  // TLS is done by then; for grpc-js the socket is a plain one that has a peer certificate.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const routed = route && routeNewest(server, route);
  return {
    inject: (socket, altNames) => {
      const inject = (): void => injector.injectConnection(socket);
      if (routed === undefined) inject();
      else routed.inject(altNames, inject);
    },
    drain: (sockets, withinMs) => {
      // GOAWAY first: whoever comes back at once comes on another connection.
      injector.drain(withinMs);
      const moved = new KedgeError('UNAVAILABLE', 'trust has changed: connect again');
      const callers = sockets.map(({ remoteAddress, remotePort }) => {
        return `${remoteAddress}:${remotePort}`;
      });
      openCalls.endStreams(() => moved, new Set(callers));
    },
    close: () => injector.destroy(),
  };
}
