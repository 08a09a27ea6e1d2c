import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, createSecureServer } from 'node:http2';
import { Agent, createServer as createHttpsServer, request } from 'node:https';
import {
  type ConnectionOptions,
  connect,
  createServer,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DistrustedConnection, DistrustOptions } from '../../../src/client/live/distrust.ts';
import { liveHttpsAgent } from '../../../src/client/live/https-agent.ts';
import { liveTlsClient } from '../../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../../src/client/live/tls-server.ts';
import { createTestPki, type TestIdentity } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { as, listen, settle, tlsIdentity, until } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const serverPki = createTestPki({ commonName: 'Server CA' });
const oldPki = createTestPki({ commonName: 'Old CA' });
const newPki = createTestPki({ commonName: 'New CA' });
const secureContext = tlsIdentity(serverPki.issue('server'));
const [oldOne, newOne] = [oldPki.issue('old'), newPki.issue('new')];

/** A source that trusts both CAs, until `leave` takes the old one away. */
function bothTrusted(): FakeSource & { leave: (reason: 'revoked' | 'removed') => void } {
  const source = new FakeSource();
  source.set(BUNDLE, oldPki.caPem, newPki.caPem);
  return Object.assign(source, {
    leave: (reason: 'revoked' | 'removed') => {
      source.bury(oldPki.caPem, reason);
      source.set(BUNDLE, newPki.caPem);
    },
  });
}

function follow(source: FakeSource, server: Server, options: DistrustOptions = {}): void {
  const live = liveTlsServer(source, { bundle: BUNDLE, server, secureContext, ...options });
  server.on('tlsClientError', () => undefined);
  onTestFinished(() => live[Symbol.dispose]());
}

/** An echo over TLS, as a program with a protocol of its own would have it. */
async function echoServer(source: FakeSource, options: DistrustOptions = {}): Promise<number> {
  const server = createServer({ requestCert: true, ...secureContext }, (socket) => {
    socket.on('error', () => undefined).pipe(socket);
  });
  follow(source, server, options);
  return await listen(server);
}

function dial(port: number, identity: TestIdentity, more: ConnectionOptions = {}): TLSSocket {
  const to = { host: '127.0.0.1', port, servername: 'localhost', ...more };
  const socket = connect({ ...to, ...as(identity, serverPki.caPem) });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Says something and hears it, or says that the connection is closed. */
function echo(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    if (socket.closed) resolve('closed');
    socket.once('data', (data: Buffer) => resolve(data.toString()));
    socket.once('close', () => resolve('closed'));
    socket.write('x');
  });
}

