/**
 * A group of authenticated connections in front of a gRPC server, which can be sent away together.
 *
 * @module
 */
import type { TLSSocket } from 'node:tls';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import type { OpenCalls } from './calls/open-calls.ts';
import type { ProgramConnections } from './program-connections.ts';
import type { ConnectionTaker } from './tls/tls-listener.ts';

/** Makes an empty group; `programs` take the connections that ask for nothing else first. */
export function connectionTaker(
  server: Server,
  openCalls: OpenCalls,
  programs: ProgramConnections | undefined,
): ConnectionTaker {
  // TLS is done by then; for grpc-js the socket is a plain one that has a peer certificate.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const inject = (socket: TLSSocket): void => injector.injectConnection(socket);
  return {
    inject: (socket, altNames) => {
      // Whoever did not ask for HTTP/2 is told so by Node.
      if (programs === undefined || socket.alpnProtocol !== 'h2') inject(socket);
      else programs.take(socket, altNames, inject);
    },
    drain: (sockets, withinMs) => {
      // GOAWAY first: whoever comes back at once comes on another connection.
      injector.drain(withinMs);
      programs?.leave(sockets);
      const moved = new KedgeError('UNAVAILABLE', 'trust has changed: connect again');
      const callers = sockets.map(({ remoteAddress, remotePort }) => {
        return `${remoteAddress}:${remotePort}`;
      });
      openCalls.endStreams(() => moved, new Set(callers));
    },
    close: () => injector.destroy(),
  };
}
