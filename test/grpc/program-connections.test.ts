/**
 * Which connections are ours and which are those of grpc-js, and that a client sees no difference.
 */
import { execFile } from 'node:child_process';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { Client, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import type { GrpcServer } from '../../src/grpc/server.ts';
import type { WorkersSetting } from '../../src/grpc/workers/tls-workers.ts';
import { TRUST_METHODS } from '../../src/wire/methods.ts';
import {
  callerCredentials,
  clientTls,
  connect,
  listen,
  nextEvent,
  ScriptedWatch,
  twoWorkers,
  until,
} from './support/listener.ts';

const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
const PLAIN = {
  ':method': 'POST',
  ':path': path,
  te: 'trailers',
  'content-type': 'application/grpc',
} as const;
/** More than the windows of a stream take, in one message. */
const LARGE: WatchResponse = { kind: 'blobs', blobs: [Buffer.alloc(300_000, 1)] };

function tlsTo(server: GrpcServer): TLSSocket {
  const port = Number(server.address.split(':').at(-1));
  return connectTls({
    ...clientTls,
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  });
}

function sessionTo(server: GrpcServer): ClientHttp2Session {
  const session = connectHttp2(`https://${server.address}`, {
    createConnection: () => tlsTo(server),
  });
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

/**
 * Health checks of another process, each on a connection of its own: what it says may arrive before
 * a turn of this one is over.
 */
const HEALTH_CHECKS = `
import { Client, credentials } from '@grpc/grpc-js';
const { address, tls, times } = JSON.parse(process.argv[1]);
const [ca, key, cert] = tls.map((pem) => Buffer.from(pem));
const plain = (bytes) => bytes;
for (let each = 0; each < times; each += 1) {
  const client = new Client(address, credentials.createSsl(ca, key, cert), {
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.use_local_subchannel_pool': 1,
  });
  await new Promise((resolve) => {
    const path = '/grpc.health.v1.Health/Check';
    client.makeUnaryRequest(path, plain, plain, Buffer.alloc(0), (failure) => {
      console.log(failure?.code ?? 'OK');
      resolve();
    });
  });
  client.close();
}
`;

/** Where TLS is done: a client sees no difference. */
const PLACES = [
  ['in the node', undefined],
  ['in workers', twoWorkers],
] as const;

async function listening(workers: WorkersSetting | undefined): Promise<{
  readonly watch: ScriptedWatch;
  readonly server: GrpcServer;
}> {
  const watch = new ScriptedWatch();
  const { server } = await listen({ services: { trust: watch }, ...(workers && { workers }) });
  server.setHealth('SERVING');
  return { watch, server };
}

function watchWith(client: Client): ClientDuplexStream<Buffer, Buffer> {
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  call.on('error', () => undefined);
  return call;
}

async function isServing(client: Client): Promise<boolean> {
  const check = healthService['Check'];
  if (check === undefined) throw new Error('no such method');
  return await new Promise((resolve) => {
    client.makeUnaryRequest(
      check.path,
      (value: { service: string }) => check.requestSerialize(value),
      (bytes) => check.responseDeserialize(bytes),
      { service: '' },
      (failure: ServiceError | null, answer: unknown) => {
        resolve(failure === null && JSON.stringify(answer).includes('"SERVING"'));
      },
    );
  });
}

async function callWith(
  headers: IncomingHttpHeaders,
  workers: WorkersSetting | undefined,
): Promise<unknown> {
  const { watch, server } = await listening(workers);
  const stream = sessionTo(server).request({ ...PLAIN, ...headers });
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

describe.each(PLACES)('a call of trust.Watch, TLS %s,', (_place, workers) => {
  it.each([
    ['the plain kind', {}],
    ['another content type of gRPC', { 'content-type': 'application/grpc+proto' }],
    ['a deadline', { 'grpc-timeout': '10S' }],
    ['requests that may be compressed', { 'grpc-encoding': 'gzip' }],
  ])('is answered with the same headers: %s', async (_kind, headers) => {
    expect(await callWith(headers, workers)).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-accept-encoding': 'identity,deflate,gzip',
      'grpc-encoding': 'identity',
    });
  });

  it('is refused when it is not gRPC', async () => {
    expect(await callWith({ 'content-type': 'text/plain' }, workers)).toMatchObject({
      ':status': 415,
    });
  });

  it('gets a message that is larger than the windows of a connection', async () => {
    const { watch, server } = await listening(workers);
    const call = watchWith(connect(server, callerCredentials(clientTls)));
    await until(() => watch.sink !== undefined);
    expect(watch.sink?.push([LARGE])).toBe('full');
    const bytes = await nextEvent(call, 'data');
    expect(Buffer.isBuffer(bytes) && bytes.length).toBeGreaterThan(300_000);
    await until(() => watch.drains === 1);
    call.cancel();
    await until(() => watch.closes === 1);
  });

  it('shares its connection with others of its kind', async () => {
    const { watch, server } = await listening(workers);
    const session = sessionTo(server);
    const streams = [0, 1, 2].map(() => session.request(PLAIN));
    for (const stream of streams) await nextEvent(stream, 'response');
    expect(watch.callers.length).toBe(3);
    for (const stream of streams) stream.close();
    await until(() => watch.closes === 3);
  });
});

describe.each(PLACES)('a connection, TLS %s,', (_place, workers) => {
  it('whose client does not wait for settings is given to grpc-js too', async () => {
    const { server } = await listening(workers);
    const session = sessionTo(server);
    const stream = session.request({ ...PLAIN, ':path': '/grpc.health.v1.Health/Check' });
    stream.end(Buffer.alloc(5));
    stream.resume();
    expect(await nextEvent(stream, 'trailers')).toMatchObject({ 'grpc-status': '0' });
    await new Promise<void>((resolve, reject) => {
      session.ping((error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  });

  it('that asks for something else is served in its first turns, whatever the time', async () => {
    const { server } = await listening(workers);
    // The look that is had once a second at all connections never comes.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    // A busy node: the client answers our settings before it comes to the next turn.
    const busy = setInterval(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3);
    }, 1);
    onTestFinished(() => clearInterval(busy));
    const tls = [clientTls.ca, clientTls.key, clientTls.cert].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--input-type=module', '--eval', HEALTH_CHECKS],
      JSON.stringify({ address: server.address, tls, times: 10 }),
    ]);
    expect(stdout.trim().split('\n')).toEqual(Array.from({ length: 10 }, () => 'OK'));
  });

  it('serves a health check of a client that watches already, which goes on to watch', async () => {
    const { watch, server } = await listening(workers);
    // As every program has it: calls that were not looked at are sent again.
    const client = new Client(server.address, callerCredentials(clientTls), {
      'grpc.use_local_subchannel_pool': 1,
    });
    onTestFinished(() => client.close());
    const call = watchWith(client);
    await until(() => watch.sink !== undefined);
    expect(await isServing(client)).toBe(true);
    expect(await isServing(client)).toBe(true);
    watch.sink?.push([{ kind: 'keep-alive' }]);
    await nextEvent(call, 'data');
    expect(watch.closes).toBe(0);
    call.cancel();
  });

  it('serves a watch of a client that has asked for something else before', async () => {
    const { watch, server } = await listening(workers);
    const client = connect(server, callerCredentials(clientTls));
    expect(await isServing(client)).toBe(true);
    const call = watchWith(client);
    await until(() => watch.sink !== undefined);
    watch.sink?.push([{ kind: 'keep-alive' }]);
    await nextEvent(call, 'data');
    call.cancel();
  });

  it('of one that does not speak HTTP/2 is ended', async () => {
    const { server } = await listening(workers);
    const socket = tlsTo(server);
    onTestFinished(() => void socket.destroy());
    socket.write('GET / HTTP/1.1\r\n\r\n');
    socket.resume();
    await nextEvent(socket, 'end');
  });

  it('ends in order when its listener does', async () => {
    const { watch, server } = await listening(workers);
    const session = sessionTo(server);
    const stream = session.request(PLAIN);
    stream.resume();
    await until(() => watch.sink !== undefined);
    const goneAway = nextEvent(session, 'goaway');
    const trailers = nextEvent(stream, 'trailers');
    await server.drain(5_000);
    expect(await goneAway).toBe(0);
    expect(await trailers).toMatchObject({ 'grpc-status': '14' });
  });
});
