import { createServer, type Server } from 'node:tls';
import { Client, Server as GrpcServer, type ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveChannelCredentials } from '../../../src/client/live/grpc-channel.ts';
import { liveServerCredentials } from '../../../src/client/live/grpc-server.ts';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import type { TrustSource } from '../../../src/client/live/trust-view.ts';
import { testRealm } from '../../../src/testing/index.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { as, listen, shake, tlsIdentity, until } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const serverPki = createTestPki({ commonName: 'Server CA' });
const otherServerPki = createTestPki({ commonName: 'Other server CA' });
const [oldPki, newPki, thirdPki] = [createTestPki(), createTestPki(), createTestPki()];
const identity = tlsIdentity(serverPki.issue('server'));

async function outcome(port: number, pki: typeof oldPki, ca = serverPki.caPem): Promise<string> {
  const options = { ...as(pki.issue('client'), ca), ALPNProtocols: ['h2'] };
  return (await shake(port, options)).outcome;
}

/** A live server, and how often it built a context by itself. */
async function liveServer(source: FakeSource) {
  const server: Server = createServer({ requestCert: true, ...identity }, (socket) => {
    socket.on('error', () => undefined).end('hello');
  });
  server.on('tlsClientError', () => undefined);
  const live = liveTlsServer(source, { bundle: BUNDLE, server, secureContext: identity });
  onTestFinished(() => live[Symbol.dispose]());
  let built = 0;
  const { setSecureContext } = server;
  server.setSecureContext = (options) => {
    built += 1;
    setSecureContext.call(server, options);
  };
  return { live, port: await listen(server), built: () => built };
}

describe('a live server, told what comes', () => {
  it('has the set before until the bundle is in use, and then the whole new one', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const { port, built } = await liveServer(source);
    const use = await source.announce(BUNDLE, newPki.caPem, thirdPki.caPem);
    expect(await outcome(port, oldPki)).toBe('hello');
    expect(await outcome(port, newPki)).not.toBe('hello');
    const before = built();
    use();
    expect(built()).toBe(before);
    expect(await outcome(port, oldPki)).not.toBe('hello');
    expect(await outcome(port, newPki)).toBe('hello');
    expect(await outcome(port, thirdPki)).toBe('hello');
  });

  it('ends with the newest of two changes that overlap', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const { port } = await liveServer(source);
    const [first, second] = [
      source.announce(BUNDLE, oldPki.caPem, newPki.caPem),
      source.announce(BUNDLE, newPki.caPem),
    ];
    (await first)();
    expect(await outcome(port, oldPki)).toBe('hello');
    expect(await outcome(port, newPki)).toBe('hello');
    (await second)();
    expect(await outcome(port, oldPki)).not.toBe('hello');
    expect(await outcome(port, newPki)).toBe('hello');
  });

  it('shows the certificate that it was given meanwhile', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const { live, port } = await liveServer(source);
    const coming = source.announce(BUNDLE, oldPki.caPem, newPki.caPem);
    live.updateIdentity(tlsIdentity(otherServerPki.issue('server')));
    (await coming)();
    expect(await outcome(port, newPki)).not.toBe('hello');
    expect(await outcome(port, newPki, otherServerPki.caPem)).toBe('hello');
  });
});

describe('a live client, told what comes', () => {
  it('trusts the set before until the bundle is in use, also with another identity', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const ports = await Promise.all(
      [oldPki, newPki].map(async (pki) => {
        const server = createServer(tlsIdentity(pki.issue('server')), (socket) => {
          socket.on('error', () => undefined).end('hello');
        });
        return await listen(server.on('tlsClientError', () => undefined));
      }),
    );
    using live = liveTlsClient(source, { bundle: BUNDLE, identity });
    const talk = async (port: number | undefined): Promise<boolean> =>
      await new Promise((resolve) => {
        const socket = live.connect({
          host: '127.0.0.1',
          port: port ?? 0,
          servername: 'localhost',
        });
        socket.once('data', () => resolve(true)).once('error', () => resolve(false));
      });
    const coming = source.announce(BUNDLE, newPki.caPem);
    live.updateIdentity(tlsIdentity(oldPki.issue('client')));
    const use = await coming;
    expect(await Promise.all(ports.map(talk))).toEqual([true, false]);
    use();
    expect(await Promise.all(ports.map(talk))).toEqual([false, true]);
  });
});

describe('live grpc credentials, told what comes', () => {
  const same = (bytes: Buffer): Buffer => bytes;

  async function serve(credentials: ServerCredentials): Promise<number> {
    const server = new GrpcServer();
    onTestFinished(() => server.forceShutdown());
    return await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
  }

  it('follow on several servers at once, those that nobody called yet included', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    using live = await liveServerCredentials(source, { bundle: BUNDLE, identity });
    const ports = await Promise.all([serve(live.credentials), serve(live.credentials)]);
    const use = await source.announce(BUNDLE, newPki.caPem);
    const late = await serve(live.credentials);
    use();
    for (const port of [...ports, late, await serve(live.credentials)]) {
      expect(await refuses(port, oldPki)).toBe(true);
      expect(await refuses(port, newPki)).toBe(false);
    }
  });

  it('follow on a channel', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, serverPki.caPem, oldPki.caPem);
    using server = await liveServerCredentials(source, { bundle: BUNDLE, identity });
    using channel = await liveChannelCredentials(source, {
      ...{ bundle: BUNDLE, identity: tlsIdentity(oldPki.issue('client')) },
    });
    const port = await serve(server.credentials);
    const call = async (): Promise<number | undefined> => {
      const options = { 'grpc.use_local_subchannel_pool': 1 };
      const client = new Client(`127.0.0.1:${port}`, channel.credentials, options);
      try {
        return await new Promise((resolve) => {
          client.makeUnaryRequest('/x/y', same, same, Buffer.of(), (error) => resolve(error?.code));
        });
      } finally {
        client.close();
      }
    };
    const [unimplemented, unavailable] = [12, 14];
    expect(await call()).toBe(unimplemented);
    const use = await source.announce(BUNDLE, oldPki.caPem);
    expect(await call()).toBe(unimplemented);
    use();
    expect(await call()).toBe(unavailable);
  });

  /** Says whether a server ends the connection of such a client before it speaks HTTP/2. */
  async function refuses(port: number, pki: typeof oldPki): Promise<boolean> {
    return /alert|closed|disconnected|ECONNRESET/.test(await outcome(port, pki));
  }
});

describe('a source', () => {
  it('brings a release into use when everybody is ready who was told that it comes', async () => {
    await using realm = testRealm({ bundles: [BUNDLE] });
    const [one, other] = [realm.authority('one'), realm.authority('other')];
    await realm.publish({ active: [one] });
    await using source = await realm.source();
    await source.ready();
    let ready: () => void = () => undefined;
    const told: number[] = [];
    const trust: TrustSource = source;
    trust.onComing?.(async ({ sequence }) => {
      told.push(sequence);
      await new Promise<void>((resolve) => {
        ready = resolve;
      });
    });
    trust.onComing?.(async () => await Promise.reject(new Error('cannot')));
    const published = realm.publish({ active: [one, other] });
    await until(() => told.length > 0);
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
    ready();
    await published;
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
    expect(told).toEqual([2]);
  });
});
