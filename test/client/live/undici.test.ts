import { createServer } from 'node:https';
import { Agent, type Dispatcher, request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DistrustOptions } from '../../../src/client/live/distrust.ts';
import { type LiveUndiciConnector, liveUndiciConnector } from '../../../src/client/live/undici.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { listen, tlsIdentity, until } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const oldPki = createTestPki({ commonName: 'Old server CA' });
const newPki = createTestPki({ commonName: 'New server CA' });

interface Setup {
  readonly source: FakeSource;
  readonly live: LiveUndiciConnector;
  readonly agent: Agent;
  /** Requests for `/slow` that wait for their answer. */
  readonly waiting: (() => void)[];
  readonly connections: () => number;
  /** How many of them resumed a session. */
  readonly resumed: () => number;
  ask(path: string): Promise<string>;
}

async function setUp({
  onDistrust,
  onDistrusted,
  ...pool
}: DistrustOptions & Agent.Options = {}): Promise<Setup> {
  const source = new FakeSource();
  source.set(BUNDLE, oldPki.caPem, newPki.caPem);
  const waiting: (() => void)[] = [];
  let connections = 0;
  let resumed = 0;
  const server = createServer(tlsIdentity(oldPki.issue('server')), (incoming, response) => {
    if (incoming.url === '/slow') waiting.push(() => response.end('slow'));
    else response.end('fast');
  });
  server.on('secureConnection', (socket) => {
    connections += 1;
    if (socket.isSessionReused()) resumed += 1;
  });
  const port = await listen(server);
  const live = liveUndiciConnector(source, {
    bundle: BUNDLE,
    ...(onDistrust !== undefined && { onDistrust }),
    ...(onDistrusted !== undefined && { onDistrusted }),
  });
  const agent = new Agent({ connect: live.connect, ...pool });
  onTestFinished(async () => {
    live[Symbol.dispose]();
    await agent.destroy();
  });
  const ask = async (path: string): Promise<string> => {
    try {
      const { body }: Dispatcher.ResponseData = await request(`https://localhost:${port}${path}`, {
        dispatcher: agent,
      });
      return await body.text();
    } catch (thrown) {
      return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    }
  };
  const counts = { connections: () => connections, resumed: () => resumed };
  return { source, live, agent, waiting, ...counts, ask };
}

describe('liveUndiciConnector', () => {
  it('follows the bundle while connections are kept alive', async () => {
    const { source, ask, connections } = await setUp({ connections: 1 });
    expect(await ask('/')).toBe('fast');
    source.set(BUNDLE, oldPki.caPem);
    expect(await ask('/')).toBe('fast');
    expect(connections()).toBe(1);
    source.set(BUNDLE, newPki.caPem);
    expect(await ask('/')).not.toBe('fast');
    source.set(BUNDLE, oldPki.caPem);
    expect(await ask('/')).toBe('fast');
    expect(connections()).toBe(2);
  });

  it('resumes sessions of the same set and none of another', async () => {
    const { source, ask, connections, resumed } = await setUp({ pipelining: 0 });
    for (const count of [1, 2]) {
      expect(await ask('/')).toBe('fast');
      await until(() => connections() === count);
    }
    expect(resumed()).toBe(1);
    source.set(BUNDLE, oldPki.caPem);
    expect(await ask('/')).toBe('fast');
    expect([connections(), resumed()]).toEqual([3, 1]);
    source.set(BUNDLE, newPki.caPem);
    expect(await ask('/')).toMatch(/SELF_SIGNED|UNABLE_TO/);
    expect(connections()).toBe(3);
  });

  it('refuses to connect while nobody is trusted, and to what is not HTTPS', async () => {
    const { source, ask, agent } = await setUp();
    source.set(BUNDLE);
    expect(await ask('/')).toBe('UNAVAILABLE');
    await expect(request('http://localhost:1/', { dispatcher: agent })).rejects.toMatchObject({
      code: 'CONFIG',
    });
  });

  it('lets a request in flight end and sends the next one elsewhere', async () => {
    const { source, ask, waiting, connections } = await setUp({ connections: 1 });
    const inFlight = ask('/slow');
    await until(() => waiting.length === 1);
    const next = ask('/');
    source.bury(oldPki.caPem, 'removed');
    source.set(BUNDLE, newPki.caPem);
    source.clock.advance(29_999);
    waiting[0]?.();
    expect(await inFlight).toBe('slow');
    expect(await next).not.toBe('fast');
    expect(connections()).toBe(1);
  });

  it('breaks a request in flight at the deadline', async () => {
    const { source, ask, waiting } = await setUp();
    const inFlight = ask('/slow');
    await until(() => waiting.length === 1);
    source.set(BUNDLE, newPki.caPem);
    source.clock.advance(30_000);
    expect(await inFlight).toBe('UNAVAILABLE');
  });

  it('breaks a request in flight below a revoked CA', async () => {
    const { source, ask, waiting } = await setUp();
    const inFlight = ask('/slow');
    await until(() => waiting.length === 1);
    source.bury(oldPki.caPem, 'revoked');
    source.set(BUNDLE, newPki.caPem);
    expect(await inFlight).toBe('UNAVAILABLE');
  });

  it('goes on when it is to report', async () => {
    let told = 0;
    const { source, ask, connections } = await setUp({
      connections: 1,
      onDistrust: { policy: 'report' },
      onDistrusted: () => {
        told += 1;
      },
    });
    await ask('/');
    source.set(BUNDLE, newPki.caPem);
    expect([await ask('/'), told, connections()]).toEqual(['fast', 1, 1]);
  });

  it('stops listening when it is disposed', () => {
    const source = new FakeSource();
    liveUndiciConnector(source, { bundle: BUNDLE })[Symbol.dispose]();
    expect(source.listenerCount).toBe(0);
  });
});
