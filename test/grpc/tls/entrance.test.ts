/**
 * Handshakes that do not end as they should.
 */
import { X509Certificate } from 'node:crypto';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GrpcServer } from '../../../src/grpc/server.ts';
import { Authorities, type Authority } from '../../../src/grpc/tls/authorities.ts';
import { Entrance } from '../../../src/grpc/tls/entrance.ts';
import { STALLED_AFTER_MS, STALLED_MAX } from '../../../src/grpc/tls/handshakes-under-way.ts';
import { LiveTls, type TlsMaterial } from '../../../src/grpc/tls/live-tls.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import {
  DOMAIN,
  directory,
  LogLines,
  listen,
  nextEvent,
  nodeTls,
  plainAdmin,
  ScriptedWatch,
  tlsMaterial,
  until,
} from '../support/listener.ts';

const otherPki = createTestPki({ commonName: 'Other CA' });
const other: Authority = { certificate: new X509Certificate(otherPki.caPem), state: 'active' };

function trusting(...others: readonly Authority[]): TlsMaterial {
  const own: Authority = { certificate: new X509Certificate(nodeTls.ca), state: 'active' };
  return { ...tlsMaterial(nodeTls), callers: new Authorities([own, ...others]) };
}

function open(port: number, host = '127.0.0.1', localPort?: number): Socket {
  const from = localPort === undefined ? {} : { localAddress: '127.0.0.1', localPort };
  const socket = connectSocket({ host, port, ...from });
  onTestFinished(() => void socket.destroy());
  return socket.on('error', () => undefined);
}

/** A port of this machine that nobody uses. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await nextEvent(server, 'listening');
  const address = server.address();
  server.close();
  await nextEvent(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('a handshake', () => {
  it('is closed when its time is over', async () => {
    const { server, log } = await listen({ services: { trust: new ScriptedWatch() } });
    const socket = open(Number(server.address.split(':').at(-1)));
    socket.resume();
    await nextEvent(socket, 'close');
    const [line] = log.lines.filter(({ event }) => event === 'connection.refused');
    expect(line).toMatchObject({ reason: 'TLS handshake timeout' });
  }, 60_000);

  it('is judged by its own beginning beside another one from the same port', async () => {
    const live = new LiveTls(trusting(other), { withinMs: 60_000, random: Math.random });
    const log = new LogLines();
    const server = await GrpcServer.start({
      ...{ address: '0.0.0.0:0', tls: live, callers: { directory, transport: 'mtls' } },
      services: { trust: new ScriptedWatch(), admin: plainAdmin() },
      ...{ maxStreamsPerConnection: 100, clock: systemClock, logger: log, metrics: noMetrics },
    });
    onTestFinished(async () => await server[Symbol.asyncDispose]());
    const port = Number(server.address.split(':').at(-1));
    // A port that was bound by name may be used for two addresses.
    const [first, again] = [await freePort(), '127.0.0.2'] as const;
    const transport = open(port, '127.0.0.1', first);
    await nextEvent(transport, 'connect');
    // What the caller says after its first words is held back.
    const held: Buffer[] = [];
    let writes = 0;
    const pipe = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        writes += 1;
        if (writes === 1) transport.write(chunk);
        else held.push(chunk);
        done();
      },
    });
    transport.on('data', (data) => pipe.push(data));
    const { certificatePem: cert, keyPem: key } = otherPki.issue('mallory', {
      uris: [`${DOMAIN}/admin/mallory`],
    });
    const checkServerIdentity = (): undefined => undefined;
    const shaking = { cert, key, ca: nodeTls.ca, ALPNProtocols: ['h2'], checkServerIdentity };
    const socket = connectTls({ socket: pipe, ...shaking });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    await until(() => held.length > 0);
    live.replace(trusting());
    const second = open(port, again, first);
    await nextEvent(second, 'connect');
    // The turn of the second one to begin has come when somebody behind it was answered.
    const third = open(port);
    third.write('hello\r\n\r\n');
    await nextEvent(third.resume(), 'close');
    for (const chunk of held) transport.write(chunk);
    await nextEvent(transport, 'close');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ reason: 'no authority vouches for the certificate' }),
    );
  });

  it('is not begun beside too many of one address that stall', async () => {
    const clock = new SimulatedClock();
    const begun: Socket[] = [];
    const entrance = new Entrance({
      begin: (socket) => void begun.push(socket),
      ...{ epoch: () => 0, onError: () => undefined, clock, logger: noLogger, metrics: noMetrics },
    });
    onTestFinished(() => {
      entrance.stop();
      entrance.destroy();
    });
    await entrance.listen('127.0.0.1', 0);
    for (let i = 0; i <= STALLED_MAX; i += 1) open(entrance.port);
    await until(() => begun.length === STALLED_MAX + 1);
    clock.advance(STALLED_AFTER_MS);
    await nextEvent(open(entrance.port).resume(), 'close');
    expect(begun).toHaveLength(STALLED_MAX + 1);
  });
});
