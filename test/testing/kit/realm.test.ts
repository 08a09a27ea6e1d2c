import { once } from 'node:events';
import { createServer as createHttpsServer, get } from 'node:https';
import { createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type BundleSource,
  liveHttpsAgent,
  liveTlsServer,
  openBundleSource,
} from '../../../src/index.ts';
import { type TestAuthority, type TestRealm, testRealm } from '../../../src/testing/index.ts';
import { until } from '../../client/support/source.ts';
import { listen, shake } from '../../client/support/tls.ts';

const BUNDLE = 'payments.test.example.org';

describe('testRealm', () => {
  it('rotates an authority in a running server, step by step', async () => {
    const { realm, old, source } = await started();
    const next = realm.authority('Next CA');
    const { port, ca } = await serve(realm, source);
    const as = (authority: TestAuthority) => shake(port, { ...authority.issue('client'), ca });
    await realm.publish({ active: [old], staged: [next] });
    expect((await as(next)).outcome).not.toBe('hello');
    await realm.publish({ active: [next], retiring: [old] });
    expect((await as(next)).outcome).toBe('hello');
    expect((await as(old)).outcome).toBe('hello');
    await realm.publish({ active: [next] });
    expect((await as(old)).outcome).not.toBe('hello');
    expect((await as(next)).outcome).toBe('hello');
  });

  it('revokes an authority at once', async () => {
    const { realm, old, source } = await started();
    const next = realm.authority('Next CA');
    await realm.publish({ active: [old, next] });
    const published = await realm.publish({ active: [next], revoked: [old] });
    expect(published).toMatchObject({ bundle: BUNDLE, sequence: 3 });
    expect(source.bundle(BUNDLE)?.digest).toBe(published.digest);
    expect(source.bundle(BUNDLE)?.caPems('tls-server')).toEqual([next.caPem]);
    await expect(realm.publish({ active: [next, old] })).rejects.toMatchObject({
      code: 'LIFECYCLE',
    });
  });

  it('refuses what a node would refuse, and publishes nothing then', async () => {
    const { realm, old, source } = await started();
    const next = realm.authority('Next CA');
    const name = (label: string): RegExp => new RegExp(`^anchor "${label}" \\([0-9a-f]{16}\\) `);
    await expect(realm.publish({ active: [next] })).rejects.toMatchObject({
      ...{ code: 'LIFECYCLE', message: expect.stringMatching(name(old.name)) },
    });
    await expect(realm.publish({ retiring: [old] })).rejects.toMatchObject({
      ...{ code: 'LIFECYCLE', message: expect.stringMatching(name(old.name)) },
    });
    await expect(realm.publish({ bundle: 'other', active: [] })).rejects.toMatchObject({
      code: 'CONFIG',
    });
    for (const content of [{ revoked: [old] }, { retiring: [old] }, { staged: [old] }]) {
      await expect(realm.publish({ active: [next, old], ...content })).rejects.toMatchObject({
        code: 'CONFIG',
        message: 'Old CA is named with two states',
      });
    }
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
    const { sequence } = await realm.publish({ active: [old, next] });
    expect(sequence).toBe(2);
  });

  it('forks a bundle, which then takes nothing newer', async () => {
    const { realm, old, source } = await started();
    await realm.fork();
    expect(source.status().bundles[0]?.state).toBe('forked');
    await expect(realm.publish({ active: [old] })).rejects.toMatchObject({ code: 'FORK' });
    const late = await realm.source();
    await realm.clock.advance(0);
    expect(late.status().bundles[0]?.state).toBe('forked');
  });

  it('tells the program under test what the program can do with a release', async () => {
    const { realm, old, source } = await started();
    source.onSwap(() => {
      throw new Error('cannot be used');
    });
    await realm.publish({ active: [old], note: 'next' });
    expect(source.status().bundles[0]?.lastError?.message).toContain('cannot be used');
  });

  it('moves through a month in little time', async () => {
    const { realm, source } = await started();
    await realm.clock.advance(29 * 86_400_000);
    expect(source.status().bundles[0]?.state).toBe('fresh');
    await realm.clock.advance(2 * 86_400_000);
    expect(source.status().bundles[0]?.state).toBe('expired');
  });

  it('serves several bundles to several sources', async () => {
    const realm = makeRealm({ bundles: ['web', 'mail'] });
    const web = realm.authority('Web');
    const mail = realm.authority('Mail');
    await realm.publish({ active: [web], purposes: ['tls-server'] });
    const one = await realm.source();
    const two = await realm.source({ bundles: ['mail'] });
    await realm.publish({ bundle: 'mail', active: [mail] });
    expect((await one.ready()).size).toBe(2);
    expect((await two.ready()).size).toBe(1);
    expect(one.bundle('web')?.caPems('tls-client')).toEqual([]);
    expect(two.bundle('mail')?.caPems('tls-client')).toEqual([mail.caPem]);
  });

  it('opens no source for a bundle that it does not have', async () => {
    const realm = makeRealm();
    await expect(realm.source({ bundles: [BUNDLE, 'nope'] })).rejects.toMatchObject({
      code: 'CONFIG',
      message: 'the test realm has no bundle nope: name it in bundles',
    });
  });

  it('serves programs that open their source themselves, over mTLS', async () => {
    const realm = makeRealm();
    const old = realm.authority('Old CA');
    const endpoint = await realm.listen();
    await realm.publish({ active: [old] });
    await using source = await openBundleSource({
      ...endpoint.options,
      backoff: { initialMs: 10, maxMs: 50 },
    });
    await source.ready({ timeoutMs: 10_000 });
    const server = createHttpsServer(old.issue('server'), (_, answer) => answer.end('hello'));
    const port = await listen(server);
    using agent = liveHttpsAgent(source, { bundle: BUNDLE });
    const call = get({ host: 'localhost', port, agent });
    const [answer] = (await once(call, 'response')) as [NodeJS.ReadableStream];
    expect(await textOf(answer)).toBe('hello');
    await realm.goOffline();
    await until(() => source.status().state === 'offline');
    await realm.goOnline();
    await until(() => source.status().state === 'online');
    const { sequence } = await realm.publish({ active: [old], note: 'again' });
    expect(source.bundle(BUNDLE)?.sequence).toBe(sequence);
  });
});

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function makeRealm(options: Parameters<typeof testRealm>[0] = {}): TestRealm {
  const realm = testRealm(options);
  onTestFinished(() => realm[Symbol.asyncDispose]());
  return realm;
}

async function started(): Promise<{ realm: TestRealm; old: TestAuthority; source: BundleSource }> {
  const realm = makeRealm();
  const old = realm.authority('Old CA');
  await realm.publish({ active: [old] });
  const source = await realm.source();
  await source.ready();
  return { realm, old, source };
}

/** A TLS server that says hello to clients that the source trusts. */
async function serve(
  realm: TestRealm,
  source: BundleSource,
): Promise<{ readonly port: number; readonly ca: string }> {
  const own = realm.authority('Servers');
  const secureContext = own.issue('server');
  const server = createServer({ ...secureContext, requestCert: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  server.on('tlsClientError', () => undefined);
  const live = liveTlsServer(source, { bundle: BUNDLE, server, secureContext });
  onTestFinished(() => live[Symbol.dispose]());
  return { port: await listen(server), ca: own.caPem };
}
