/**
 * A group of authenticated connections inside a gRPC server, which can be sent away together.
 *
 * @module
 */
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import type { OpenCalls } from './open-calls.ts';
import type { ConnectionTaker } from './tls-listener.ts';

/** Makes an empty group. */
export function connectionTaker(server: Server, openCalls: OpenCalls): ConnectionTaker {
  // TLS is done by then; for grpc-js the socket is a plain one that has a peer certificate.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const callers = new Set<string>();
  return {
    inject: (socket) => {
      const caller = `${socket.remoteAddress}:${socket.remotePort}`;
      callers.add(caller);
      socket.once('close', () => callers.delete(caller));
      injector.injectConnection(socket);
    },
    drain: (withinMs) => {
      // GOAWAY first: whoever comes back at once comes on another connection.
      injector.drain(withinMs);
      const moved = new KedgeError('UNAVAILABLE', 'trust has changed: connect again');
      openCalls.endStreams(moved, callers);
    },
    close: () => injector.destroy(),
  };
}
