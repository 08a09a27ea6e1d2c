import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server } from 'node:tls';
import { Client, Server as GrpcServer } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveChannelCredentials } from '../../../src/client/live/grpc-channel.ts';
import { liveServerCredentials } from '../../../src/client/live/grpc-server.ts';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { issueCa } from '../../../src/x509/issue.ts';
import { type FakeAnchor, FakeSource } from '../support/fake-source.ts';
import { as, listen, shake, tlsIdentity, type Version } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const HOUR_MS = 3_600_000;
const pki = createTestPki({ commonName: 'CA', nowMs: Date.now() - 24 * HOUR_MS });
const [early, late] = [48, 12].map((hours) =>
  pki.issue(`${hours} hours ago`, { nowMs: Date.now() - hours * HOUR_MS }),
);
const DISTRUST_AFTER_MS = Date.now() - 24 * HOUR_MS;
const VERSIONS: readonly Version[] = ['TLSv1.2', 'TLSv1.3'];
if (early === undefined || late === undefined) throw new Error('no identities');

/** The test CA with names that it may vouch for; its leaves are for localhost and loopback. */
function permitting(...dns: readonly string[]): FakeAnchor {
  return {
    caPem: pki.caPem,
    constraints: [{ type: 'permitted-dns', critical: true, values: dns.toSorted() }],
  };
}

async function greet(source: FakeSource, version: Version): Promise<number> {
  const secureContext = { ...tlsIdentity(early ?? pki.issue('x')), minVersion: version };
  const options = { ...secureContext, requestCert: true, maxVersion: version };
  const server: Server = createServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  server.on('tlsClientError', () => undefined);
  const live = liveTlsServer(source, {
    ...{ bundle: BUNDLE, server, secureContext: { ...secureContext, maxVersion: version } },
  });
  onTestFinished(() => live[Symbol.dispose]());
  return await listen(server);
}

describe.each(VERSIONS)('a server over %s', (version) => {
  it('judges each client by when its certificate begins (I11)', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, {
      ...{ caPem: pki.caPem, state: 'retiring', distrustAfterMs: DISTRUST_AFTER_MS },
    });
    const port = await greet(source, version);
    expect((await shake(port, as(early, pki.caPem))).outcome).toBe('hello');
    expect((await shake(port, as(late, pki.caPem))).outcome).not.toBe('hello');
    expect(source.metrics.values.get('kedge_client_handshakes_refused_total accepted')).toBe(1);
  });

  it('admits names that the CA may vouch for, also with a resumed session', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, permitting('localhost', 'example.org'));
    const port = await greet(source, version);
    const good = as(pki.issue('good', { dnsNames: ['a.example.org'] }), pki.caPem);
    const bad = as(pki.issue('bad', { dnsNames: ['a.example.com'] }), pki.caPem);
    const { outcome, session } = await shake(port, good);
    expect(outcome).toBe('hello');
    expect(await shake(port, { ...good, session })).toMatchObject({
      ...{ outcome: 'hello', isReused: true },
    });
    expect((await shake(port, bad)).outcome).not.toBe('hello');
  });

  it('refuses a session from before the CA was limited', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, pki.caPem);
    const port = await greet(source, version);
    const { session } = await shake(port, as(late, pki.caPem));
    source.set(BUNDLE, permitting('example.org'));
    const again = await shake(port, { ...as(late, pki.caPem), session });
    expect(again.isReused).toBe(false);
    expect(again.outcome).not.toBe('hello');
  });

  it('lets one of two CAs with the same key suffice', async () => {
    const source = new FakeSource();
    const limited = { caPem: pki.caPem, distrustAfterMs: 0 };
    const common = { nowMs: Date.now(), validForMs: HOUR_MS, serial: () => randomBytes(16) };
    const { keyPem } = pki.ca;
    const renewed = issueCa({ ...common, commonName: 'CA', keyPem }).certificatePem;
    source.set(BUNDLE, limited);
    const port = await greet(source, version);
    expect((await shake(port, as(late, pki.caPem))).outcome).not.toBe('hello');
    source.set(BUNDLE, limited, renewed);
    expect((await shake(port, as(late, pki.caPem))).outcome).toBe('hello');
  });
});

