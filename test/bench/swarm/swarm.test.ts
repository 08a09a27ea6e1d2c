import { createSecureServer } from 'node:http2';
import { createServer as createPlainServer, type Server } from 'node:net';
import { createServer, TLSSocket } from 'node:tls';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { Certificates } from '../../../bench/fanout/certificates.ts';
import { credentialsOf } from '../../../bench/fanout/peer-process.ts';
import { nowUs } from '../../../bench/swarm/clock.ts';
import {
  filler,
  grpcCall,
  grpcData,
  grpcMessage,
  NATS_HELLO,
  redisCommand,
} from '../../../bench/swarm/requests.ts';
import { buildSwarm, type Dialogue, Swarm } from '../../../bench/swarm/swarm.ts';
import { createTempDir } from '../../../src/testing/temp-dir.ts';

const CLIENTS = 5;
const WITHIN_MS = 60_000;
const HELLO = Buffer.alloc(4);

const folder = await createTempDir();
const certificates = await Certificates.make(folder.path, 'bench.kedge.test', 2);
const tls = {
  ...credentialsOf(await certificates.files('node', 'server')),
  requestCert: true,
};
const program = tryToBuild();

afterAll(async () => folder[Symbol.asyncDispose]());

/** Absent where there is no C compiler, or OpenSSL's headers are missing. */
function tryToBuild(): string | undefined {
  try {
    return buildSwarm(folder.path);
  } catch (thrown) {
    expect(String(thrown)).toMatch(/no C compiler|openssl|-lssl/);
    return undefined;
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function clientsOf(server: Server, dialogue: Omit<Dialogue, 'port'>): Promise<Swarm> {
  const swarm = new Swarm(program ?? '', {
    dialogue: { ...dialogue, port: await listen(server) },
    certificates,
    resumption: 'on',
    backoff: { initialMs: 10, maxMs: 5000 },
  });
  onTestFinished(async () => swarm[Symbol.asyncDispose]());
  return swarm;
}

/** In pieces of a few bytes, each a TLS record of its own. */
function writePieces(socket: { write(bytes: Uint8Array): unknown }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 3) socket.write(bytes.subarray(at, at + 3));
}

function raw(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.length);
  return Buffer.concat([length, payload]);
}

/** A server for sockets with a greeting, which keeps them. */
function rawServer(sockets: Set<TLSSocket>): Server {
  return createServer(tls, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.resume();
    socket.write(HELLO);
  });
}

