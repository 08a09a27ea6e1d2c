/**
 * Which calls are taken out of grpc-js, and that it still has its HTTP/2 servers where they are
 * looked for.
 */
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { routeNewest } from '../../src/grpc/stream-route.ts';
import { TRUST_METHODS } from '../../src/wire/methods.ts';
import { clientTls, listen, nextEvent, ScriptedWatch, until } from './support/listener.ts';

const { path } = TRUST_METHODS.watch;

async function callWith(headers: IncomingHttpHeaders): Promise<unknown> {
  const watch = new ScriptedWatch();
  const { server } = await listen({ services: { trust: watch } });
  const session = connectHttp2(`https://${server.address}`, {
    createConnection: () =>
      connectTls({
        ...clientTls,
        port: Number(server.address.split(':').at(-1)),
        host: '127.0.0.1',
        servername: 'localhost',
        ALPNProtocols: ['h2'],
        checkServerIdentity: () => undefined,
      }),
  });
  onTestFinished(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    te: 'trailers',
    'content-type': 'application/grpc',
    ...headers,
  });
  stream.on('error', () => undefined);
  const response = await nextEvent(stream, 'response');
  if (watch.sink !== undefined) {
    await until(() => watch.callers.length === 1);
    watch.sink.close();
    stream.resume();
    expect(await nextEvent(stream, 'trailers')).toMatchObject({ 'grpc-status': '0' });
  }
  return response;
}

describe('routeNewest', () => {
  it('finds the HTTP/2 server that grpc-js has made last', () => {
    const server = new Server();
    onTestFinished(() => server.forceShutdown());
    const route = { path, serve: () => undefined };
    expect(routeNewest(server, route)).toBeUndefined();
    server.createConnectionInjector(ServerCredentials.createInsecure());
    expect(routeNewest(server, route)).toBeDefined();
  });
});

describe('a call of trust.Watch', () => {
  it.each([
    ['the plain kind', {}],
    ['another content type of gRPC', { 'content-type': 'application/grpc+proto' }],
    ['a deadline', { 'grpc-timeout': '10S' }],
    ['requests that may be compressed', { 'grpc-encoding': 'gzip' }],
  ])('is answered with the same headers: %s', async (_kind, headers) => {
    expect(await callWith(headers)).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-accept-encoding': 'identity,deflate,gzip',
      'grpc-encoding': 'identity',
    });
  });

  it('is refused when it is not gRPC', async () => {
    expect(await callWith({ 'content-type': 'text/plain' })).toMatchObject({ ':status': 415 });
  });
});
