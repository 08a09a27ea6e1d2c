import type { IncomingMessage } from 'node:http';
import { createServer, get, type RequestOptions, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LiveHttpsAgent, liveHttpsAgent } from '../../../src/client/live/https-agent.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';
import { listen, tlsIdentity, type Version } from '../support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const oldPki = createTestPki({ commonName: 'Old server CA' });
const newPki = createTestPki({ commonName: 'New server CA' });
const oldServer = oldPki.issue('old-server');
const newServer = newPki.issue('new-server');

interface Answer {
  readonly text: string;
  readonly isSessionReused: boolean;
  readonly isSocketReused: boolean;
}

function ask(port: number, agent: LiveHttpsAgent, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = get({ host: '127.0.0.1', port, agent, ...options }, (response) => {
      const { socket } = response;
      let text = '';
      response.on('data', (data: Buffer) => {
        text += data.toString();
      });
      response.on('end', () => {
        const isSessionReused = socket instanceof TLSSocket && socket.isSessionReused();
        const answer = { text, isSessionReused, isSocketReused: outgoing.reusedSocket };
        // Until the agent has its socket back.
        setImmediate(() => resolve(answer));
      });
    });
    outgoing.on('error', reject);
  });
}

/** Answers at once, or for `/slow` when told. */
function slowServer(): { server: Server; answer: () => void; waiting: () => number } {
  const held: (() => void)[] = [];
  const server = createServer(tlsIdentity(oldServer), (incoming: IncomingMessage, response) => {
    if (incoming.url === '/slow') held.push(() => response.end('slow'));
    else response.end('hello');
  });
  return {
    server,
    answer: () => held.shift()?.(),
    waiting: () => held.length,
  };
}

function newAgent(source: FakeSource, agent = {}): LiveHttpsAgent {
  const made = liveHttpsAgent(source, { bundle: BUNDLE, agent });
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

describe('liveHttpsAgent', () => {
  it('refuses to connect while nobody is trusted', async () => {
    const port = await listen(slowServer().server);
    const agent = newAgent(new FakeSource());
    await expect(ask(port, agent)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('follows the bundle without being made again', async () => {
    const source = new FakeSource();
    const port = await listen(
      createServer(tlsIdentity(newServer), (_, answer) => answer.end('new')),
    );
    const agent = newAgent(source);
    source.set(BUNDLE, oldPki.caPem);
    await expect(ask(port, agent)).rejects.toThrow();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    expect((await ask(port, agent)).text).toBe('new');
    source.set(BUNDLE, oldPki.caPem);
    await expect(ask(port, agent)).rejects.toThrow();
  });

  it('keeps connections alive and closes idle ones when their CA is removed', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const port = await listen(slowServer().server);
    const agent = newAgent(source);
    await ask(port, agent);
    expect(await ask(port, agent)).toMatchObject({ isSocketReused: true });
    source.set(BUNDLE, newPki.caPem);
    await expect(ask(port, agent)).rejects.toThrow();
    expect(Object.keys(agent.freeSockets)).toEqual([]);
  });

  it('keeps idle connections when trust only widens', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const port = await listen(slowServer().server);
    const agent = newAgent(source);
    await ask(port, agent);
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    expect(await ask(port, agent)).toMatchObject({ isSocketReused: true });
  });

  it('lets a request in flight finish and does not use its connection again', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const slow = slowServer();
    const port = await listen(slow.server);
    const agent = newAgent(source);
    const inFlight = ask(port, agent, { path: '/slow' });
    await until(() => slow.waiting() === 1);
    source.set(BUNDLE, newPki.caPem);
    slow.answer();
    expect((await inFlight).text).toBe('slow');
    await expect(ask(port, agent)).rejects.toThrow();
  });

  it('does not hand a connection whose CA was removed to a request that waits', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem, newPki.caPem);
    const slow = slowServer();
    const port = await listen(slow.server);
    const agent = newAgent(source, { maxSockets: 1 });
    const inFlight = ask(port, agent, { path: '/slow' });
    await until(() => slow.waiting() === 1);
    const waiting = ask(port, agent).then(
      () => 'answered',
      () => 'refused',
    );
    source.set(BUNDLE, newPki.caPem);
    slow.answer();
    expect((await inFlight).text).toBe('slow');
    expect(await waiting).toBe('refused');
  });

  it.each<Version>(['TLSv1.2', 'TLSv1.3'])(
    'drops %s sessions when trust narrows',
    async (version) => {
      const source = new FakeSource();
      source.set(BUNDLE, oldPki.caPem, newPki.caPem);
      const options = {
        ...tlsIdentity(oldServer),
        minVersion: version,
        maxVersion: version,
      } as const;
      const port = await listen(createServer(options, (_, answer) => answer.end('old')));
      const agent = newAgent(source, { keepAlive: false });
      await ask(port, agent);
      expect(await ask(port, agent)).toMatchObject({ isSessionReused: true });
      source.set(BUNDLE, newPki.caPem);
      await expect(ask(port, agent)).rejects.toThrow();
    },
  );

  it('ignores trust that a single request brings along', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, newPki.caPem);
    const port = await listen(slowServer().server);
    const agent = newAgent(source);
    const lax = { ca: oldPki.caPem, rejectUnauthorized: false };
    await expect(ask(port, agent, lax)).rejects.toThrow();
  });

  it('still checks that the server has the name that was asked for', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const port = await listen(slowServer().server);
    const agent = newAgent(source);
    const other = { servername: 'elsewhere.example.org' };
    await expect(ask(port, agent, other)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it('shows its own certificate, and another one after an update', async () => {
    const source = new FakeSource();
    source.set(BUNDLE, oldPki.caPem);
    const names: (string | undefined)[] = [];
    const server = createServer(
      { ...tlsIdentity(oldServer), requestCert: true, ca: [oldPki.caPem] },
      (incoming, answer) => {
        const { socket } = incoming;
        names.push(
          socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject.CN) : '',
        );
        answer.end();
      },
    );
    const port = await listen(server);
    const agent = liveHttpsAgent(source, {
      bundle: BUNDLE,
      identity: tlsIdentity(oldPki.issue('first')),
      agent: { keepAlive: false },
    });
    await ask(port, agent);
    agent.updateIdentity(tlsIdentity(oldPki.issue('second')));
    await ask(port, agent);
    expect(names).toEqual(['first', 'second']);
    expect(() => agent.updateIdentity({ cert: 'x', key: 'y' })).toThrow(
      expect.objectContaining({ code: 'CONFIG' }),
    );
  });

  it('stops listening when it is disposed', () => {
    const source = new FakeSource();
    liveHttpsAgent(source, { bundle: BUNDLE })[Symbol.dispose]();
    expect(source.listenerCount).toBe(0);
  });
});
