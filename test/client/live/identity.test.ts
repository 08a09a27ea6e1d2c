/** What becomes of open connections when a program replaces its own certificate. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, get } from 'node:https';
import { createServer, TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LiveHttpsAgent, liveHttpsAgent } from '../../../src/client/live/https-agent.ts';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { type LiveTlsServer, liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { listen, tlsIdentity, until } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const DRAIN = { open: { policy: 'drain', withinMs: 30_000 } } as const;
const [oldPki, newPki] = [
  createTestPki({ commonName: 'Old' }),
  createTestPki({ commonName: 'New' }),
];
const oldLeaf = tlsIdentity(oldPki.issue('program'));
const newLeaf = tlsIdentity(newPki.issue('program'));

function trusting(): FakeSource {
  const source = new FakeSource();
  source.set(BUNDLE, oldPki.caPem, newPki.caPem);
  return source;
}

/** A server that says who issued the leaf of its client, and an agent that keeps connections. */
async function serving(source = trusting()): Promise<{
  readonly source: FakeSource;
  readonly live: LiveTlsServer;
  readonly agent: LiveHttpsAgent;
  readonly port: number;
}> {
  const server = createHttpsServer({ ...oldLeaf, requestCert: true }, ({ socket }, response) => {
    response.end(socket instanceof TLSSocket ? socket.getPeerCertificate().issuer.CN : '');
  });
  const live = liveTlsServer(source, { bundle: BUNDLE, server, secureContext: oldLeaf });
  const agent = liveHttpsAgent(source, { bundle: BUNDLE, identity: oldLeaf });
  onTestFinished(() => {
    agent.destroy();
    live[Symbol.dispose]();
  });
  return { source, live, agent, port: await listen(server) };
}

/** `<issuer of the server's leaf> <issuer of the client's> <port of the client>`. */
async function call(agent: LiveHttpsAgent, port: number): Promise<readonly unknown[]> {
  const request = get({ host: '127.0.0.1', port, servername: 'localhost', agent });
  const [response]: IncomingMessage[] = await once(request, 'response');
  const { socket } = response ?? {};
  const server = socket instanceof TLSSocket ? socket.getPeerCertificate().issuer.CN : '';
  const from = socket?.localPort;
  let client = '';
  for await (const chunk of response ?? []) client += String(chunk);
  await new Promise(setImmediate);
  return [server, client, from];
}

describe('updateIdentity', () => {
  it('leaves open connections alone unless it is told otherwise', async () => {
    const { live, agent, port } = await serving();
    const before = await call(agent, port);
    expect(before.slice(0, 2)).toEqual(['Old', 'Old']);
    live.updateIdentity(newLeaf);
    agent.updateIdentity(newLeaf);
    expect(await call(agent, port)).toEqual(before);
  });

  it('drains those of an agent: idle ones end at once', async () => {
    const { agent, port } = await serving();
    await call(agent, port);
    agent.updateIdentity(newLeaf, DRAIN);
    expect((await call(agent, port)).slice(0, 2)).toEqual(['Old', 'New']);
  });

  it('drains those of a server: they end with the next answer, or at the deadline', async () => {
    const { live, agent, port, source } = await serving();
    const [, , from] = await call(agent, port);
    live.updateIdentity(newLeaf, DRAIN);
    expect(await call(agent, port)).toEqual(['Old', 'Old', from]);
    expect((await call(agent, port)).slice(0, 2)).toEqual(['New', 'Old']);
    live.updateIdentity(oldLeaf, DRAIN);
    source.clock.advance(30_000);
    await until(() => Object.keys(agent.freeSockets).length === 0);
    expect((await call(agent, port)).slice(0, 2)).toEqual(['Old', 'Old']);
  });

  it('closes, and does not forget a handshake that is under way', async () => {
    const source = trusting();
    const server = createServer({ ...oldLeaf, requestCert: true }, (socket) => {
      socket.on('error', () => undefined);
    });
    using live = liveTlsServer(source, { bundle: BUNDLE, server, secureContext: oldLeaf });
    const port = await listen(server);
    using client = liveTlsClient(source, { bundle: BUNDLE, identity: oldLeaf });
    const to = { host: '127.0.0.1', port, servername: 'localhost' };
    const [open, underWay] = [client.connect(to), client.connect(to)];
    await once(open, 'secureConnect');
    const errors: string[] = [];
    for (const one of [open, underWay]) one.on('error', ({ message }) => errors.push(message));
    client.updateIdentity(newLeaf, { open: { policy: 'close' } });
    await until(() => open.closed && underWay.closed);
    expect(errors).toEqual(Array(2).fill('the own certificate was replaced'));
    const next = client.connect(to);
    next.on('error', () => undefined);
    await once(next, 'secureConnect');
    live.updateIdentity(newLeaf, { open: { policy: 'close' } });
    await until(() => next.closed);
  });

  it.each([{ policy: 'report' }, { policy: 'drain' }, 'close', { policy: 'close', in: 1 }])(
    'refuses %j and keeps the certificate',
    async (open) => {
      const { live, agent, port } = await serving();
      for (const one of [live, agent]) {
        const update = (): unknown => Reflect.apply(one.updateIdentity, one, [newLeaf, { open }]);
        expect(update).toThrow(expect.objectContaining({ code: 'CONFIG' }));
      }
      expect((await call(agent, port)).slice(0, 2)).toEqual(['Old', 'Old']);
    },
  );
});