describe('a server', () => {
  it('drains a connection when the CA may not vouch for it any more', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, pki.caPem);
    const told: string[] = [];
    const server = createServer({ requestCert: true, ...tlsIdentity(early) }, (socket) => {
      socket.on('error', () => undefined).pipe(socket);
    });
    using _live = liveTlsServer(source, {
      ...{ bundle: BUNDLE, server, secureContext: tlsIdentity(early) },
      onDistrusted: ({ reason, policy }) => told.push(`${reason} ${policy}`),
    });
    const port = await listen(server);
    const sockets = [early, late].map((identity) =>
      connect({ host: '127.0.0.1', port, servername: 'localhost', ...as(identity, pki.caPem) }),
    );
    for (const socket of sockets) {
      socket.on('error', () => undefined).write('x');
      await new Promise((resolve) => socket.once('data', resolve));
    }
    source.set(BUNDLE, { caPem: pki.caPem, distrustAfterMs: DISTRUST_AFTER_MS });
    expect(told).toEqual(['narrowed drain']);
    const closed = new Promise((resolve) => sockets[1]?.once('close', resolve));
    source.clock.advance(30_000);
    await closed;
    expect(sockets[0]?.destroyed).toBe(false);
    sockets[0]?.destroy();
  });

  it('keeps limits when live trust was disposed, and until another one takes over', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, permitting('example.org'));
    const server = createServer({ requestCert: true, ...tlsIdentity(early) }, (socket) => {
      socket.on('error', () => undefined);
      socket.end('hello');
    });
    const options = { bundle: BUNDLE, server, secureContext: tlsIdentity(early) };
    liveTlsServer(source, options)[Symbol.dispose]();
    const port = await listen(server);
    expect((await shake(port, as(late, pki.caPem))).outcome).not.toBe('hello');
    const other = new FakeSource();
    other.set(BUNDLE, pki.caPem);
    liveTlsServer(other, options)[Symbol.dispose]();
    expect((await shake(port, as(late, pki.caPem))).outcome).toBe('hello');
  });
});

describe.each(VERSIONS)('a client over %s', (version) => {
  const secureContext = { minVersion: version, maxVersion: version } as const;

  async function visit(how: 'connect' | 'options', anchor: FakeAnchor): Promise<string> {
    let received = '';
    const server = createServer(tlsIdentity(late ?? pki.issue('x')), (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data: Buffer) => {
        received += data.toString();
        socket.end();
      });
    });
    server.on('tlsClientError', () => undefined);
    const source = new FakeSource();
    source.set(BUNDLE, anchor);
    using live = liveTlsClient(source, { bundle: BUNDLE, secureContext });
    const to = { host: '127.0.0.1', port: await listen(server), servername: 'localhost' };
    const socket =
      how === 'connect' ? live.connect(to) : connect({ ...to, ...live.connectOptions() });
    socket.write('password');
    return await new Promise((resolve) => {
      let outcome = 'ok';
      socket.on('data', () => undefined);
      socket.on('error', (error: Error & { code?: string }) => {
        outcome = error.code ?? error.message;
      });
      socket.on('close', () => resolve(`${outcome} ${received}`));
    });
  }

  it.each(['connect', 'options'] as const)('enforces limits by %s', async (how) => {
    expect(await visit(how, permitting('localhost'))).toBe('ok password');
    expect(await visit(how, permitting('example.org'))).toBe('POLICY ');
    const old = { caPem: pki.caPem, distrustAfterMs: DISTRUST_AFTER_MS };
    expect(await visit(how, old)).toBe('POLICY ');
  });
});

describe('grpc credentials', () => {
  const same = (bytes: Buffer): Buffer => bytes;

  it('enforce limits on both sides', async () => {
    const source = new FakeSource();
    const [clients, servers] = ['clients.example.org', 'servers.example.org'];
    const set = (onClients: FakeAnchor, onServers: FakeAnchor): void => {
      source.set(clients, onClients);
      source.set(servers, onServers);
    };
    set(permitting('localhost'), permitting('localhost'));
    const identity = tlsIdentity(late);
    const forServer = await liveServerCredentials(source, { bundle: clients, identity });
    const forChannel = await liveChannelCredentials(source, { bundle: servers, identity });
    const server = new GrpcServer();
    onTestFinished(() => server.forceShutdown());
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', forServer.credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    // The first connection that the server ever sees is judged as all others are.
    set(permitting('example.org'), permitting('localhost'));
    const call = async (): Promise<string> => {
      const client = new Client(`127.0.0.1:${port}`, forChannel.credentials, {
        'grpc.use_local_subchannel_pool': 1,
      });
      try {
        return await new Promise((resolve) => {
          client.makeUnaryRequest('/x.X/X', same, same, Buffer.alloc(0), (error) => {
            resolve(error === null ? 'ok' : String(error.code));
          });
        });
      } finally {
        client.close();
      }
    };
    // 12: the server does not know the method, so the connection stands. 14: there is none.
    expect(await call()).toBe('14');
    set(permitting('localhost'), permitting('localhost'));
    expect(await call()).toBe('12');
    set(permitting('localhost'), permitting('example.org'));
    expect(await call()).toBe('14');
    set(permitting('localhost'), permitting('localhost'));
    expect(await call()).toBe('12');
  });
});