describe('a TLS server whose CA left', () => {
  it('lets connections below a removed one drain, and keeps others', async () => {
    const source = bothTrusted();
    const port = await echoServer(source);
    const [old, other] = [dial(port, oldOne), dial(port, newOne)];
    expect([await echo(old), await echo(other)]).toEqual(['x', 'x']);
    source.leave('removed');
    expect(await echo(old)).toBe('x');
    source.clock.advance(29_999);
    expect(await echo(old)).toBe('x');
    source.clock.advance(1);
    expect(await echo(old)).toBe('closed');
    expect(await echo(other)).toBe('x');
    await until(() => source.clock.pendingTimers === 0);
  });

  it('closes connections below a revoked one at once', async () => {
    const source = bothTrusted();
    const port = await echoServer(source);
    const [old, other] = [dial(port, oldOne), dial(port, newOne)];
    await Promise.all([echo(old), echo(other)]);
    source.leave('revoked');
    expect(await echo(old)).toBe('closed');
    expect(await echo(other)).toBe('x');
  });

  it('closes what drains when its CA is revoked after all', async () => {
    const source = bothTrusted();
    const port = await echoServer(source);
    const old = dial(port, oldOne);
    await echo(old);
    source.set(BUNDLE, newPki.caPem);
    expect(await echo(old)).toBe('x');
    source.leave('revoked');
    source.set(BUNDLE, newPki.caPem, serverPki.caPem);
    expect(await echo(old)).toBe('closed');
    await until(() => source.clock.pendingTimers === 0);
  });

  it('counts the deadline from the change that began it, whatever changes until then', async () => {
    const source = bothTrusted();
    const told: string[] = [];
    const port = await echoServer(source, { onDistrusted: ({ policy }) => told.push(policy) });
    const old = dial(port, oldOne);
    await echo(old);
    source.leave('removed');
    source.clock.advance(20_000);
    source.set(BUNDLE, newPki.caPem, serverPki.caPem);
    source.clock.advance(9999);
    expect(await echo(old)).toBe('x');
    source.clock.advance(1);
    expect(await echo(old)).toBe('closed');
    expect(told).toEqual(['drain']);
  });

  it('keeps what drains when its CA is trusted again', async () => {
    const source = bothTrusted();
    const port = await echoServer(source);
    const old = dial(port, oldOne);
    await echo(old);
    source.set(BUNDLE, newPki.caPem);
    source.set(BUNDLE, newPki.caPem, oldPki.caPem);
    source.clock.advance(60_000);
    expect(await echo(old)).toBe('x');
  });

  it('tells about each connection, and does nothing else when that is the policy', async () => {
    const source = bothTrusted();
    const told: DistrustedConnection[] = [];
    const port = await echoServer(source, {
      onDistrust: { policy: 'report' },
      onDistrusted: (one) => {
        told.push(one);
        throw new Error('of the program');
      },
    });
    const [old, other] = [dial(port, oldOne), dial(port, newOne)];
    await Promise.all([echo(old), echo(other)]);
    source.leave('revoked');
    source.set(BUNDLE, newPki.caPem, serverPki.caPem);
    expect(told).toMatchObject([
      {
        ...{ bundle: BUNDLE, purpose: 'tls-client', side: 'accepted' },
        ...{ reason: 'revoked', policy: 'report', remotePort: old.localPort },
      },
    ]);
    expect(await echo(old)).toBe('x');
    const series = 'kedge_client_connections_distrusted_total accepted revoked report';
    expect(source.metrics.values.get(series)).toBe(1);
  });

  it('knows the CA of a resumed session, below an intermediate too', async () => {
    const issuing = createTestPki({ commonName: 'Issuing', shape: 'with-intermediate' });
    const source = new FakeSource();
    source.set(BUNDLE, issuing.caPem, newPki.caPem);
    const port = await echoServer(source);
    const client = issuing.issue('client');
    const first = dial(port, client);
    const session = new Promise<Buffer>((resolve) => void first.once('session', resolve));
    await echo(first);
    const second = dial(port, client, { session: await session });
    expect(await echo(second)).toBe('x');
    expect(second.isSessionReused()).toBe(true);
    source.set(BUNDLE, issuing.caPem);
    expect(await echo(second)).toBe('x');
    source.bury(issuing.caPem, 'revoked');
    source.set(BUNDLE, newPki.caPem);
    expect(await echo(second)).toBe('closed');
  });

  it('writes few lines about many connections', async () => {
    const source = bothTrusted();
    let told = 0;
    const port = await echoServer(source, {
      onDistrusted: () => {
        told += 1;
      },
    });
    const sockets = Array.from({ length: 20 }, () => dial(port, oldOne));
    await Promise.all(sockets.map(echo));
    source.leave('revoked');
    const lines = source.logger.events.filter(({ event }) => event === 'connection.distrusted');
    expect(told).toBe(20);
    expect(lines.length).toBe(17);
    expect(lines.at(-1)).toMatchObject({ connections: 4 });
  });

  it('follows a policy for each reason', async () => {
    const source = bothTrusted();
    const port = await echoServer(source, { onDistrust: { removed: { policy: 'close' } } });
    const old = dial(port, oldOne);
    await echo(old);
    source.leave('removed');
    expect(await echo(old)).toBe('closed');
  });

  it('refuses a policy that cannot be', () => {
    const source = new FakeSource();
    const server = createServer({ requestCert: true });
    for (const withinMs of [-1, 1.5, 2 ** 31, Number.NaN]) {
      const onDistrust = { policy: 'drain', withinMs } as const;
      expect(() =>
        liveTlsServer(source, { bundle: BUNDLE, server, secureContext, onDistrust }),
      ).toThrow(expect.objectContaining({ code: 'CONFIG' }));
    }
    expect(source.listenerCount).toBe(0);
  });
});

interface SlowServer {
  readonly port: number;
  /** Requests that wait. */
  readonly waiting: (() => void)[];
}

/** An HTTPS server below `oldPki` that demands clients and answers `/slow` when told. */
async function slowServer(
  prepare: (server: Server) => void = () => undefined,
): Promise<SlowServer> {
  const waiting: (() => void)[] = [];
  const options = { ...tlsIdentity(oldPki.issue('server')), requestCert: true };
  const server = createHttpsServer({ ...options, ca: [oldPki.caPem] }, (incoming, response) => {
    if (incoming.url === '/slow') waiting.push(() => response.end('slow'));
    else response.end('fast');
  });
  prepare(server);
  return { port: await listen(server), waiting };
}

