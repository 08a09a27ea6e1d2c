import { connect as connectHttp2 } from 'node:http2';
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { NO_PREVIOUS, parseBundleName, parseRealmName, parseSequence } from '../../src/core/ids.ts';
import type { WatchRequest, WatchResponse } from '../../src/core/watch/messages.ts';
import type { GrpcServer } from '../../src/grpc/server.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { TRUST_METHODS, WATCH_NODE_HEADER } from '../../src/wire/methods.ts';
import { callError } from '../../src/wire/status.ts';
import { decodeWatchResponse, encodeWatchRequest } from '../../src/wire/watch.ts';
import {
  adminTls,
  callerCredentials,
  clientTls,
  connect,
  DOMAIN,
  IAD,
  listen,
  nextEvent,
  ScriptedWatch,
  until,
} from './support/listener.ts';

const bundle = parseBundleName('payments.example.org');
const start: WatchRequest = {
  kind: 'start',
  start: {
    realm: parseRealmName('prod.example.org'),
    firstCharterDigest: NO_PREVIOUS,
    charterVersion: 0,
    bundles: [{ bundle, held: undefined }],
    labels: new Map(),
    wantsAttestations: false,
  },
};
const loaded: WatchRequest = {
  kind: 'acknowledgement',
  at: { bundle, sequence: parseSequence(1), digest: NO_PREVIOUS },
  stage: 'loaded',
};
const current: WatchResponse = { kind: 'current', at: { bundle, held: undefined } };
/** Far more than the windows of one HTTP/2 stream take. */
const large: WatchResponse = { kind: 'blobs', blobs: [Buffer.alloc(16_000, 1)] };

type Call = ClientDuplexStream<Buffer, Buffer>;

