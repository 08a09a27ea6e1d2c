import { Agent, createServer as createHttpsServer, request } from 'node:https';
import { createServer, type SecureContextOptions, type Server, type TlsOptions } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { as, listen, shake, tlsIdentity, type Version } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const serverPki = createTestPki({ commonName: 'Server CA' });
const oldPki = createTestPki({ commonName: 'Old client CA' });
const newPki = createTestPki({ commonName: 'New client CA' });
const server = serverPki.issue('server');
const oldClient = oldPki.issue('old-client');
const newClient = newPki.issue('new-client');
const VERSIONS: readonly Version[] = ['TLSv1.2', 'TLSv1.3'];

function greeting(options: TlsOptions = {}): Server {
  const made = createServer({ requestCert: true, ...tlsIdentity(server), ...options }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  made.on('tlsClientError', () => undefined);
  return made;
}

/** Puts live trust on a server until the test is over. */
function follow(source: FakeSource, made: Server, more: SecureContextOptions = {}): void {
  const secureContext = { ...tlsIdentity(server), ...more };
  const live = liveTlsServer(source, { bundle: BUNDLE, server: made, secureContext });
  onTestFinished(() => live[Symbol.dispose]());
}

/** Starts a server with live trust; its port. */
async function serve(source: FakeSource, options?: TlsOptions): Promise<number> {
  const made = greeting(options);
  follow(source, made);
  return await listen(made);
}

describe.each(VERSIONS)('liveTlsServer over %s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const;
  const secureContext = tlsIdentity(server);

  it('refuses every client until the bundle is there, and then admits its clients', async () => {
    const source = new FakeSource();
    const port = await serve(source);
    const client = { ...as(oldClient, serverPki.caPem), ...only };
    expect((await shake(port, client)).outcome).not.toBe('hello');
    source.set(BUNDLE, oldPki.caPem);
    expect((await shake(port, client)).outcome).toBe('hello');
  });

  it('resumes sessions while trust stays the same', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const port = await serve(source);
    const client = { ...as(oldClient, serverPki.caPem), ...only };
    const { session } = await shake(port, client);
    source.set(BUNDLE, oldPki.caPem, { caPem: newPki.caPem, state: 'staged' });
    const again = await shake(port, { ...client, session });
    expect(again).toMatchObject({ outcome: 'hello', isReused: true });
  });

  it('goes on with sessions when trust only grows, and admits who came', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const port = await serve(source);
    const client = { ...as(oldClient, serverPki.caPem), ...only };
    const { session } = await shake(port, client);
    const other = { ...as(newClient, serverPki.caPem), ...only };
    expect((await shake(port, other)).outcome).not.toBe('hello');
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const again = await shake(port, { ...client, session });
    expect(again).toMatchObject({ outcome: 'hello', isReused: true });
    expect((await shake(port, other)).outcome).toBe('hello');
  });

  it('refuses the session of a client whose CA came and left again', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const port = await serve(source);
    const client = { ...as(newClient, serverPki.caPem), ...only };
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const { session } = await shake(port, client);
    source.set(BUNDLE, oldPki.caPem);
    expect((await shake(port, { ...client, session })).outcome).not.toBe('hello');
  });

  it('refuses the saved session of a client whose CA was removed', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const port = await serve(source);
    const client = { ...as(oldClient, serverPki.caPem), ...only };
    const { session } = await shake(port, client);
    expect(session).toBeDefined();
    expect(await shake(port, { ...client, session })).toMatchObject({
      outcome: 'hello',
      isReused: true,
    });
    source.set(BUNDLE, newPki.caPem);
    const refused = await shake(port, { ...client, session });
    expect(refused.isReused).toBe(false);
    expect(refused.outcome).not.toBe('hello');
    const other = { ...as(newClient, serverPki.caPem), ...only };
    expect((await shake(port, other)).outcome).toBe('hello');
  });

  it('refuses it also when the program fixed its own ticket keys', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const port = await serve(source, { ticketKeys: Buffer.alloc(48, 7) });
    const client = { ...as(oldClient, serverPki.caPem), ...only };
    const { session } = await shake(port, client);
    source.set(BUNDLE, newPki.caPem);
    expect((await shake(port, { ...client, session })).outcome).not.toBe('hello');
  });

  it('replaces its own certificate for new connections', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const tls = greeting();
    using live = liveTlsServer(source, { bundle: BUNDLE, server: tls, secureContext });
    const port = await listen(tls);
    const otherPki = createTestPki({ commonName: 'Other server CA' });
    const client = { ...as(oldClient, otherPki.caPem), ...only };
    expect((await shake(port, client)).outcome).not.toBe('hello');
    live.updateIdentity(tlsIdentity(otherPki.issue('server')));
    expect((await shake(port, client)).outcome).toBe('hello');
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    expect((await shake(port, client)).outcome).toBe('hello');
  });
});

