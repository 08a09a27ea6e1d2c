/**
 * Handshakes over real TLS, counted for the anchors that they rest on.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpsServer, get } from 'node:https';
import { connect as openSocket } from 'node:net';
import { createServer, type Server, connect as tlsConnect } from 'node:tls';
import { Client, Server as GrpcServer, type ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveChannelCredentials } from '../../../src/client/live/grpc-channel.ts';
import { liveServerCredentials } from '../../../src/client/live/grpc-server.ts';
import { liveHttpsAgent } from '../../../src/client/live/https-agent.ts';
import { type LiveTlsClient, liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import {
  type IssuedCertificate,
  issueCa,
  issueIntermediate,
  issueLeaf,
} from '../../../src/x509/issue.ts';
import { FakeSource } from '../support/fake-source.ts';
import { as, listen, shake, tlsIdentity, type Version } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const serverPki = createTestPki({ commonName: 'Server CA' });
/** Two CAs of one name, as when one follows the other. */
const oldPki = createTestPki({ commonName: 'Payments CA' });
const newPki = createTestPki({ commonName: 'Payments CA', shape: 'with-intermediate' });
const oldId = oldPki.ca.facts.id;
const newId = newPki.ca.facts.id;
const server = serverPki.issue('server');

const DAY_MS = 86_400_000;
const common = {
  nowMs: Date.now(),
  validForMs: 30 * DAY_MS,
  serial: (): Uint8Array => randomBytes(16),
};
const terms = { ...common, dnsNames: ['localhost'], usages: ['serverAuth'] } as const;

function follow(source: FakeSource, made: Server): void {
  const secureContext = tlsIdentity(server);
  const live = liveTlsServer(source, { bundle: BUNDLE, server: made, secureContext });
  made.on('tlsClientError', () => undefined);
  onTestFinished(() => live[Symbol.dispose]());
}

async function greeting(source: FakeSource): Promise<number> {
  const made = createServer({ requestCert: true, ...tlsIdentity(server) }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  follow(source, made);
  return await listen(made);
}

async function visit(live: LiveTlsClient, port: number): Promise<void> {
  const socket = live.connect({ host: '127.0.0.1', port, servername: 'localhost' });
  socket.on('data', () => undefined);
  socket.on('error', () => undefined);
  await once(socket, 'close');
}

/** One full handshake with a server that shows this leaf and nothing above it. */
async function visitAs(source: FakeSource, leaf: IssuedCertificate): Promise<void> {
  const identity = { cert: leaf.certificatePem, key: leaf.keyPem };
  const port = await listen(createServer(identity, (socket) => socket.end('hello')));
  using live = liveTlsClient(source, { bundle: BUNDLE });
  await visit(live, port);
}

describe.each<Version>(['TLSv1.2', 'TLSv1.3'])('handshakes over %s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const;

  it('count on a server for the CA of the client, resumed ones too', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const port = await greeting(source);
    const old = { ...as(oldPki.issue('client'), serverPki.caPem), ...only };
    const { session } = await shake(port, old);
    expect(await shake(port, { ...old, session })).toMatchObject({ isReused: true });
    const client = { ...as(newPki.issue('client'), serverPki.caPem), ...only };
    const first = await shake(port, client);
    const again = await shake(port, { ...client, session: first.session });
    expect(again).toMatchObject({ outcome: 'hello', isReused: true });
    expect(source.handshakes).toEqual([
      `tls-client ${oldId}`,
      `tls-client ${oldId}`,
      `tls-client ${newId}`,
      `tls-client ${newId}`,
    ]);
  });

  it('do not count when they are refused', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, newPki.caPem);
    const port = await greeting(source);
    const refused = { ...as(oldPki.issue('client'), serverPki.caPem), ...only };
    expect((await shake(port, refused)).outcome).not.toBe('hello');
    expect(source.handshakes).toEqual([]);
  });

  it('count at a client for the CA of the server, resumed ones too', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const made = createServer({ ...tlsIdentity(newPki.issue('server')), ...only }, (socket) => {
      socket.on('error', () => undefined);
      socket.end('hello');
    });
    const port = await listen(made);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    await visit(live, port);
    await visit(live, port);
    expect(source.handshakes).toEqual([`tls-server ${newId}`, `tls-server ${newId}`]);
  });

  it('count for a CA that stays, when trust narrows under way', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const made = createServer({ requestCert: true, ...tlsIdentity(server) }, (socket) => {
      socket.on('error', () => undefined);
      socket.end('hello');
    });
    follow(source, made);
    const accepted = once(made, 'connection');
    const socket = openSocket(await listen(made), '127.0.0.1');
    await accepted;
    source.set(BUNDLE, newPki.caPem);
    const terms = { ...as(newPki.issue('client'), serverPki.caPem), ...only };
    const secure = tlsConnect({ socket, servername: 'localhost', ...terms });
    secure.on('data', () => undefined);
    await once(secure, 'close');
    expect(source.handshakes).toEqual([`tls-client ${newId}`]);
  });
});

