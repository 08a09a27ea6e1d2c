/**
 * A second handshake on a connection, which TLS 1.2 allows, shows a certificate that nobody judges.
 */
import { connect, createServer, type TLSSocket } from 'node:tls';
import { Client } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveChannelCredentials } from '../../../src/client/live/grpc-channel.ts';
import { liveHttpsAgent } from '../../../src/client/live/https-agent.ts';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { as, listen, tlsIdentity } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const pki = createTestPki();
const identity = tlsIdentity(pki.issue('server'));
const TLS12 = { maxVersion: 'TLSv1.2' } as const;

function trusting(): FakeSource {
  const source = new FakeSource();
  source.set(BUNDLE, pki.caPem);
  return source;
}

/** Begins a second handshake; what came of it. */
async function secondHandshake(socket: TLSSocket): Promise<'done' | 'refused'> {
  return await new Promise((resolve) => {
    socket.on('error', () => resolve('refused')).resume();
    socket.once('close', () => resolve('refused'));
    socket.renegotiate({}, () => resolve('done'));
    // Node sends and hears what there is to say with the next words.
    const timer = setInterval(() => socket.write('x'), 20);
    onTestFinished(() => clearInterval(timer));
  });
}

/** A server over TLS 1.2 that begins a second handshake at once, and what became of it. */
async function restless(): Promise<{
  readonly port: number;
  readonly outcome: Promise<string>;
}> {
  let resolve: (outcome: Promise<string>) => void = () => undefined;
  const outcome = new Promise<string>((done) => {
    resolve = done;
  });
  const open = new Set<TLSSocket>();
  const server = createServer({ ...identity, ...TLS12, ALPNProtocols: ['h2'] }, (socket) => {
    // A client that is still in its first handshake takes no notice.
    socket.once('data', () => resolve(secondHandshake(socket)));
  });
  server.on('secureConnection', (socket: TLSSocket) => open.add(socket));
  const port = await listen(server);
  onTestFinished(() => open.forEach((socket) => void socket.destroy()));
  return { port, outcome };
}

describe('renegotiation', () => {
  it('is what TLS 1.2 does where nobody forbids it', async () => {
    const { port, outcome } = await restless();
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: pki.caPem });
    onTestFinished(() => void socket.destroy());
    socket.resume().write('hi');
    expect(await outcome).toBe('done');
  });

  it.each(['of its own', 'that the program added'])(
    'is refused by a server, context %s',
    async (context) => {
      const client = as(pki.issue('client'), pki.caPem);
      const server = createServer({ requestCert: true, ...identity }, (socket) => {
        socket.on('error', () => undefined).resume();
        socket.write('hello');
      });
      if (context !== 'of its own') server.addContext('localhost', { ...identity, ca: pki.caPem });
      using live = liveTlsServer(trusting(), { bundle: BUNDLE, server, secureContext: identity });
      expect(live).toBeDefined();
      const port = await listen(server);
      const target = { port, host: '127.0.0.1', servername: 'localhost' };
      const socket = connect({ ...client, ...TLS12, ...target });
      await new Promise((resolve) => socket.once('data', resolve));
      expect(await secondHandshake(socket)).toBe('refused');
    },
  );

  it('is refused on a connection of a TLS client', async () => {
    const { port, outcome } = await restless();
    using live = liveTlsClient(trusting(), { bundle: BUNDLE });
    const socket = live.connect({ port, host: '127.0.0.1', servername: 'localhost' });
    socket.on('error', () => undefined).resume();
    socket.write('hi');
    expect(await outcome).toBe('refused');
  });

  it('is refused on a connection of an agent', async () => {
    const { port, outcome } = await restless();
    using agent = liveHttpsAgent(trusting(), { bundle: BUNDLE });
    const options = { port, host: '127.0.0.1', servername: 'localhost' };
    const socket = agent.createConnection(options);
    socket?.on('error', () => undefined).resume();
    socket?.write('hi');
    expect(await outcome).toBe('refused');
  });

  it('is refused on a connection of a channel of grpc-js', async () => {
    const { port, outcome } = await restless();
    const { credentials } = await liveChannelCredentials(trusting(), { bundle: BUNDLE });
    const client = new Client(`localhost:${port}`, credentials, {
      'grpc.use_local_subchannel_pool': 1,
    });
    onTestFinished(() => client.close());
    client.waitForReady(Date.now() + 30_000, () => undefined);
    expect(await outcome).toBe('refused');
  });
});
