import {
  Client,
  type ClientDuplexStream,
  Server,
  type ServerDuplexStream,
  status,
} from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DistrustedConnection } from '../../../src/client/live/distrust.ts';
import { liveChannelCredentials } from '../../../src/client/live/grpc-channel.ts';
import { liveServerCredentials } from '../../../src/client/live/grpc-server.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { settle, tlsIdentity, until } from '../support/tls.ts';

const CLIENTS = 'clients.test.example.org';
const SERVERS = 'servers.test.example.org';
const [oldClients, newClients] = [createTestPki(), createTestPki()];
const [oldServers, newServers] = [createTestPki(), createTestPki()];
const same = (bytes: Buffer): Buffer => bytes;

type Stream = ClientDuplexStream<Buffer, Buffer>;

/** A server and a channel, each below the CA that will leave. */
async function setUp() {
  const source = new FakeSource();
  source.set(CLIENTS, oldClients.caPem, newClients.caPem);
  source.set(SERVERS, oldServers.caPem, newServers.caPem);
  const told: DistrustedConnection[] = [];
  const onDistrusted = (one: DistrustedConnection): void => void told.push(one);
  const forServer = await liveServerCredentials(source, {
    ...{ bundle: CLIENTS, identity: tlsIdentity(oldServers.issue('server')), onDistrusted },
  });
  const forChannel = await liveChannelCredentials(source, {
    ...{ bundle: SERVERS, identity: tlsIdentity(oldClients.issue('client')), onDistrusted },
  });
  const server = new Server();
  const method = {
    ...{ path: '/test.Echo/Echo', requestStream: true, responseStream: true },
    ...{ requestSerialize: same, requestDeserialize: same },
    ...{ responseSerialize: same, responseDeserialize: same },
  };
  const peers: string[] = [];
  server.addService(
    { echo: method },
    {
      echo: (call: ServerDuplexStream<Buffer, Buffer>) => {
        peers.push(call.getPeer());
        call.on('data', (data: Buffer) => void call.write(data));
        call.on('end', () => void call.end());
        call.on('error', () => undefined);
      },
    },
  );
  onTestFinished(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', forServer.credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const client = new Client(`127.0.0.1:${port}`, forChannel.credentials, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.initial_reconnect_backoff_ms': 20,
    'grpc.max_reconnect_backoff_ms': 50,
  });
  onTestFinished(() => client.close());
  return { source, told, forServer, forChannel, client, peers };
}

/** A stream that is open, and how it ended. */
function open(client: Client): {
  stream: Stream;
  ended: Promise<string>;
  hears: () => Promise<string>;
} {
  const stream = client.makeBidiStreamRequest('/test.Echo/Echo', same, same);
  const ended = new Promise<string>((resolve) => {
    stream.on('error', () => undefined);
    stream.on('status', ({ code }: { code: number }) => resolve(status[code] ?? ''));
  });
  const hears = (): Promise<string> => {
    stream.write(Buffer.from('x'));
    return Promise.race([
      ended,
      new Promise<string>((resolve) => {
        stream.once('data', (data: Buffer) => resolve(data.toString()));
      }),
    ]);
  };
  return { stream, ended, hears };
}

describe('a grpc channel whose CA left', () => {
  it('leaves the connection to the calls in flight, until the deadline', async () => {
    const { source, client, forServer, told, peers } = await setUp();
    const { ended, hears } = open(client);
    expect(await hears()).toBe('x');
    forServer.updateIdentity(tlsIdentity(newServers.issue('server')));
    source.bury(oldServers.caPem, 'removed');
    source.set(SERVERS, newServers.caPem);
    expect(told).toMatchObject([{ side: 'dialled', reason: 'removed', policy: 'drain' }]);
    expect(await hears()).toBe('x');
    // Another call comes on another connection, which the new identity vouches for.
    const next = open(client);
    expect(await next.hears()).toBe('x');
    expect(new Set(peers).size).toBe(2);
    source.clock.advance(29_999);
    expect(await hears()).toBe('x');
    source.clock.advance(1);
    expect(await ended).toBe('UNAVAILABLE');
    expect(await next.hears()).toBe('x');
  });

  it('closes the connection after its last call', async () => {
    const { source, client, forServer } = await setUp();
    const { stream, ended, hears } = open(client);
    await hears();
    forServer.updateIdentity(tlsIdentity(newServers.issue('server')));
    source.bury(oldServers.caPem, 'removed');
    source.set(SERVERS, newServers.caPem);
    stream.end();
    expect(await ended).toBe('OK');
    await until(() => source.clock.pendingTimers === 0);
  });

  it('breaks calls below a revoked CA at once', async () => {
    const { source, client } = await setUp();
    const { ended, hears } = open(client);
    await hears();
    source.bury(oldServers.caPem, 'revoked');
    source.set(SERVERS, newServers.caPem);
    expect(await ended).toBe('UNAVAILABLE');
    expect(await open(client).ended).toBe('UNAVAILABLE');
  });

  it('keeps connections that rest on another CA', async () => {
    const { source, client, told } = await setUp();
    const { hears } = open(client);
    await hears();
    source.bury(newServers.caPem, 'revoked');
    source.set(SERVERS, oldServers.caPem);
    expect(await hears()).toBe('x');
    expect(told).toEqual([]);
  });
});

describe('a grpc server whose CA left', () => {
  it('sends clients away, lets calls in flight end, and breaks them at the deadline', async () => {
    const { source, client, forChannel, told, peers } = await setUp();
    const { ended, hears } = open(client);
    expect(await hears()).toBe('x');
    forChannel.updateIdentity(tlsIdentity(newClients.issue('client')));
    source.bury(oldClients.caPem, 'removed');
    source.set(CLIENTS, newClients.caPem);
    expect(told).toMatchObject([{ side: 'accepted', reason: 'removed', policy: 'drain' }]);
    expect(await hears()).toBe('x');
    await settle();
    const next = open(client);
    expect(await next.hears()).toBe('x');
    expect(new Set(peers).size).toBe(2);
    source.clock.advance(30_000);
    expect(await ended).toBe('UNAVAILABLE');
    expect(await next.hears()).toBe('x');
  });

  it('breaks calls below a revoked CA at once', async () => {
    const { source, client } = await setUp();
    const { ended, hears } = open(client);
    await hears();
    source.bury(oldClients.caPem, 'revoked');
    source.set(CLIENTS, newClients.caPem);
    expect(await ended).toBe('UNAVAILABLE');
    expect(await open(client).ended).toBe('UNAVAILABLE');
  });
});
