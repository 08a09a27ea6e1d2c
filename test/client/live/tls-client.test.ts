import { connect as openSocket } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type LiveTlsClient, liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { listen, tlsIdentity, type Version } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const oldPki = createTestPki({ commonName: 'Old server CA' });
const newPki = createTestPki({ commonName: 'New server CA' });
const otherPki = createTestPki({ commonName: 'Other server CA' });

async function greet(version: Version): Promise<number> {
  const only = { minVersion: version, maxVersion: version } as const;
  const server = createServer({ ...tlsIdentity(oldPki.issue('server')), ...only }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  server.on('tlsClientError', () => undefined);
  return await listen(server);
}

function visit(live: LiveTlsClient, port: number, options = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = live.connect({ host: '127.0.0.1', port, servername: 'localhost', ...options });
    let kind = '';
    socket.on('secureConnect', () => {
      kind = socket.isSessionReused() ? 'resumed' : 'full';
    });
    socket.on('data', () => undefined);
    socket.on('error', (error: Error) => resolve(error.message));
    socket.on('close', () => resolve(kind));
  });
}

describe.each<Version>(['TLSv1.2', 'TLSv1.3'])('liveTlsClient over %s', (version) => {
  it('resumes sessions of the same set and none of another', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const port = await greet(version);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    expect(await visit(live, port)).toBe('full');
    expect(await visit(live, port)).toBe('resumed');
    source.set(BUNDLE, oldPki.caPem);
    expect(await visit(live, port)).toBe('full');
    source.set(BUNDLE, newPki.caPem);
    expect(await visit(live, port)).toMatch(/self-signed|unable to/);
  });

  it('goes on with its sessions when trust only grows, and trusts who came', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, newPki.caPem);
    const port = await greet(version);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    expect(await visit(live, port)).toMatch(/self-signed|unable to/);
    source.set(BUNDLE, newPki.caPem, oldPki.caPem);
    expect(await visit(live, port)).toBe('full');
    source.set(BUNDLE, newPki.caPem, oldPki.caPem, otherPki.caPem);
    expect(await visit(live, port)).toBe('resumed');
  });

  it('keeps no session from a handshake that began before trust narrowed', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const port = await greet(version);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    const visiting = visit(live, port);
    source.set(BUNDLE, oldPki.caPem);
    expect(await visiting).toBe('full');
    expect(await visit(live, port)).toBe('full');
  });

  it('resumes nothing for a caller who checks identities himself', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const port = await greet(version);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    await visit(live, port);
    const strict = { checkServerIdentity: () => new Error('not you') };
    expect(await visit(live, port, strict)).toBe('not you');
  });
});

describe('liveTlsClient', () => {
  it('adopts no connection whose CA has left since it was opened', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const server = createServer(tlsIdentity(oldPki.issue('server')), (socket) => {
      socket.on('error', () => undefined);
    });
    const port = await listen(server);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    const trust = live.connectOptions();
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...trust });
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    source.set(BUNDLE, newPki.caPem);
    live.adopt(socket);
    expect(socket.destroyed).toBe(true);
  });

  it('resumes nothing over a socket of the caller unless the server is named', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const port = await greet('TLSv1.3');
    using live = liveTlsClient(source, { bundle: BUNDLE });
    const over = (servername: string | undefined): Promise<string> =>
      visit(live, port, { host: undefined, socket: openSocket(port, 'localhost'), servername });
    expect(await over(undefined)).toBe('full');
    expect(await over(undefined)).toBe('full');
    expect(await over('localhost')).toBe('full');
    expect(await over('localhost')).toBe('resumed');
  });

  it('refuses a PKCS#12 file, whose CAs would be trusted beside the bundle', () => {
    const secureContext = { minVersion: 'TLSv1.2', pfx: Buffer.alloc(1) } as const;
    expect(() => liveTlsClient(new FakeSource(), { bundle: BUNDLE, secureContext })).toThrow(
      expect.objectContaining({ code: 'CONFIG' }),
    );
  });

  it('gives no options while nobody is trusted', () => {
    const source = new FakeSource();
    using live = liveTlsClient(source, { bundle: BUNDLE });
    expect(() => live.connectOptions()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    source.set(BUNDLE, { caPem: oldPki.caPem, purposes: ['tls-client'] });
    expect(() => live.connectOptions()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    source.set(BUNDLE, oldPki.caPem);
    expect(live.connectOptions().rejectUnauthorized).toBe(true);
  });

  it('gives one context per set', () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    const first = live.connectOptions().secureContext;
    source.set(BUNDLE, oldPki.caPem, { caPem: newPki.caPem, state: 'staged' });
    expect(live.connectOptions().secureContext).toBe(first);
    source.set(BUNDLE, newPki.caPem);
    expect(live.connectOptions().secureContext).not.toBe(first);
  });

  it('says at once when the identity cannot be used', () => {
    const identity = { cert: 'x', key: 'y' };
    expect(() => liveTlsClient(new FakeSource(), { bundle: BUNDLE, identity })).toThrow(
      expect.objectContaining({ code: 'CONFIG' }),
    );
  });
});
