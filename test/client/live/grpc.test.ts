import { inspect } from 'node:util';
import { Client, Server, type ServerCredentials, status } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveChannelCredentials } from '../../../src/client/live/grpc-channel.ts';
import { liveServerCredentials } from '../../../src/client/live/grpc-server.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { as, shake, tlsIdentity, type Version } from '../support/tls.ts';

const CLIENTS = 'clients.test.example.org';
const SERVERS = 'servers.test.example.org';
const serverPki = createTestPki({ commonName: 'Server CA' });
const otherServerPki = createTestPki({ commonName: 'Other server CA' });
const clientPki = createTestPki({ commonName: 'Client CA' });
const otherClientPki = createTestPki({ commonName: 'Other client CA' });
const same = (bytes: Buffer): Buffer => bytes;

async function serve(credentials: ServerCredentials): Promise<string> {
  const server = new Server();
  server.addService(
    {
      echo: {
        path: '/test.Echo/Echo',
        requestStream: false,
        responseStream: false,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    },
    {
      echo: (call: { request: Buffer }, reply: (e: null, b: Buffer) => void) =>
        reply(null, call.request),
    },
  );
  onTestFinished(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return `127.0.0.1:${port}`;
}

/** One call on a connection of its own: `ok`, or the status. */
async function call(
  address: string,
  credentials: Client | Parameters<typeof newClient>[1],
): Promise<string> {
  const client = credentials instanceof Client ? credentials : newClient(address, credentials);
  try {
    return await new Promise<string>((resolve) => {
      client.makeUnaryRequest('/test.Echo/Echo', same, same, Buffer.from('x'), (error) => {
        resolve(error === null ? 'ok' : status[error.code]);
      });
    });
  } finally {
    if (client !== credentials) client.close();
  }
}

function newClient(address: string, credentials: ConstructorParameters<typeof Client>[1]): Client {
  const client = new Client(address, credentials, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 50,
  });
  onTestFinished(() => client.close());
  return client;
}

async function setUp() {
  const source = new FakeSource();
  const server = await liveServerCredentials(source, {
    bundle: CLIENTS,
    identity: tlsIdentity(serverPki.issue('server')),
  });
  const channel = await liveChannelCredentials(source, {
    bundle: SERVERS,
    identity: tlsIdentity(clientPki.issue('client')),
  });
  return { source, server, channel, address: await serve(server.credentials) };
}

describe('live grpc credentials', () => {
  it('fail closed until the bundles are there, and then work as they are', async () => {
    const { source, channel, address } = await setUp();
    expect(await call(address, channel.credentials)).toBe('UNAVAILABLE');
    source.set(SERVERS, serverPki.caPem);
    expect(await call(address, channel.credentials)).toBe('UNAVAILABLE');
    source.set(CLIENTS, clientPki.caPem);
    expect(await call(address, channel.credentials)).toBe('ok');
  });

  it('tell no keys when they are logged, also after a change', async () => {
    const source = new FakeSource();
    const identity = tlsIdentity(serverPki.issue('server'));
    const server = await liveServerCredentials(source, { bundle: CLIENTS, identity });
    const channel = await liveChannelCredentials(source, { bundle: SERVERS, identity });
    source.set(CLIENTS, clientPki.caPem);
    await serve(server.credentials);
    for (const live of [server, channel]) {
      const text = inspect(live, { depth: 10 }) + JSON.stringify(live);
      expect(text).not.toMatch(/ticketKeys|key|cert:|Buffer/i);
    }
  });

  it('refuse new connections to a server whose CA was removed', async () => {
    const { source, channel, address } = await setUp();
    source.set(CLIENTS, clientPki.caPem);
    source.set(SERVERS, serverPki.caPem, otherServerPki.caPem);
    expect(await call(address, channel.credentials)).toBe('ok');
    source.set(SERVERS, otherServerPki.caPem);
    expect(await call(address, channel.credentials)).toBe('UNAVAILABLE');
  });

  it('refuse new connections of a client whose CA was removed', async () => {
    const { source, channel, address } = await setUp();
    source.set(SERVERS, serverPki.caPem);
    source.set(CLIENTS, clientPki.caPem, otherClientPki.caPem);
    expect(await call(address, channel.credentials)).toBe('ok');
    source.set(CLIENTS, otherClientPki.caPem);
    expect(await call(address, channel.credentials)).toBe('UNAVAILABLE');
  });

  it('do not break an open channel when trust changes', async () => {
    const { source, channel, address } = await setUp();
    source.set(SERVERS, serverPki.caPem);
    source.set(CLIENTS, clientPki.caPem);
    const client = newClient(address, channel.credentials);
    expect(await call(address, client)).toBe('ok');
    source.set(SERVERS, serverPki.caPem, otherServerPki.caPem);
    source.set(CLIENTS, clientPki.caPem, otherClientPki.caPem);
    expect(await call(address, client)).toBe('ok');
  });

  it.each<Version>(['TLSv1.2', 'TLSv1.3'])(
    'refuse the saved %s session of a client whose CA was removed',
    async (version) => {
      const { source, address } = await setUp();
      source.set(CLIENTS, clientPki.caPem, otherClientPki.caPem);
      const port = Number(address.split(':')[1]);
      const only = { minVersion: version, maxVersion: version, ALPNProtocols: ['h2'] } as const;
      const options = { ...as(clientPki.issue('client'), serverPki.caPem), ...only };
      const first = await shake(port, options);
      expect(first.session).toBeDefined();
      expect((await shake(port, { ...options, session: first.session })).isReused).toBe(true);
      source.set(CLIENTS, otherClientPki.caPem);
      const refused = await shake(port, { ...options, session: first.session });
      expect(refused.isReused).toBe(false);
      expect(refused.outcome).toMatch(/alert|ECONNRESET|closed|disconnected/);
    },
  );

  it('replace the identities of both sides', async () => {
    const { source, server, channel, address } = await setUp();
    source.set(SERVERS, otherServerPki.caPem);
    source.set(CLIENTS, otherClientPki.caPem);
    expect(await call(address, channel.credentials)).toBe('UNAVAILABLE');
    server.updateIdentity(tlsIdentity(otherServerPki.issue('server')));
    channel.updateIdentity(tlsIdentity(otherClientPki.issue('client')));
    expect(await call(address, channel.credentials)).toBe('ok');
    for (const either of [server, channel]) {
      expect(() => either.updateIdentity({ cert: 'x', key: 'y' })).toThrow(
        expect.objectContaining({ code: 'CONFIG' }),
      );
    }
    expect(await call(address, channel.credentials)).toBe('ok');
  });

  it('need no client identity to talk to a server that asks for none', async () => {
    const source = new FakeSource();
    source.set(SERVERS, serverPki.caPem);
    const { credentials } = await liveChannelCredentials(source, { bundle: SERVERS });
    const { ServerCredentials } = await import('@grpc/grpc-js');
    const { certificatePem, keyPem } = serverPki.issue('server');
    const address = await serve(
      ServerCredentials.createSsl(null, [
        { cert_chain: Buffer.from(certificatePem), private_key: Buffer.from(keyPem) },
      ]),
    );
    expect(await call(address, credentials)).toBe('ok');
  });

  it('leave no listener behind when they cannot be made', async () => {
    const source = new FakeSource();
    const bad = { bundle: CLIENTS, identity: { cert: 'x', key: 'y' } };
    await expect(liveServerCredentials(source, bad)).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(liveChannelCredentials(source, bad)).rejects.toMatchObject({ code: 'CONFIG' });
    expect(source.listenerCount).toBe(0);
  });

  it('stop listening when they are disposed', async () => {
    const { source, server, channel } = await setUp();
    server[Symbol.dispose]();
    channel[Symbol.dispose]();
    expect(source.listenerCount).toBe(0);
  });
});