describe.runIf(program !== undefined)('Swarm', () => {
  it('says when each client has a round, by the clock of this process', async () => {
    const sockets = new Set<TLSSocket>();
    const dialogue = { protocol: 'raw', preamble: Buffer.alloc(0) } as const;
    const swarm = await clientsOf(rawServer(sockets), dialogue);
    const { us } = await swarm.open(CLIENTS, 2, WITHIN_MS);
    expect(us).toHaveLength(CLIENTS);
    const startUs = nowUs();
    for (const socket of sockets) writePieces(socket, raw(filler(1, 100)));
    const arrivals = await swarm.round(1, WITHIN_MS);
    expect(arrivals).toMatchObject({ round: 1, bytes: 100 });
    expect(arrivals.us.every((each) => each >= startUs && each <= nowUs())).toBe(true);
    expect(arrivals.us).toEqual(arrivals.us.toSorted((a, b) => a - b));
  });

  it('counts a client that was sent a later round as having the one before', async () => {
    const sockets = new Set<TLSSocket>();
    const dialogue = { protocol: 'raw', preamble: Buffer.alloc(0) } as const;
    const swarm = await clientsOf(rawServer(sockets), dialogue);
    await swarm.open(CLIENTS, CLIENTS, WITHIN_MS);
    const [slow, ...others] = sockets;
    for (const socket of others) socket.write(raw(filler(1, 20)));
    for (const socket of others) socket.write(raw(filler(2, 20)));
    while ((await swarm.stats()).newest < 2) await swarm.stats();
    expect((await swarm.stats()).behind).toBe(2);
    slow?.write(raw(filler(2, 20)));
    await swarm.round(1, WITHIN_MS);
    await swarm.round(2, WITHIN_MS);
    expect((await swarm.stats()).behind).toBe(0);
  });

  it('comes back when it is cut off, with its sessions, and says who is ready again', async () => {
    const sockets = new Set<TLSSocket>();
    const dialogue = { protocol: 'raw', preamble: Buffer.alloc(0) } as const;
    const swarm = await clientsOf(rawServer(sockets), dialogue);
    await swarm.open(CLIENTS, CLIENTS, WITHIN_MS);
    swarm.mark();
    await swarm.stats();
    for (const socket of [...sockets]) socket.destroy();
    const { attempts, lost, resumed, us } = await swarm.ready(WITHIN_MS);
    expect({ lost, resumed, ready: us.length }).toEqual({
      lost: CLIENTS,
      resumed: CLIENTS,
      ready: CLIENTS,
    });
    expect(attempts).toBeGreaterThanOrEqual(2 * CLIENTS);
    await swarm.close();
    await swarm.open(CLIENTS, 1, WITHIN_MS);
    expect((await swarm.stats()).resumed).toBe(2 * CLIENTS);
  });

  it('speaks HTTP/2 and gRPC, waits for the right first byte, and answers a round', async () => {
    const heard: Buffer[] = [];
    const server = createSecureServer(tls);
    const calls: { write(bytes: Uint8Array): unknown }[] = [];
    server.on('stream', (stream, headers) => {
      expect(headers[':path']).toBe('/a.B/C');
      stream.on('error', () => undefined);
      stream.on('data', (bytes: Buffer) => heard.push(bytes));
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(grpcMessage(Buffer.from('charters')));
      setImmediate(() => {
        writePieces(stream, grpcMessage(Buffer.from('"current')));
        calls.push(stream);
      });
      stream.session?.ping(() => undefined);
    });
    const swarm = await clientsOf(server, {
      protocol: 'h2',
      ready: [0x1a, 0x22],
      preamble: grpcCall('/a.B/C', Buffer.from('start')),
    });
    await swarm.open(CLIENTS, CLIENTS, WITHIN_MS);
    expect(Buffer.concat(heard).toString().match(/start/g)).toHaveLength(CLIENTS);
    swarm.reply(grpcData(Buffer.from('thanks')));
    await swarm.stats();
    for (const call of calls) {
      call.write(grpcMessage(Buffer.from('not yet')));
      writePieces(call, grpcMessage(filler(7, 30_000)));
    }
    const { bytes } = await swarm.round(7, WITHIN_MS);
    expect(bytes).toBeGreaterThanOrEqual(30_000);
    while (
      (
        Buffer.concat(heard)
          .toString()
          .match(/thanks/g) ?? []
      ).length < CLIENTS
    ) {
      await swarm.stats();
    }
  });

  it('stays away for as long as a node asks for in its trailers', async () => {
    const server = createSecureServer(tls);
    let streams = 0;
    server.on('stream', (stream) => {
      streams += 1;
      stream.on('error', () => undefined);
      if (streams > CLIENTS) {
        stream.respond({ ':status': 200 });
        stream.write(grpcMessage(Buffer.alloc(0)));
        return;
      }
      const trailers = { 'grpc-status': '14', 'grpc-retry-pushback-ms': '1938' };
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end();
    });
    const preamble = grpcCall('/a.B/C', Buffer.alloc(0));
    const swarm = await clientsOf(server, { protocol: 'h2', preamble });
    const startUs = nowUs();
    const { us, attempts } = await swarm.open(CLIENTS, CLIENTS, WITHIN_MS);
    expect(attempts).toBe(2 * CLIENTS);
    expect(Math.min(...us) - startUs).toBeGreaterThanOrEqual(1_938_000);
  });

  it('speaks the Redis protocol', async () => {
    const message = Buffer.concat([
      redisCommand('message', 'bench', 'nothing'),
      redisCommand('message', 'bench', filler(3, 500)),
    ]);
    const server = createServer(tls, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        expect(bytes).toEqual(redisCommand('SUBSCRIBE', 'bench'));
        socket.write('*3\r\n$9\r\nsubscribe\r\n$5\r\nbench\r\n:1\r\n');
        writePieces(socket, message);
      });
    });
    const preamble = redisCommand('SUBSCRIBE', 'bench');
    const swarm = await clientsOf(server, { protocol: 'resp', preamble });
    await swarm.open(CLIENTS, CLIENTS, WITHIN_MS);
    expect(await swarm.round(3, WITHIN_MS)).toMatchObject({ round: 3 });
  });

  it('speaks NATS: greeting before TLS, a number of its own, pings', async () => {
    const subjects = new Set<string>();
    const server = createPlainServer((plain) => {
      plain.on('error', () => undefined);
      plain.write('INFO {"tls_required":true}\r\n');
      const socket = new TLSSocket(plain, { ...tls, isServer: true });
      let said = '';
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => {
        said += bytes.toString();
        if (said.endsWith('PING\r\n')) socket.write('INFO {}\r\nPING\r\nPONG\r\n');
        if (!said.endsWith('PONG\r\n')) return;
        const [, subject = ''] = /SUB (\S+)/.exec(said) ?? [];
        subjects.add(subject);
        writePieces(
          socket,
          Buffer.concat([
            Buffer.from(`MSG ${subject} 1 400\r\n`),
            filler(9, 400),
            Buffer.from('\r\n'),
          ]),
        );
      });
    });
    const preamble = Buffer.from(`${NATS_HELLO}SUB own.{index} 1\r\nPING\r\n`);
    const swarm = await clientsOf(server, { protocol: 'nats', preamble });
    await swarm.open(CLIENTS, CLIENTS, WITHIN_MS);
    await swarm.round(9, WITHIN_MS);
    expect([...subjects].toSorted()).toEqual([0, 1, 2, 3, 4].map((i) => `own.000000${i}`));
  });

  it('says why it has nothing to report', async () => {
    const server = createPlainServer((socket) => socket.destroy());
    const swarm = await clientsOf(server, { protocol: 'raw', preamble: Buffer.alloc(0) });
    await expect(swarm.open(1, 1, 500)).rejects.toThrow(/no served clients.*client 0/s);
  });
});
