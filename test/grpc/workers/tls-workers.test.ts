/**
 * Workers as processes of their own: what programs see, and what becomes of those that fail.
 */

import cluster from 'node:cluster';
import { X509Certificate } from 'node:crypto';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import type { GrpcServer } from '../../../src/grpc/server.ts';
import { Authorities, type Authority } from '../../../src/grpc/tls/authorities.ts';
import { LiveTls, type TlsMaterial } from '../../../src/grpc/tls/live-tls.ts';
import { FRAME_TYPES, makeFrame } from '../../../src/http2/frame.ts';
import { encodeFields } from '../../../src/http2/hpack/encoder.ts';
import type { Metrics } from '../../../src/ports/metrics.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { createTempDir } from '../../../src/testing/temp-dir.ts';
import { TRUST_METHODS } from '../../../src/wire/methods.ts';
import {
  callerCredentials,
  clientTls,
  connect,
  DOMAIN,
  type LogLines,
  listen,
  nextEvent,
  nodeTls,
  ScriptedWatch,
  type TlsPems,
  tlsMaterial,
  twoWorkers,
  until,
} from '../support/listener.ts';

const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
const LARGE: WatchResponse = { kind: 'blobs', blobs: [Buffer.alloc(300_000, 1)] };
/** More than the kernel keeps for a connection. */
const ENDLESS = 200;
const WINDOW_MAX = 2 ** 31 - 1;
const otherPki = createTestPki({ commonName: 'Other CA' });
const other: Authority = { certificate: new X509Certificate(otherPki.caPem), state: 'active' };

/** The node of the tests, trusting its own CA in some state, and perhaps another one. */
function trusting(changes: Partial<Authority>, ...others: readonly Authority[]): TlsMaterial {
  const certificate = new X509Certificate(nodeTls.ca);
  const callers = new Authorities([{ certificate, state: 'active', ...changes }, ...others]);
  return { ...tlsMaterial(nodeTls), callers };
}

function strangerTls(): TlsPems {
  const { certificatePem, keyPem } = otherPki.issue('bob', { uris: [`${DOMAIN}/client/bob`] });
  return { cert: Buffer.from(certificatePem), key: Buffer.from(keyPem), ca: nodeTls.ca };
}

async function listening(
  tls: LiveTls,
  metrics?: Metrics,
): Promise<{
  readonly watch: ScriptedWatch;
  readonly server: GrpcServer;
  readonly log: LogLines;
}> {
  const watch = new ScriptedWatch();
  const services = { trust: watch };
  const { server, log } = await listen({
    services,
    tls,
    workers: twoWorkers,
    ...(metrics && { metrics }),
  });
  return { watch, server, log };
}

function plainTls(): LiveTls {
  return new LiveTls(trusting({}), { withinMs: 60_000, random: Math.random });
}

function openWatch(client: Client): ClientDuplexStream<Buffer, Buffer> {
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  return stream.on('error', () => undefined).resume();
}

