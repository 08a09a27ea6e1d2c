import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createNetServer, connect as openSocket, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { createTestPki, type TestIdentity } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { as, listen, shake, tlsIdentity, type Version } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';
const serverPki = createTestPki({ commonName: 'Server CA' });
const oldPki = createTestPki({ commonName: 'Old CA' });
const newPki = createTestPki({ commonName: 'New CA', shape: 'with-intermediate' });
const server = serverPki.issue('server');

function follow(source: FakeSource, made: Server): void {
  const live = liveTlsServer(source, {
    bundle: BUNDLE,
    server: made,
    secureContext: tlsIdentity(server),
  });
  made.on('tlsClientError', () => undefined);
  onTestFinished(() => live[Symbol.dispose]());
}

/** Everything that the other side says until it is done. */
function said(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = (): void => resolve(text);
    socket.on('data', (data: Buffer) => {
      text += data.toString();
    });
    socket.on('error', done).on('end', done).on('close', done);
  });
}

describe.each<Version>(['TLSv1.2', 'TLSv1.3'])('a handshake under way over %s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const;

  /** Begins under both CAs, ends under the new one alone. */
  async function request(client: TestIdentity): Promise<string> {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const https = createHttpsServer({ requestCert: true, ...tlsIdentity(server) }, (_, response) =>
      response.end('hello'),
    );
    follow(source, https);
    const accepted = once(https, 'connection');
    const socket = openSocket(await listen(https), '127.0.0.1');
    await accepted;
    source.set(BUNDLE, newPki.caPem);
    const options = { socket, servername: 'localhost', ...only, ...as(client, serverPki.caPem) };
    const secure = connect(options);
    secure.write(REQUEST);
    return await said(secure);
  }

  it('admits no client whose CA was removed meanwhile', async () => {
    expect(await request(oldPki.issue('client'))).toBe('');
  });

  it('admits a client whose CA stays', async () => {
    expect(await request(newPki.issue('client'))).toContain('hello');
  });

  it('sends nothing to a server whose CA was removed meanwhile', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    let received = '';
    const tls = createServer({ ...tlsIdentity(oldPki.issue('server')), ...only }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data: Buffer) => {
        received += data.toString();
      });
    });
    tls.on('tlsClientError', () => undefined);
    await listen(tls);
    // Whoever sits in between decides when the handshake goes on.
    const between = createNetServer();
    const waiting = once(between, 'connection');
    using live = liveTlsClient(source, { bundle: BUNDLE });
    const port = await listen(between);
    const socket = live.connect({ host: '127.0.0.1', port, servername: 'localhost' });
    socket.write('password');
    const failed = new Promise<unknown>((resolve) => void socket.once('error', resolve));
    const [line] = (await waiting) as [Socket];
    source.set(BUNDLE, newPki.caPem);
    tls.emit('connection', line);
    expect(await failed).toMatchObject({ code: 'UNAVAILABLE' });
    await once(line, 'close');
    expect(received).toBe('');
  });
});

describe.each<Version>(['TLSv1.2', 'TLSv1.3'])('a session resumed over %s', (version) => {
  const only = { minVersion: version, maxVersion: version } as const;

  /** Resumes a session to a server of `pki` while the old CA loses its trust on the way. */
  async function resume(identity: TestIdentity): Promise<string> {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const tls = createServer({ ...tlsIdentity(identity), ...only }, (socket) => {
      socket.on('error', () => undefined);
      socket.end(socket.isSessionReused() ? 'resumed' : 'new');
    });
    tls.on('tlsClientError', () => undefined);
    await listen(tls);
    const between = createNetServer();
    const port = await listen(between);
    using live = liveTlsClient(source, { bundle: BUNDLE });
    const open = async (): Promise<{ socket: TLSSocket; line: Socket }> => {
      const waiting = once(between, 'connection');
      const socket = live.connect({ host: '127.0.0.1', port, servername: 'localhost' });
      const [line] = (await waiting) as [Socket];
      return { socket, line };
    };
    const first = await open();
    tls.emit('connection', first.line);
    expect(await said(first.socket)).toBe('new');
    const second = await open();
    source.set(BUNDLE, newPki.caPem);
    tls.emit('connection', second.line);
    return await said(second.socket);
  }

  /** Resumes the session of `identity` while the old CA loses its trust on the way. */
  async function comeBack(identity: TestIdentity): Promise<string> {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const tls = createServer({ requestCert: true, ...tlsIdentity(server), ...only }, (socket) => {
      socket.on('error', () => undefined);
      socket.end(socket.isSessionReused() ? 'resumed' : 'new');
    });
    follow(source, tls);
    const port = await listen(tls);
    const options = { ...only, ...as(identity, serverPki.caPem) };
    const { session } = await shake(port, options);
    const accepted = once(tls, 'connection');
    const line = openSocket(port, '127.0.0.1');
    await accepted;
    source.set(BUNDLE, newPki.caPem);
    return await said(connect({ ...options, socket: line, servername: 'localhost', session }));
  }

  it('stands when a CA that stays vouched for the server', async () => {
    expect(await resume(newPki.issue('server'))).toBe('resumed');
  });

  it('ends when the CA that vouched for the server is gone', async () => {
    expect(await resume(oldPki.issue('server'))).toBe('');
  });

  it('stands when a CA that stays vouched for the client', async () => {
    expect(await comeBack(newPki.issue('client'))).toBe('resumed');
  });

  it('ends when the CA that vouched for the client is gone', async () => {
    expect(await comeBack(oldPki.issue('client'))).toBe('');
  });
});

describe('a handshake that began after trust narrowed', () => {
  const client = { ...as(newPki.issue('client'), serverPki.caPem) };

  async function narrowed(): Promise<{ tls: Server; port: number }> {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const tls = createServer({ requestCert: true, ...tlsIdentity(server) }, (socket) => {
      socket.on('error', () => undefined);
      socket.end('hello');
    });
    follow(source, tls);
    const port = await listen(tls);
    source.set(BUNDLE, newPki.caPem);
    return { tls, port };
  }

  // A resumed session shows the leaf alone, so this holds only where it is known when it began.
  it('resumes the session of a client below an intermediate', async () => {
    const { port } = await narrowed();
    const { session } = await shake(port, client);
    const again = await shake(port, { ...client, session });
    expect(again).toMatchObject({ outcome: 'hello', isReused: true });
  });

  it('resumes it over a stream that is no socket', async () => {
    const { tls, port } = await narrowed();
    const { session } = await shake(port, client);
    const front = createNetServer((line) => {
      const stream = new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, _encoding, done) => void line.write(chunk, () => done()),
        final: (done) => void line.end(() => done()),
      });
      line.on('error', () => undefined);
      line.on('data', (chunk: Buffer) => void stream.push(chunk));
      line.on('end', () => void stream.push(null));
      tls.emit('connection', stream);
    });
    const again = await shake(await listen(front), { ...client, session });
    expect(again).toMatchObject({ outcome: 'hello', isReused: true });
  });
});
