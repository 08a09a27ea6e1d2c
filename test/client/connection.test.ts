/**
 * What a source does with connections: behind a proxy that cuts them, and when it is closed.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBundleSource } from '../../src/client/source.ts';
import { type TestRealm, testRealm } from '../../src/testing/index.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { startProxy } from './support/proxy.ts';
import { until } from './support/source.ts';

const BACKOFF = { initialMs: 5, maxMs: 20 };
const FOR_EVER_MS = 2 ** 31 - 1;

describe('a source behind a proxy that cuts idle connections', () => {
  it('comes back each time without a change of state, and misses nothing', async () => {
    const realm = makeRealm();
    const endpoint = await realm.listen();
    const old = realm.authority('Old CA');
    await realm.publish({ active: [old] });
    const port = Number(endpoint.address.split(':')[1]);
    const proxy = await startProxy(port, { idleMs: 400 });
    await using source = await openBundleSource({
      ...endpoint.options,
      // A loaded machine may be so slow that a handshake looks idle: three attempts count.
      endpoints: [proxy.endpoint, proxy.endpoint, proxy.endpoint],
      backoff: BACKOFF,
    });
    await source.ready({ until: 'fresh', timeoutMs: 15_000 });
    await until(() => source.status().state === 'online');
    const told: string[] = [];
    source.onState(({ of, state }) => void told.push(`${of} ${state}`));
    await until(() => proxy.cuts() >= 2, 'two cuts');
    await realm.publish({ active: [old], staged: [realm.authority('New CA')] });
    await until(() => source.bundles().get(realm.bundles[0] ?? '')?.sequence === 2);
    await until(() => proxy.cuts() >= 4, 'four cuts');
    expect(told).toEqual(['source online', 'bundle fresh']);
  });
});

describe('a source of a node that sends a byte at a time', () => {
  it('goes to the next one (H02)', async () => {
    const realm = makeRealm();
    const endpoint = await realm.listen();
    await realm.publish({ active: [realm.authority('Old CA')] });
    const port = Number(endpoint.address.split(':')[1]);
    const slow = await startProxy(port, { byteEveryMs: 20 });
    await using source = await openBundleSource({
      ...endpoint.options,
      endpoints: [slow.endpoint, endpoint.address],
      connectTimeoutMs: 500,
      answerTimeoutMs: 10_000,
      backoff: BACKOFF,
    });
    await source.ready({ timeoutMs: 15_000 });
    expect(source.status().endpoint).toBe(endpoint.address);
  });
});

describe('closing a source', () => {
  it('ends an attempt to connect that nobody answers, and its socket', async () => {
    const hole = await blackHole();
    const source = await openBundleSource(optionsFor(makeRealm(), hole.endpoint));
    await until(() => hole.open.size > 0, 'the attempt');
    await source.close();
    await until(() => hole.open.size === 0, 'the end of the socket');
  });

  it('ends it at whichever moment of connecting it comes', async () => {
    const realm = makeRealm();
    const endpoint = await realm.listen();
    await realm.publish({ active: [realm.authority('Old CA')] });
    await using dir = await createTempDir();
    const { cert, key, ca } = endpoint.options.tls;
    const tls = {
      certFile: await dir.write('program.crt', cert),
      keyFile: await dir.write('program.key', key),
      caFile: await dir.write('ca.crt', ca),
    };
    for (let turns = 0; turns < 60; turns += 1) {
      const source = await openBundleSource({
        ...endpoint.options,
        tls,
        connectTimeoutMs: FOR_EVER_MS,
        answerTimeoutMs: FOR_EVER_MS,
        silenceTimeoutMs: FOR_EVER_MS,
      });
      for (let turn = 0; turn < turns; turn += 1) await new Promise((next) => setImmediate(next));
      await source.close();
    }
  });

  it('ends the wait for the next attempt', async () => {
    const source = await openBundleSource({
      ...optionsFor(makeRealm(), '127.0.0.1:1'),
      backoff: { initialMs: FOR_EVER_MS, maxMs: FOR_EVER_MS },
    });
    await until(() => source.status().lastError !== undefined, 'the first failure');
    await source.close();
    await source.close();
  });

  it('ends an open connection when its block ends, and whoever waits or iterates', async () => {
    const realm = makeRealm();
    const endpoint = await realm.listen();
    await realm.publish({ active: [realm.authority('Old CA')] });
    await using dir = await createTempDir();
    const ended: string[] = [];
    const waits: Promise<unknown>[] = [];
    {
      await using source = await openBundleSource({ ...endpoint.options, cacheDir: dir.path });
      await source.ready({ timeoutMs: 15_000 });
      const changes = source.changes();
      await changes.next();
      waits.push(changes.next().then(({ done }) => ended.push(`iterator ${String(done)}`)));
    }
    await Promise.all(waits);
    expect(ended).toEqual(['iterator true']);
  });

  it('says what to look at when nobody is there', async () => {
    await using source = await openBundleSource(optionsFor(makeRealm(), '127.0.0.1:1'));
    await expect(source.ready({ timeoutMs: 1_500 })).rejects.toMatchObject({
      detail: { hint: expect.stringContaining('nothing listens there') },
    });
  });

  it('says which listener a program needs when it got to another one', async () => {
    const server = new Server();
    onTestFinished(() => server.forceShutdown());
    const port = await promisify(server.bindAsync).call(
      server,
      '127.0.0.1:0',
      ServerCredentials.createInsecure(),
    );
    await using source = await openBundleSource(optionsFor(makeRealm(), `127.0.0.1:${port}`));
    await until(() => source.status().lastError !== undefined, 'the first failure');
    expect(source.status().lastError?.detail['hint']).toContain('give the listener of clients');
  });

  it('gives up a wait for ready', async () => {
    const source = await openBundleSource(optionsFor(makeRealm(), '127.0.0.1:1'));
    const waits = expect(source.ready()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await source[Symbol.asyncDispose]();
    await waits;
  });
});

function makeRealm(): TestRealm {
  const realm = testRealm();
  onTestFinished(() => realm[Symbol.asyncDispose]());
  return realm;
}

function optionsFor(realm: TestRealm, endpoint: string): Parameters<typeof openBundleSource>[0] {
  return {
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    endpoints: [endpoint],
    insecure: true,
    bundles: realm.bundles,
    connectTimeoutMs: FOR_EVER_MS,
    answerTimeoutMs: FOR_EVER_MS,
  };
}

/** Takes connections and says nothing. */
async function blackHole(): Promise<{ endpoint: string; open: ReadonlySet<Socket> }> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return { endpoint: `127.0.0.1:${address.port}`, open };
}