/** The answer, or why there is none. */
function ask(port: number, agent: Agent, path: string): Promise<string> {
  return new Promise((resolve) => {
    const to = { host: '127.0.0.1', port, path, agent, servername: 'localhost' };
    const outgoing = request(to, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => {
        text += data.toString();
      });
      response.on('error', (error) => resolve(error.message));
      response.on('end', () => setImmediate(() => resolve(text)));
    });
    outgoing.on('error', (error: Error & { code?: string }) =>
      resolve(error.code ?? error.message),
    );
    outgoing.end();
  });
}

describe('an HTTPS server whose CA left', () => {
  async function setUp(): Promise<
    { source: ReturnType<typeof bothTrusted>; agent: Agent } & SlowServer
  > {
    const source = bothTrusted();
    const slow = await slowServer((server) => {
      const live = liveTlsServer(source, {
        ...{ bundle: BUNDLE, server, secureContext: tlsIdentity(oldPki.issue('server')) },
      });
      onTestFinished(() => live[Symbol.dispose]());
    });
    const agent = new Agent({ keepAlive: true, ...as(oldOne, oldPki.caPem), maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    return { source, agent, ...slow };
  }

  it('lets a request in flight end', async () => {
    const { source, agent, port, waiting } = await setUp();
    const first = ask(port, agent, '/slow');
    await until(() => waiting.length === 1);
    source.leave('removed');
    source.clock.advance(29_999);
    waiting[0]?.();
    expect(await first).toBe('slow');
    expect(await ask(port, agent, '/fast')).not.toBe('fast');
  });

  it('breaks a request in flight at the deadline', async () => {
    const { source, agent, port, waiting } = await setUp();
    const busy = ask(port, agent, '/slow');
    await until(() => waiting.length === 1);
    source.leave('removed');
    source.clock.advance(29_999);
    expect(await Promise.race([busy, settle().then(() => 'open')])).toBe('open');
    source.clock.advance(1);
    expect(await busy).toBe('ECONNRESET');
  });

  it('tells the client with the answer under way that the connection ends', async () => {
    const { source, agent, port, waiting } = await setUp();
    const connectionHeader = new Promise((resolve) => {
      const to = { host: '127.0.0.1', port, path: '/slow', agent, servername: 'localhost' };
      request(to, (response) => {
        response.resume();
        resolve(response.headers.connection);
      }).end();
    });
    await until(() => waiting.length === 1);
    source.leave('removed');
    waiting[0]?.();
    expect(await connectionHeader).toBe('close');
  });

  it('breaks a request in flight below a revoked CA, and an idle connection', async () => {
    const { source, agent, port, waiting } = await setUp();
    expect(await ask(port, agent, '/fast')).toBe('fast');
    const busy = ask(port, agent, '/slow');
    await until(() => waiting.length === 1);
    source.leave('revoked');
    expect(await busy).toBe('ECONNRESET');
  });
});

describe('an HTTP/2 server whose CA left', () => {
  async function setUp(): Promise<{
    source: ReturnType<typeof bothTrusted>;
    session: ClientHttp2Session;
    waiting: (() => void)[];
    ask: () => Promise<string>;
  }> {
    const source = bothTrusted();
    const server = createSecureServer({ requestCert: true, ...secureContext });
    const waiting: (() => void)[] = [];
    server.on('sessionError', () => undefined);
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      waiting.push(() => {
        stream.respond();
        stream.end('slow');
      });
    });
    follow(source, server);
    const port = await listen(server);
    const session = connectHttp2(`https://127.0.0.1:${port}`, {
      ...as(oldOne, serverPki.caPem),
      servername: 'localhost',
    });
    session.on('error', () => undefined);
    onTestFinished(() => session.destroy());
    const ask = (): Promise<string> =>
      new Promise((resolve) => {
        const stream = session.request();
        let text = '';
        stream.on('data', (data: Buffer) => {
          text += data.toString();
        });
        stream.on('error', (error: Error) => resolve(error.message));
        stream.on('close', () => resolve(text === '' ? 'broken' : text));
        stream.end();
      });
    return { source, session, waiting, ask };
  }

  it('tells its clients to go away and lets streams end', async () => {
    const { source, session, waiting, ask } = await setUp();
    const inFlight = ask();
    await until(() => waiting.length === 1);
    const told = once(session, 'goaway');
    source.leave('removed');
    await told;
    expect(() => session.request()).toThrow();
    waiting[0]?.();
    expect(await inFlight).toBe('slow');
    await until(() => session.destroyed);
    await until(() => source.clock.pendingTimers === 0);
  });

  it('breaks streams at the deadline', async () => {
    const { source, waiting, ask } = await setUp();
    const inFlight = ask();
    await until(() => waiting.length === 1);
    source.leave('removed');
    source.clock.advance(29_999);
    await settle();
    source.clock.advance(1);
    expect(await inFlight).not.toBe('slow');
  });

  it('breaks streams below a revoked CA at once', async () => {
    const { source, waiting, ask } = await setUp();
    const inFlight = ask();
    await until(() => waiting.length === 1);
    source.leave('revoked');
    expect(await inFlight).not.toBe('slow');
  });
});

