/**
 * A bare server, the least that Node can do: keeps every connection and writes the same bytes to
 * each. `raw` writes to TLS sockets, `http2` to one stream of each connection.
 *
 * Arguments: the kind, the port, and the files of certificate, key and authority. Orders come over
 * the IPC channel of `fork`.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer, type TLSSocket } from 'node:tls';
import { z } from 'zod';
import { filler, grpcMessage } from '../swarm/requests.ts';

const BACKLOG = 4096;
const HELLO = Buffer.alloc(4);
const LENGTH_BYTES = 4;
const orderSchema = z.object({ round: z.number(), bytes: z.number() });

const [kind, port, certFile = '', keyFile = '', caFile = ''] = process.argv.slice(2);
const targets = new Set<ServerHttp2Stream | TLSSocket>();
const options = {
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
  ca: readFileSync(caFile),
  requestCert: true,
  minVersion: 'TLSv1.3',
} as const;

const server = kind === 'http2' ? http2Server() : rawServer();
server.listen({ host: '127.0.0.1', port: Number(port), backlog: BACKLOG }, () => {
  process.send?.('listening');
});
process.on('message', (order) => {
  const { round, bytes } = orderSchema.parse(order);
  const message = frameOf(filler(round, bytes));
  for (const target of targets) target.write(message);
});
process.on('disconnect', () => process.exit(0));

function frameOf(payload: Buffer): Buffer {
  if (kind === 'http2') return grpcMessage(payload);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(payload.length);
  return Buffer.concat([length, payload]);
}

function rawServer(): ReturnType<typeof createServer> {
  return createServer(options, (socket) => {
    socket.setNoDelay(true);
    keep(socket);
    socket.resume();
    socket.write(HELLO);
  });
}

function http2Server(): ReturnType<typeof createSecureServer> {
  const bare = createSecureServer(options);
  bare.on('stream', (stream) => {
    keep(stream);
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(grpcMessage(Buffer.alloc(0)));
  });
  return bare;
}

function keep(target: ServerHttp2Stream | TLSSocket): void {
  targets.add(target);
  target.on('error', () => undefined);
  target.once('close', () => targets.delete(target));
}