function workerPids(): readonly number[] {
  return Object.values(cluster.workers ?? {}).flatMap((worker) => worker?.process.pid ?? []);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A program that lets everything be sent, and reads nothing until it is resumed. */
function stalledWatch(server: GrpcServer): TLSSocket {
  const socket = connectTls({
    ...clientTls,
    port: Number(server.address.split(':').at(-1)),
    host: '127.0.0.1',
    servername: 'localhost',
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(4, 0);
  settings.writeUInt32BE(WINDOW_MAX, 2);
  const widened = Buffer.alloc(4);
  widened.writeUInt32BE(WINDOW_MAX - 65_535, 0);
  const fields = encodeFields([
    [':method', 'POST'],
    [':scheme', 'https'],
    [':path', path],
    [':authority', 'localhost'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
  ]);
  socket.write(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      makeFrame(FRAME_TYPES.settings, 0, 0, settings),
      makeFrame(FRAME_TYPES.windowUpdate, 0, 0, widened),
      makeFrame(FRAME_TYPES.headers, 4, 1, fields),
    ]),
  );
  return socket;
}

describe('a listener with workers', () => {
  it('cuts off at once whoever is not vouched for any more, and nobody else', async () => {
    const tls = new LiveTls(trusting({}, other), { withinMs: 60_000, random: () => 0 });
    const { watch, server, log } = await listening(tls);
    const mallory = openWatch(connect(server, callerCredentials(strangerTls())));
    await until(() => watch.callers.length === 1);
    openWatch(connect(server, callerCredentials(clientTls)));
    await until(() => watch.callers.length === 2);
    const cut = nextEvent(mallory, 'error');

    tls.replace(trusting({}));
    expect(await cut).toMatchObject({ code: 14 });
    await until(() => watch.closes === 1);
    await until(() => log.lines.some(({ event }) => event === 'connection.cut'));
    const again = openWatch(connect(server, callerCredentials(strangerTls())));
    expect(await nextEvent(again, 'error')).toMatchObject({ code: 14 });
    expect(watch.callers.length).toBe(2);
    expect(watch.closes).toBe(1);
  });

  it('asks the others to come back when trust changes', async () => {
    const tls = new LiveTls(trusting({}), { withinMs: 200, random: () => 0 });
    const { watch, server } = await listening(tls);
    const stream = openWatch(connect(server, callerCredentials(clientTls)));
    await until(() => watch.callers.length === 1);
    const ended = nextEvent(stream, 'error');
    tls.replace(trusting({ state: 'retiring' }));
    expect(await ended).toMatchObject({ code: 14, details: 'trust has changed: connect again' });
  });

  it('counts the handshakes of its workers', async () => {
    const counted: unknown[] = [];
    const gauges = new Set<string>();
    const { watch, server } = await listening(plainTls(), {
      increment: (name, labels, by) => void counted.push([name, labels, by]),
      set: (name, _value, labels) => void gauges.add(`${name} ${labels?.['worker']}`),
    });
    openWatch(connect(server, callerCredentials(clientTls)));
    await until(() => watch.callers.length === 1);
    await until(() => gauges.size === 4);
    expect(counted).toEqual([['kedge_handshakes_total', { kind: 'full' }, 1]]);
    expect([...gauges].sort()).toEqual([
      'kedge_tls_worker_connections 1',
      'kedge_tls_worker_connections 2',
      'kedge_tls_worker_resident_bytes 1',
      'kedge_tls_worker_resident_bytes 2',
    ]);
  });

  it('tells of each worker how it is', async () => {
    const { watch, server } = await listening(plainTls());
    openWatch(connect(server, callerCredentials(clientTls)));
    await until(() => watch.callers.length === 1);
    await until(() => server.workers.every(({ residentBytes = 0 }) => residentBytes > 0));
    expect(server.workers).toMatchObject(
      [1, 2].map((place) => ({ place, state: 'running', ended: 0 })),
    );
    expect(server.workers.reduce((sum, { connections }) => sum + connections, 0)).toBe(1);
    for (const pid of workerPids()) process.kill(pid, 'SIGKILL');
    await until(() => server.workers.every(({ state }) => state === 'ended'));
    expect(server.workers).toMatchObject([{ connections: 0, ended: 1 }, { connections: 0 }]);
    expect(server.workers.every((worker) => worker.residentBytes === undefined)).toBe(true);
  });

  it('holds little for a program that does not read, and keeps nobody else waiting', async () => {
    const { watch, server } = await listening(plainTls());
    const socket = stalledWatch(server);
    await until(() => watch.callers.length === 1);
    const slow = watch.sink;
    const stream = openWatch(connect(server, callerCredentials(clientTls)));
    await until(() => watch.callers.length === 2);
    let pushed = 0;
    for (let isStuck = false; !isStuck; ) {
      pushed += 1;
      expect(pushed).toBeLessThan(ENDLESS);
      const { drains } = watch;
      if (slow?.push([LARGE]) !== 'full') continue;
      isStuck = await until(() => watch.drains > drains, 500).then(
        () => false,
        () => true,
      );
    }
    watch.sink?.push([{ kind: 'keep-alive' }]);
    await nextEvent(stream, 'data');

    const { drains } = watch;
    let received = 0;
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    await until(() => watch.drains > drains && received > pushed * 300_000);
  });

  it('starts a worker again that was killed, and programs come back', async () => {
    const { watch, server, log } = await listening(plainTls());
    const client = connect(server, callerCredentials(clientTls));
    const stream = openWatch(client);
    await until(() => watch.callers.length === 1);
    const pids = workerPids();
    expect(pids.length).toBe(2);
    const ended = nextEvent(stream, 'error');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect(await ended).toMatchObject({ code: 14 });
    await until(() => watch.closes === 1);
    await until(() => {
      return workerPids().length === 2 && workerPids().every((pid) => !pids.includes(pid));
    });
    expect(server.workers).toMatchObject([1, 2].map((place) => ({ place, ended: 1 })));
    const [line] = log.lines.filter(({ event }) => event === 'worker.ended');
    expect(line).toMatchObject({ reason: 'SIGKILL', pauseMs: 250 });
    let answered = false;
    while (!answered) {
      const again = openWatch(client);
      answered = await Promise.race([
        nextEvent(again, 'error').then(() => false),
        until(() => watch.callers.length === 2).then(() => true),
      ]);
    }
  });

  it('ends in order, and leaves no process behind', async () => {
    const { watch, server } = await listening(plainTls());
    const stream = openWatch(connect(server, callerCredentials(clientTls)));
    await until(() => watch.callers.length === 1);
    const pids = workerPids();
    const ended = nextEvent(stream, 'error');
    await server.drain(5_000);
    expect(await ended).toMatchObject({ code: 14, details: expect.stringContaining('shutting') });
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('does not start on an address that is in use', async () => {
    const { server } = await listening(plainTls());
    const address = server.address;
    const services = { trust: new ScriptedWatch() };
    await expect(listen({ services, address, workers: twoWorkers })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('is in use'),
    });
  });
});

describe('a worker that was hacked', () => {
  it.each([
    ['what is no frame', '00000001ff00', 'no frame of kind 255'],
    ['a frame that is too long', 'ffffffff04', 'a frame of 4294967295 bytes'],
    ['what a line says that is not there', '00000005040000000100', 'no line 1'],
  ])('is killed when it sends %s', async (_what, hex, reason) => {
    await using folder = await createTempDir('kedge-worker-');
    const program = await folder.write(
      'worker.mjs',
      `import { Socket } from 'node:net';
       const pipe = new Socket({ fd: 4 });
       pipe.on('error', () => undefined);
       pipe.write(Buffer.from('${hex}', 'hex'));
       setInterval(() => undefined, 1000);`,
    );
    const before = workerPids();
    const services = { trust: new ScriptedWatch() };
    await expect(listen({ services, workers: { count: 1, program } })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining(reason),
    });
    expect(workerPids()).toEqual(before);
  });

  it('is killed when it says nothing', async () => {
    await using folder = await createTempDir('kedge-worker-');
    const program = await folder.write('worker.mjs', 'setInterval(() => undefined, 1000);');
    const clock = new SimulatedClock();
    const services = { trust: new ScriptedWatch() };
    const starting = listen({ services, clock, workers: { count: 1, program } });
    const refused = expect(starting).rejects.toMatchObject({
      message: expect.stringContaining('it said nothing'),
    });
    await until(() => workerPids().length === 1);
    clock.advance(20_000);
    expect(workerPids().length).toBe(1);
    clock.advance(10_000);
    await refused;
    expect(workerPids()).toEqual([]);
  });
});