function watch(server: GrpcServer, tls = clientTls): Call {
  const client = connect(server, callerCredentials(tls));
  const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

async function open(
  clock?: Clock,
): Promise<{ readonly services: ScriptedWatch; readonly call: Call; readonly server: GrpcServer }> {
  const services = new ScriptedWatch();
  const trust = { services: { trust: services } };
  const { server } = await listen(clock === undefined ? trust : { ...trust, clock });
  const call = watch(server);
  await until(() => services.sink !== undefined);
  return { services, call, server };
}

async function failureOf(call: Call): Promise<KedgeError> {
  return callError(await nextEvent(call, 'error'));
}

describe('trust.Watch', () => {
  it('hands a client and its messages to the subscription, and its answers back', async () => {
    const { services, call } = await open();
    call.write(encodeWatchRequest(start));
    call.write(encodeWatchRequest(loaded));
    await until(() => services.requests.length === 2);
    expect(services.requests).toEqual([start, loaded]);
    expect(services.callers).toEqual([{ id: `${DOMAIN}/client/billing`, roles: ['client'] }]);
    services.sink?.push([current]);
    const bytes = await nextEvent(call, 'data');
    expect(Buffer.isBuffer(bytes) && decodeWatchResponse(bytes)).toEqual(current);
    call.cancel();
    call.on('error', () => undefined);
    await until(() => services.closes === 1);
  });

  it('hands over nothing behind the message that ended the call', async () => {
    const { services, server, call } = await open();
    call.on('error', () => undefined);
    const seen: WatchRequest[] = [];
    const { open: subscribe } = services;
    services.open = (sink, identity) => ({
      ...subscribe.call(services, sink, identity),
      receive: (request) => {
        seen.push(request);
        sink.close();
      },
    });
    const { path } = TRUST_METHODS.watch;
    const session = connectHttp2(`https://${server.address}`, {
      ...clientTls,
      servername: 'localhost',
      checkServerIdentity: () => undefined,
    });
    onTestFinished(() => session.destroy());
    const type = 'application/grpc+proto';
    const stream = session.request({
      ...{ ':method': 'POST', ':path': path, te: 'trailers', 'content-type': type },
    });
    const messages = [start, loaded, loaded].map((request) => {
      const message = encodeWatchRequest(request);
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      return Buffer.concat([head, message]);
    });
    stream.write(Buffer.concat(messages));
    stream.resume();
    await nextEvent(stream, 'end');
    expect(seen).toEqual([start]);
  });

  it('tells a client that it was let in before there is anything to say', async () => {
    const { server } = await listen({ services: { trust: new ScriptedWatch() } });
    const call = watch(server);
    call.on('error', () => undefined);
    await nextEvent(call, 'metadata');
    call.cancel();
  });

  it('refuses a caller without the role of a client', async () => {
    const services = new ScriptedWatch();
    const { server } = await listen({ services: { trust: services } });
    const call = watch(server, adminTls);
    call.resume();
    expect((await failureOf(call)).code).toBe('ACCESS');
    expect(services.callers).toEqual([]);
  });

  it('passes on why the subscription refuses', async () => {
    const services = new ScriptedWatch();
    services.open = () => {
      throw new KedgeError('UNAVAILABLE', 'this node has its maximum of 1 clients');
    };
    const { server } = await listen({ services: { trust: services } });
    const call = watch(server);
    call.resume();
    const error = await failureOf(call);
    expect([error.code, error.message]).toEqual([
      'UNAVAILABLE',
      'this node has its maximum of 1 clients',
    ]);
  });

  it('ends a stream with the error of the subscription', async () => {
    const { services, call } = await open();
    call.resume();
    services.sink?.close(new KedgeError('REALM', 'another realm', { detail: { realm: 'x' } }));
    expect(await failureOf(call)).toMatchObject({ code: 'REALM', detail: { realm: 'x' } });
    await until(() => services.closes === 1);
  });

  it('ends a stream whose client sends what does not decode', async () => {
    const { services, call } = await open();
    call.resume();
    call.write(Buffer.of(0xff, 0xff));
    expect((await failureOf(call)).code).toBe('PARSE');
    await until(() => services.closes === 1);
    expect(services.requests).toEqual([]);
  });

  it('ends well when the client does', async () => {
    const { services, call } = await open();
    call.resume();
    call.end();
    expect(await nextEvent(call, 'status')).toMatchObject({ code: 0 });
    await until(() => services.closes === 1);
    expect(services.ended).toBe('well');
  });

  it('answers whoever ends at once, and hears of a reset for a while', async () => {
    const clock = new SimulatedClock();
    const { services, call } = await open(clock);
    call.resume();
    call.end();
    expect(await nextEvent(call, 'status')).toMatchObject({ code: 0 });
    expect(services.closes).toBe(0);
    clock.advance(50);
    expect(services.ended).toBe('well');
  });

  it('tells a stream that was cancelled from one that ended in order', async () => {
    const { services, call } = await open(new SimulatedClock());
    call.on('error', () => undefined);
    call.cancel();
    await until(() => services.closes === 1);
    expect(services.ended).toBe('broken');
  });

  it('says which node it is', async () => {
    const services = Object.assign(new ScriptedWatch(), { self: IAD });
    const { server } = await listen({ services: { trust: services } });
    const call = watch(server);
    call.on('error', () => undefined);
    const metadata = new Promise<Metadata>((resolve) => call.once('metadata', resolve));
    expect((await metadata).get(WATCH_NODE_HEADER)).toEqual([IAD]);
    call.cancel();
  });

  it('ends a stream that does not start within ten seconds', async () => {
    const clock = new SimulatedClock();
    const { call } = await open(clock);
    call.resume();
    clock.advance(10_000);
    expect((await failureOf(call)).code).toBe('LIMIT');
  });

  it('ends a stream that sends without end (H01)', async () => {
    const { services, call } = await open(new SimulatedClock());
    call.resume();
    const failure = failureOf(call);
    call.write(encodeWatchRequest(start));
    const message = encodeWatchRequest(loaded);
    for (let i = 0; i < 3_000; i += 1) call.write(message);
    expect((await failure).code).toBe('LIMIT');
    expect(services.requests.length).toBe(1024);
  });

  it('says that the node is alive when there is nothing else to say', async () => {
    const clock = new SimulatedClock();
    const { services, call } = await open(clock);
    call.on('error', () => undefined);
    call.write(encodeWatchRequest(start));
    await until(() => services.requests.length === 1);
    clock.advance(20_000);
    const bytes = await nextEvent(call, 'data');
    expect(Buffer.isBuffer(bytes) && decodeWatchResponse(bytes)).toEqual({ kind: 'keep-alive' });
    call.cancel();
  });
});

describe('trust.Watch with a deadline', () => {
  it('ends when that is over', async () => {
    const services = new ScriptedWatch();
    const { server } = await listen({ services: { trust: services } });
    const client = connect(server, callerCredentials(clientTls));
    const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
    const deadline = Date.now() + 300;
    const options = { deadline };
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, options);
    call.resume();
    expect(await nextEvent(call, 'error')).toMatchObject({ code: 4 });
    await until(() => services.closes === services.callers.length);
  });
});

describe('a client that does not read', () => {
  /** grpc-js holds the node back only once something was read. */
  async function stopReading(services: ScriptedWatch, call: Call): Promise<void> {
    call.on('error', () => undefined);
    services.sink?.push([current]);
    await nextEvent(call, 'data');
    call.pause();
  }

  async function fill(services: ScriptedWatch): Promise<number> {
    for (let pushed = 1; pushed < 2_000; pushed += 1) {
      if (services.sink?.push([large]) === 'full') return pushed;
      await new Promise(setImmediate);
    }
    throw new Error('never full');
  }

  it('makes the subscription wait, and go on when it reads again', async () => {
    const { services, call } = await open();
    call.write(encodeWatchRequest(start));
    await stopReading(services, call);
    const pushed = await fill(services);
    expect(services.drains).toBe(0);
    let received = 0;
    call.on('data', () => {
      received += 1;
    });
    call.resume();
    await until(() => services.drains === 1 && received === pushed);
    expect(services.closes).toBe(0);
    call.cancel();
  });

  it('is cut off after a minute, and its subscription ends', async () => {
    const clock = new SimulatedClock();
    const { services, call } = await open(clock);
    call.write(encodeWatchRequest(start));
    await until(() => services.requests.length === 1);
    await stopReading(services, call);
    await fill(services);
    const failure = failureOf(call);
    clock.advance(60_000);
    // The status cannot reach it either; two seconds later the stream is reset, with the reason.
    clock.advance(2_000);
    await until(() => services.closes === 1);
    call.resume();
    expect((await failure).code).toBe('LIMIT');
  });
});
