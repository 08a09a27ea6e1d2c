import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, createSecureServer } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { as, listen, tlsIdentity, until, type Version } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const serverPki = createTestPki({ commonName: 'Server CA' });
const oldPki = createTestPki({ commonName: 'Old CA' });
const newPki = createTestPki({ commonName: 'New CA' });
const old = oldPki.issue('old');
const REASONS = ['revoked', 'removed'] as const;

function bothTrusted(): FakeSource {
  const source = new FakeSource();
  source.set(BUNDLE, oldPki.caPem, newPki.caPem);
  return source;
}

function leave(source: FakeSource, reason: (typeof REASONS)[number]): void {
  source.bury(oldPki.caPem, reason);
  source.set(BUNDLE, newPki.caPem);
}

/** An HTTP/2 server that answers `hello`, or never when asked for `/slow`. */
async function serve(
  identity: { cert: string; key: string },
  source?: FakeSource,
): Promise<number> {
  const server = createSecureServer({ requestCert: source !== undefined, ...identity });
  server.on('sessionError', () => undefined);
  server.on('tlsClientError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.respond();
    if (headers[':path'] === '/slow') stream.write('wait');
    else stream.end('hello');
  });
  if (source !== undefined) {
    const live = liveTlsServer(source, { bundle: BUNDLE, server, secureContext: identity });
    onTestFinished(() => live[Symbol.dispose]());
  }
  return await listen(server);
}

function speak(port: number, socket: TLSSocket): ClientHttp2Session {
  const session = connectHttp2(`https://localhost:${port}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

/** Gets an entry when the handshake ends with a resumed session; a closed socket does not tell. */
function noteReuse(socket: TLSSocket): readonly string[] {
  const reused: string[] = [];
  socket.prependOnceListener('secureConnect', () => {
    if (socket.isSessionReused()) reused.push('reused');
  });
  return reused;
}

/** The answer, or `broken`; `begun` is called with its first part. */
async function ask(
  session: ClientHttp2Session,
  path = '/',
  begun: () => void = () => undefined,
): Promise<string> {
  if (session.destroyed || session.closed) return 'broken';
  const stream = session.request({ ':path': path });
  let text = '';
  return await new Promise((resolve) => {
    stream.on('data', (data: Buffer) => {
      text += data.toString();
      begun();
    });
    stream.on('error', () => undefined);
    stream.on('close', () => resolve(text === 'hello' ? text : 'broken'));
    stream.end();
  });
}

describe.each<Version>(['TLSv1.2', 'TLSv1.3'])(
  'HTTP/2 over %s, with a resumed session',
  (version) => {
    const only = { minVersion: version, maxVersion: version, ALPNProtocols: ['h2'] } as const;

    function dial(port: number, session?: Buffer): TLSSocket {
      const to = { host: '127.0.0.1', port, servername: 'localhost', ...only };
      const socket = connect({ ...to, ...as(old, serverPki.caPem), session });
      return socket.on('error', () => undefined);
    }

    it.each(REASONS)('is served until the CA of the client is %s', async (reason) => {
      const source = bothTrusted();
      const port = await serve(tlsIdentity(serverPki.issue('server')), source);
      const first = dial(port);
      const kept = once(first, 'session');
      expect(await ask(speak(port, first))).toBe('hello');
      const [session] = (await kept) as [Buffer];

      const second = dial(port, session);
      const resumed = speak(port, second);
      expect(await ask(resumed)).toBe('hello');
      expect(second.isSessionReused()).toBe(true);
      let hasBegun = false;
      const inFlight = ask(resumed, '/slow', () => {
        hasBegun = true;
      });
      await until(() => hasBegun);

      leave(source, reason);
      if (reason === 'removed') source.clock.advance(30_000);
      expect(await inFlight).toBe('broken');
      await until(() => resumed.destroyed);
      const third = dial(port, session);
      const reused = noteReuse(third);
      expect(await ask(speak(port, third))).toBe('broken');
      expect(reused).toEqual([]);
    });

    it.each(REASONS)('is used until the CA of the server is %s', async (reason) => {
      const source = bothTrusted();
      const port = await serve(tlsIdentity(oldPki.issue('server')));
      using live = liveTlsClient(source, { bundle: BUNDLE });
      const to = { host: '127.0.0.1', port, servername: 'localhost', ...only };
      const open = (): TLSSocket => live.connect(to).on('error', () => undefined);
      const first = open();
      const kept = once(first, 'session');
      expect(await ask(speak(port, first))).toBe('hello');
      await kept;

      const second = open();
      const resumed = speak(port, second);
      expect(await ask(resumed)).toBe('hello');
      expect(second.isSessionReused()).toBe(true);

      leave(source, reason);
      if (reason === 'removed') source.clock.advance(30_000);
      await until(() => resumed.destroyed);
      const third = open();
      const reused = noteReuse(third);
      expect(await ask(speak(port, third))).toBe('broken');
      expect(reused).toEqual([]);
    });
  },
);