describe('liveTlsServer', () => {
  const secureContext = tlsIdentity(server);

  it.each([
    ['was removed', [oldPki.caPem, newPki.caPem], [newPki.caPem]],
    ['came and left again', [newPki.caPem], [newPki.caPem]],
  ])('refuses the session id of a client whose CA %s', async (_, first, last) => {
    const source = new FakeSource();
    source.set(BUNDLE, ...first);
    // Session ids that the program keeps itself, and no tickets.
    const { SSL_OP_NO_TICKET } = await import('node:constants');
    const sessions = new Map<string, Buffer>();
    const tls = greeting({ secureOptions: SSL_OP_NO_TICKET, maxVersion: 'TLSv1.2' });
    tls.on('newSession', (id, data, callback) => {
      sessions.set(id.toString('hex'), data);
      callback();
    });
    tls.on('resumeSession', (id, callback) =>
      callback(null, sessions.get(id.toString('hex')) ?? null),
    );
    follow(source, tls, { secureOptions: SSL_OP_NO_TICKET, maxVersion: 'TLSv1.2' });
    const port = await listen(tls);
    const client = { ...as(oldClient, serverPki.caPem), maxVersion: 'TLSv1.2' } as const;
    source.set(BUNDLE, ...new Set([...first, oldPki.caPem]));
    const { session } = await shake(port, client);
    expect(sessions.size).toBe(1);
    expect(await shake(port, { ...client, session })).toMatchObject({ isReused: true });
    source.set(BUNDLE, ...last);
    const refused = await shake(port, { ...client, session });
    expect(refused).toMatchObject({ isReused: false });
    expect(refused.outcome).not.toBe('hello');
  });

  it('keeps the old identity when the new one cannot be used', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const tls = greeting();
    using live = liveTlsServer(source, { bundle: BUNDLE, server: tls, secureContext });
    const port = await listen(tls);
    expect(() =>
      live.updateIdentity({ cert: server.certificatePem, key: oldClient.keyPem }),
    ).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    expect((await shake(port, as(oldClient, serverPki.caPem))).outcome).toBe('hello');
  });

  it('refuses a server that would trust everybody', () => {
    const source = new FakeSource();
    for (const options of [{ requestCert: false }, { rejectUnauthorized: false }]) {
      expect(() =>
        liveTlsServer(source, { bundle: BUNDLE, server: greeting(options), secureContext }),
      ).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    }
    expect(source.listenerCount).toBe(0);
  });

  it('refuses a PKCS#12 file, whose CAs would be trusted beside the bundle', () => {
    const source = new FakeSource();
    const withFile = { ...secureContext, pfx: Buffer.alloc(1) };
    expect(() =>
      liveTlsServer(source, { bundle: BUNDLE, server: greeting(), secureContext: withFile }),
    ).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    expect(source.listenerCount).toBe(0);
  });

  it('trusts nobody when a release leaves nobody, instead of the CAs that Node ships', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const port = await serve(source);
    source.set(BUNDLE, { caPem: oldPki.caPem, state: 'staged' });
    expect((await shake(port, as(oldClient, serverPki.caPem))).outcome).not.toBe('hello');
  });

  it('closes an HTTP connection after its next answer when its CA was removed', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, newPki.caPem);
    const https = createHttpsServer({ requestCert: true, ...secureContext }, (_, response) => {
      response.end('hello');
    });
    follow(source, https);
    const port = await listen(https);
    const agent = new Agent({ keepAlive: true, ...as(newClient, serverPki.caPem), maxSockets: 1 });
    const get = (): Promise<{ connection: string | undefined; isReused: boolean }> =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          { host: '127.0.0.1', port, agent, servername: 'localhost' },
          (response) => {
            response.resume();
            response.on('end', () => {
              const { connection } = response.headers;
              setImmediate(() => resolve({ connection, isReused: outgoing.reusedSocket }));
            });
          },
        );
        outgoing.on('error', reject);
        outgoing.end();
      });
    expect(await get()).toEqual({ connection: 'keep-alive', isReused: false });
    source.set(BUNDLE, newPki.caPem, oldPki.caPem);
    expect(await get()).toEqual({ connection: 'keep-alive', isReused: true });
    source.set(BUNDLE, newPki.caPem);
    expect(await get()).toEqual({ connection: 'keep-alive', isReused: true });
    source.set(BUNDLE, oldPki.caPem);
    expect(await get()).toEqual({ connection: 'close', isReused: true });
    await expect(get()).rejects.toThrow();
    agent.destroy();
  });
});