describe('live trust', () => {
  it('counts each connection of an agent, and no request', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const https = createHttpsServer(tlsIdentity(oldPki.issue('server')), (_, response) => {
      response.end('hello');
    });
    const port = await listen(https);
    const agent = liveHttpsAgent(source, { bundle: BUNDLE });
    onTestFinished(() => agent[Symbol.dispose]());
    const ask = (): Promise<void> =>
      new Promise((resolve, reject) => {
        get({ host: '127.0.0.1', port, agent }, (response) => {
          response.resume().on('end', () => setImmediate(resolve));
        }).on('error', reject);
      });
    await ask();
    await ask();
    expect(source.handshakes).toEqual([`tls-server ${oldId}`]);
  });

  it('counts the connections of grpc-js on both sides', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, serverPki.caPem, oldPki.caPem, newPki.caPem);
    const own = await liveServerCredentials(source, {
      bundle: BUNDLE,
      identity: tlsIdentity(server),
    });
    const channel = await liveChannelCredentials(source, {
      bundle: BUNDLE,
      identity: tlsIdentity(newPki.issue('client')),
    });
    const address = await serveGrpc(own.credentials);
    const client = new Client(address, channel.credentials, {
      'grpc.use_local_subchannel_pool': 1,
    });
    onTestFinished(() => client.close());
    await call(client);
    await call(client);
    expect(source.handshakes.toSorted()).toEqual([
      `tls-client ${newId}`,
      `tls-server ${serverPki.ca.facts.id}`,
    ]);
  });

  it('counts an intermediate that is an anchor together with its root', async () => {
    const root = issueCa({ ...common, commonName: 'Root' });
    const middle = issueIntermediate({ ...common, issuer: root, commonName: 'Issuing' });
    const leaf = issueLeaf({ ...terms, issuer: middle, commonName: 'server' });
    const source = new FakeSource();
    source.set(BUNDLE, root.certificatePem, middle.certificatePem);
    await visitAs(source, leaf);
    const ids = [middle.facts.id, root.facts.id];
    expect(source.handshakes).toEqual([`tls-server ${ids.join(' ')}`]);
  });

  it('counts, of two CAs with one key, the one that stays', async () => {
    const first = issueCa({ ...common, commonName: 'Root' });
    const { keyPem } = first;
    const renewed = issueCa({ ...common, validForMs: 60 * DAY_MS, commonName: 'Root', keyPem });
    const leaf = issueLeaf({ ...terms, issuer: first, commonName: 'server' });
    const source = new FakeSource();
    source.set(BUNDLE, first.certificatePem, renewed.certificatePem);
    await visitAs(source, leaf);
    const retiring = { caPem: renewed.certificatePem, state: 'retiring' } as const;
    source.set(BUNDLE, first.certificatePem, retiring);
    await visitAs(source, leaf);
    expect(source.handshakes).toEqual([
      `tls-server ${renewed.facts.id}`,
      `tls-server ${first.facts.id}`,
    ]);
  });

  it('counts, of two CAs with one key, the one by which the chain holds today', async () => {
    const old = issueCa({ ...common, commonName: 'Root' });
    const { keyPem } = old;
    const middle = issueIntermediate({ ...common, issuer: old, commonName: 'Issuing' });
    const leaf = issueLeaf({ ...common, issuer: middle, commonName: 'client' });
    const later = { ...common, nowMs: common.nowMs + 2 * DAY_MS, commonName: 'Root', keyPem };
    const short = { ...common, commonName: 'Root', keyPem, pathLen: 0 };
    for (const renewed of [issueCa(later), issueCa(short)]) {
      const source = new FakeSource();
      const port = await greeting(source);
      source.set(
        BUNDLE,
        { caPem: old.certificatePem, state: 'retiring' },
        { caPem: renewed.certificatePem, state: 'active' },
      );
      const cert = leaf.certificatePem + middle.certificatePem;
      const shaken = await shake(port, { cert, key: leaf.keyPem, ca: serverPki.caPem });
      expect(shaken.outcome).toBe('hello');
      expect(source.handshakes).toEqual([`tls-client ${old.facts.id}`]);
    }
  });

  it('says that it does not see what is done with the options of a connection', () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    expect(source.handshakes).toEqual([]);
    live.connectOptions();
    expect(source.handshakes).toEqual(['tls-server']);
  });
});

const same = (bytes: Buffer): Buffer => bytes;

async function serveGrpc(credentials: ServerCredentials): Promise<string> {
  const made = new GrpcServer();
  const echo = {
    path: '/test.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const;
  made.addService(
    { echo },
    {
      echo: (asked: { request: Buffer }, reply: (e: null, b: Buffer) => void) =>
        reply(null, asked.request),
    },
  );
  onTestFinished(() => made.forceShutdown());
  return await new Promise((resolve, reject) => {
    made.bindAsync('127.0.0.1:0', credentials, (error, port) => {
      if (error === null) resolve(`127.0.0.1:${port}`);
      else reject(error);
    });
  });
}

async function call(client: Client): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest('/test.Echo/Echo', same, same, Buffer.from('x'), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
