/**
 * A server that answers every request with a few bytes, over our side of HTTP/2 and TLS: what
 * h2spec needs to have in front of it.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { Http2Connection } from '../../src/http2/connection.ts';
import { encodeFields } from '../../src/http2/hpack/encoder.ts';
import { SharedBytes } from '../../src/http2/shared.ts';
import { createTestPki } from '../../src/testing/pki.ts';

const MAX_STREAMS = 100;
const ANSWER = encodeFields([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);
const TRAILERS = encodeFields([['x-end', 'yes']]);
const BODY = Buffer.from('some bytes to wait for');

/** A preface and the head of settings. */
const HELLO_BYTES = 24 + 9;

/** A running server; disposing it cuts its connections. */
export interface EchoServer extends AsyncDisposable {
  readonly address: string;
}

/** Listens on a free port of 127.0.0.1. */
export async function echoServer(): Promise<EchoServer> {
  const { certificatePem, keyPem } = createTestPki().issue('echo');
  const sockets = new Set<TLSSocket>();
  const shared = new SharedBytes();
  const server = createServer({ cert: certificatePem, key: keyPem, ALPNProtocols: ['h2'] });
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    serve(socket, shared);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function serve(socket: TLSSocket, shared: SharedBytes): void {
  let isHealthy = true;
  let received = 0;
  const connection = new Http2Connection({
    wire: socket,
    shared,
    maxStreams: MAX_STREAMS,
    host: {
      takes: () => true,
      open: (stream) => {
        stream.listen({
          data: () => {},
          ended: () => {
            stream.respond(ANSWER);
            stream.write(BODY);
            stream.end(TRAILERS);
          },
          drained: () => {},
          closed: () => {},
        });
      },
      giveAway: () => socket.destroy(),
      failed: () => {
        isHealthy = false;
      },
    },
  });
  const ticking = setInterval(() => connection.tick(), 1000);
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    connection.receive(chunk);
    received += chunk.length;
    // h2spec asks for nothing before its settings are acknowledged, so this is decided at once.
    if (isHealthy && received >= HELLO_BYTES) connection.taken();
  });
  socket.on('drain', () => connection.drained());
  socket.on('close', () => {
    clearInterval(ticking);
    connection.gone();
  });
}
