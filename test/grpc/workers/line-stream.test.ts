/**
 * Callers whom grpc-js serves see no difference, whoever did TLS for them.
 */
import { connect } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { clientTls, listen, nextEvent, ScriptedWatch, twoWorkers } from '../support/listener.ts';

it.each([
  ['this process', undefined],
  ['a worker', twoWorkers],
])('a caller that does not ask for HTTP/2 is told so by %s', async (_who, workers) => {
  const services = { trust: new ScriptedWatch() };
  const { server } = await listen({ services, ...(workers && { workers }) });
  const socket = connect({
    ...clientTls,
    port: Number(server.address.split(':').at(-1)),
    host: '127.0.0.1',
    servername: 'localhost',
    checkServerIdentity: () => undefined,
  });
  onTestFinished(() => void socket.destroy());
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  const answer = await nextEvent(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.0 403 /);
});
