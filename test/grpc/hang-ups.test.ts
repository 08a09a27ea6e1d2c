/**
 * Callers that hang up wherever they are, in order or not: the node goes on with everybody else.
 */
import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect, it } from 'vitest';
import type { Field } from '../../src/http2/hpack/field.ts';
import { TRUST_METHODS } from '../../src/wire/methods.ts';
import { ACK, data, ENDS, HELLO, PREFACE, request } from '../http2/support/test-peer.ts';
import { clientTls, listen, ScriptedWatch, until } from './support/listener.ts';

const HEALTH = '/grpc.health.v1.Health/Check';
const WATCH = TRUST_METHODS.watch.path;
const EMPTY_MESSAGE = Buffer.alloc(5);
const END_STREAM = 1;

function call(path: string, flags?: number): Buffer {
  const fields: readonly Field[] = [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':path', path],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
  ];
  return request(1, fields, flags);
}

/** How far a caller comes. */
const PHASES: readonly (readonly Buffer[])[] = [
  [],
  [PREFACE.subarray(0, 3)],
  [HELLO],
  [HELLO, ACK],
  [HELLO, call(HEALTH)],
  [HELLO, ACK, call(HEALTH).subarray(0, 20)],
  [HELLO, ACK, call(HEALTH), data(1, EMPTY_MESSAGE, END_STREAM)],
  [HELLO, ACK, call(WATCH)],
  [HELLO, ACK, call(WATCH, ENDS)],
];

async function dial(address: string): Promise<TLSSocket> {
  const socket = connectTls({
    ...clientTls,
    port: Number(address.split(':').at(-1)),
    host: '127.0.0.1',
    servername: 'localhost',
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket.resume();
}

it('survives callers that hang up in every phase', async () => {
  const watch = new ScriptedWatch();
  const { server } = await listen({ services: { trust: watch } });
  const leave = async (said: readonly Buffer[], how: 'end' | 'destroy'): Promise<void> => {
    const socket = await dial(server.address);
    const closed = once(socket, 'close');
    if (said.length > 0) socket.write(Buffer.concat(said));
    socket[how]();
    await closed;
  };
  await Promise.all(PHASES.flatMap((said) => [leave(said, 'end'), leave(said, 'destroy')]));
  await until(() => watch.closes === watch.callers.length);
  const last = await dial(server.address);
  const opened = watch.callers.length;
  last.write(Buffer.concat([HELLO, ACK, call(WATCH)]));
  await until(() => watch.callers.length === opened + 1);
  expect(watch.closes).toBe(opened);
  last.destroy();
});