describe('an HTTPS agent whose CA left', () => {
  const options = { bundle: BUNDLE, identity: tlsIdentity(oldOne) };

  it('lets a request in flight end, and breaks it at the deadline', async () => {
    const source = bothTrusted();
    const { port, waiting } = await slowServer();
    using agent = liveHttpsAgent(source, options);
    const [first, second] = [ask(port, agent, '/slow'), ask(port, agent, '/slow')];
    await until(() => waiting.length === 2);
    source.leave('removed');
    source.clock.advance(29_999);
    waiting[0]?.();
    const answered = await Promise.race([first, second]);
    expect(answered).toBe('slow');
    source.clock.advance(1);
    const both = await Promise.all([first, second]);
    expect(both.toSorted()).toEqual(['UNAVAILABLE', 'slow']);
  });

  it('breaks a request in flight below a revoked CA', async () => {
    const source = bothTrusted();
    const { port, waiting } = await slowServer();
    using agent = liveHttpsAgent(source, options);
    const inFlight = ask(port, agent, '/slow');
    await until(() => waiting.length === 1);
    source.leave('revoked');
    expect(await inFlight).toBe('UNAVAILABLE');
  });

  it('keeps connections that rest on another CA', async () => {
    const source = bothTrusted();
    const { port } = await slowServer();
    using agent = liveHttpsAgent(source, options);
    expect(await ask(port, agent, '/fast')).toBe('fast');
    source.bury(newPki.caPem, 'revoked');
    source.set(BUNDLE, oldPki.caPem);
    expect(Object.values(agent.freeSockets).flat().length).toBe(1);
    expect(await ask(port, agent, '/fast')).toBe('fast');
  });
});

describe('a TLS client whose CA left', () => {
  async function setUp(): Promise<{ source: ReturnType<typeof bothTrusted>; port: number }> {
    const server = createServer(tlsIdentity(oldPki.issue('server')), (socket) => {
      socket.on('error', () => undefined).pipe(socket);
    });
    return { source: bothTrusted(), port: await listen(server) };
  }
  const to = (port: number) => ({ host: '127.0.0.1', port, servername: 'localhost' });

  it('closes connections at the deadline, or at once, and says why', async () => {
    for (const [reason, advanceMs] of [
      ['removed', 30_000],
      ['revoked', 0],
    ] as const) {
      const { source, port } = await setUp();
      using live = liveTlsClient(source, { bundle: BUNDLE });
      const socket = live.connect(to(port));
      const failed = new Promise<unknown>((resolve) => void socket.once('error', resolve));
      expect(await echo(socket)).toBe('x');
      source.leave(reason);
      if (reason === 'removed') expect(await echo(socket)).toBe('x');
      source.clock.advance(advanceMs);
      expect(await failed).toMatchObject({ code: 'UNAVAILABLE' });
    }
  });

  it('does the same with a connection that was opened by somebody else', async () => {
    const { source, port } = await setUp();
    using live = liveTlsClient(source, { bundle: BUNDLE });
    const sockets = [1, 2].map(() => connect({ ...to(port), ...live.connectOptions() }));
    const [early, late] = sockets;
    if (early === undefined || late === undefined) throw new Error('no sockets');
    live.adopt(early);
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      expect(await echo(socket)).toBe('x');
    }
    live.adopt(late);
    source.leave('revoked');
    expect(await Promise.all(sockets.map(echo))).toEqual(['closed', 'closed']);
  });

  it('closes a connection that was opened with a resumed session', async () => {
    const { source, port } = await setUp();
    using live = liveTlsClient(source, { bundle: BUNDLE });
    const first = live.connect(to(port));
    const session = once(first, 'session');
    expect(await echo(first)).toBe('x');
    await session;
    const second = live.connect(to(port));
    second.on('error', () => undefined);
    expect(await echo(second)).toBe('x');
    expect(second.isSessionReused()).toBe(true);
    first.on('error', () => undefined);
    source.leave('revoked');
    expect(await Promise.all([echo(first), echo(second)])).toEqual(['closed', 'closed']);
  });
});
