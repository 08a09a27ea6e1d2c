/**
 * A group of authenticated connections in front of a gRPC server, which can be sent away together.
 *
 * @module
 */
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import type { OpenCalls } from './calls/open-calls.ts';
import type { ProgramConnections } from './program-connections.ts';
import type { CallerLine, ConnectionTaker } from './tls/caller-line.ts';

/** Makes an empty group; `programs` take the connections that ask for nothing else first. */
export function connectionTaker(
  server: Server,
  openCalls: OpenCalls,
  programs: ProgramConnections | undefined,
): ConnectionTaker {
  // TLS is done by then; for grpc-js the socket is a plain one that has a peer certificate.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const inject = (line: CallerLine, said: Buffer): void => {
    injector.injectConnection(line.detach(said));
  };
  return {
    inject: (line) => {
      // Whoever did not ask for HTTP/2 is told so by Node.
      if (programs === undefined || !line.isHttp2) inject(line, Buffer.alloc(0));
      else programs.take(line, inject);
    },
    drain: (lines, withinMs) => {
      // GOAWAY first: whoever comes back at once comes on another connection.
      injector.drain(withinMs);
      programs?.leave(lines);
      const moved = new KedgeError('UNAVAILABLE', 'trust has changed: connect again');
      openCalls.endStreams(() => moved, new Set(lines.map(({ from }) => from)));
    },
    close: () => injector.destroy(),
  };
}
