/**
 * The states of a source and its bundles: each told once, counted, and what it does to trust.
 */
import { createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { liveTlsServer } from '../../src/client/live/tls-server.ts';
import type { BundleSource } from '../../src/client/source.ts';
import { BUNDLE_STATES } from '../../src/client/states/status.ts';
import { type TestRealm, type TestSourceOptions, testRealm } from '../../src/testing/index.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { recordingLogger, recordingMetrics } from './support/source.ts';
import { listen, shake } from './support/tls.ts';

const BUNDLE = 'payments.test.example.org';
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('the states of a source', () => {
  it('are told as they are, then once per change', async () => {
    const realm = makeRealm();
    const source = await realm.source();
    const told = follow(source);
    expect(told.splice(0)).toEqual(['source connecting', 'bundle waiting']);
    await realm.clock.advance(0);
    expect(told.splice(0)).toEqual(['source connecting > online']);
    await realm.publish(old(realm));
    expect(told.splice(0)).toEqual(['bundle waiting > fresh']);
    await realm.publish({ ...old(realm), staged: [realm.authority('New')] });
    await realm.clock.advance(9 * MINUTE_MS);
    expect(told).toEqual([]);
    expect(follow(source)).toEqual(['source online', 'bundle fresh']);
  });

  it('go from fresh over offline and stale to expired, and back at once', async () => {
    const { realm, source, told } = await ready({ validForMs: DAY_MS });
    await realm.goOffline();
    expect(told).toEqual([]);
    await realm.clock.advance(SECOND_MS);
    expect(told.splice(0)).toEqual(['source online > offline', 'bundle fresh > offline']);
    await realm.clock.advance(10 * MINUTE_MS);
    expect(told.splice(0)).toEqual(['bundle offline > stale']);
    await realm.clock.advance(DAY_MS);
    expect(told.splice(0)).toEqual(['bundle stale > expired']);
    expect(source.status()).toMatchObject({ state: 'offline', bundles: [{ isExpired: true }] });
    // Fail static: nothing of that took anything away.
    expect(source.bundle(BUNDLE)?.caPems('tls-server')).toHaveLength(1);
    await realm.goOnline();
    expect(told.splice(0)).toEqual(['source offline > online']);
    await realm.publish({ ...old(realm), validForMs: DAY_MS });
    expect(told.splice(0)).toEqual(['bundle expired > fresh']);
  });

  it('stay as they are when a connection is cut and the next attempt succeeds', async () => {
    const { realm, source, told } = await ready();
    await realm.goOffline();
    await realm.goOnline();
    await realm.clock.advance(SECOND_MS);
    expect(source.status().isConnected).toBe(true);
    expect(told).toEqual([]);
  });

  it('say that a bundle is forked, whatever else it is', async () => {
    const { realm, source, told } = await ready({ validForMs: DAY_MS });
    await realm.fork();
    expect(told.splice(0)).toEqual(['bundle fresh > forked']);
    await realm.goOffline();
    await realm.clock.advance(2 * DAY_MS);
    expect(told).toEqual(['source online > offline']);
    const [status] = source.status().bundles;
    expect(status).toMatchObject({ state: 'forked', isExpired: true, commonSequence: 0 });
    expect(source.bundle(BUNDLE)?.caPems('tls-server')).toHaveLength(1);
  });

  it('are one gauge each, of which one is 1', async () => {
    const metrics = recordingMetrics();
    const { realm } = await ready({}, { metrics });
    const gauge = (state: string): number | undefined =>
      metrics.values.get(`kedge_client_bundle_state ${BUNDLE} ${state}`);
    expect(BUNDLE_STATES.filter((state) => gauge(state) === 1)).toEqual(['fresh']);
    expect(metrics.values.get('kedge_client_offline')).toBe(0);
    await realm.goOffline();
    await realm.clock.advance(SECOND_MS);
    expect(BUNDLE_STATES.filter((state) => gauge(state) === 1)).toEqual(['offline']);
    expect(BUNDLE_STATES.filter((state) => gauge(state) === undefined)).toEqual([]);
    expect(metrics.values.get('kedge_client_offline')).toBe(1);
    const expiresSeconds = metrics.values.get(`kedge_client_bundle_expires_seconds ${BUNDLE}`) ?? 0;
    expect(expiresSeconds * 1000).toBeGreaterThan(realm.clock.nowMs());
  });

  it('begin with what the copy on disk allows', async () => {
    await using dir = await createTempDir();
    const { realm, source } = await ready({ validForMs: DAY_MS }, { cacheDir: dir.path });
    await source.close();
    await realm.goOffline();
    const again = await realm.source({ cacheDir: dir.path });
    const told = follow(again);
    await realm.clock.advance(0);
    expect(told.at(-1)).toMatch(/^bundle (fresh > )?offline$/);
    expect(again.bundle(BUNDLE)?.sequence).toBe(1);
    await realm.clock.advance(2 * DAY_MS);
    const late = follow(await realm.source({ cacheDir: dir.path }));
    expect(late.filter((line) => line.startsWith('bundle'))).toEqual(['bundle expired']);
  });

  it('are told to the others when one listener throws', async () => {
    const logger = recordingLogger();
    const { realm, source } = await ready({}, { logger });
    const broken = source.onState(() => {
      throw new Error('cannot');
    });
    const told = follow(source);
    await realm.fork();
    expect(told.at(-1)).toBe('bundle fresh > forked');
    broken[Symbol.dispose]();
    const failures = logger.events.filter(({ event }) => event === 'listener.failed');
    expect(failures).toHaveLength(3);
  });

  it('are not told any more once the source is closed', async () => {
    const { realm, source, told } = await ready();
    await source.close();
    await realm.clock.advance(DAY_MS);
    expect(told).toEqual([]);
  });

  it('may be asked for by a listener, and changed by what it does', async () => {
    const { realm, source, told } = await ready();
    const seen: string[] = [];
    source.onState(({ state }) => {
      seen.push(`${state} ${source.status().bundles[0]?.state ?? ''}`);
      if (state === 'forked') void source.close();
    });
    await realm.fork();
    expect(seen).toEqual(['online fresh', 'fresh fresh', 'forked forked']);
    expect(told).toEqual(['bundle fresh > forked']);
  });
});

describe("onExpired: 'fail'", () => {
  it('takes all trust away when the release expires, and tells', async () => {
    const logger = recordingLogger();
    const { realm, source, told } = await ready(
      { validForMs: DAY_MS },
      { onExpired: 'fail', logger },
    );
    const changes = source.changes();
    await changes.next();
    const sealed = source.bundle(BUNDLE);
    const { port, identity, ca } = await serveBy(realm, source);
    expect((await shake(port, { ...identity, ca })).outcome).toBe('hello');
    await realm.clock.advance(DAY_MS);
    expect(told.splice(0)).toEqual(['bundle fresh > expired']);
    expect((await shake(port, { ...identity, ca })).outcome).not.toBe('hello');
    expect(source.bundle(BUNDLE)?.caPems('tls-client')).toEqual([]);
    expect(source.bundle(BUNDLE)?.anchors[0]?.withheld?.reason).toBe('expired');
    expect(source.status().bundles[0]).toMatchObject({ state: 'expired', withheldAnchors: 1 });
    const { value } = await changes.next();
    expect([value?.bundle.sequence, value?.previous]).toEqual([1, sealed]);
    expect(logger.events.filter(({ event }) => event === 'bundle.expired')).toHaveLength(1);
    await realm.publish({ ...old(realm), validForMs: DAY_MS });
    expect(told.splice(0)).toEqual(['bundle expired > fresh']);
    expect((await shake(port, { ...identity, ca })).outcome).toBe('hello');
  });

  it('hides behind no other state', async () => {
    const { realm, told } = await ready({ validForMs: DAY_MS }, { onExpired: 'fail' });
    await realm.fork();
    await realm.clock.advance(DAY_MS);
    expect(told).toEqual(['bundle fresh > forked', 'bundle forked > expired']);
  });

  it('starts with nobody trusted from a copy that expired meanwhile', async () => {
    await using dir = await createTempDir();
    const { realm, source } = await ready({ validForMs: DAY_MS }, { cacheDir: dir.path });
    await source.close();
    await realm.goOffline();
    await realm.clock.advance(2 * DAY_MS);
    const again = await realm.source({ cacheDir: dir.path, onExpired: 'fail' });
    expect(again.bundle(BUNDLE)?.sequence).toBe(1);
    expect(again.bundle(BUNDLE)?.caPems('tls-client')).toEqual([]);
    const waits = again.ready({ timeoutMs: SECOND_MS });
    const refused = expect(waits).rejects.toMatchObject({ code: 'EXPIRED' });
    await realm.clock.advance(SECOND_MS);
    await refused;
  });

  it('heals when it was the clock that was wrong', async () => {
    const { realm, source, told } = await ready({ validForMs: DAY_MS }, { onExpired: 'fail' });
    const rightMs = realm.clock.nowMs();
    realm.clock.setWallTime(rightMs + 365 * DAY_MS);
    await realm.clock.advance(MINUTE_MS);
    expect(source.bundle(BUNDLE)?.caPems('tls-client')).toEqual([]);
    realm.clock.setWallTime(rightMs);
    await realm.clock.advance(MINUTE_MS);
    expect(source.bundle(BUNDLE)?.caPems('tls-client')).toHaveLength(1);
    expect(told).toEqual(['bundle fresh > expired', 'bundle expired > fresh']);
  });
});

describe('ready', () => {
  it('waits for fresh as long as no node is there', async () => {
    const { realm, source } = await ready();
    await realm.goOffline();
    await realm.clock.advance(SECOND_MS);
    await source.ready();
    const waits = source.ready({ until: 'fresh' });
    await realm.goOnline();
    await waits;
  });
});

function makeRealm(): TestRealm {
  const realm = testRealm();
  onTestFinished(() => realm[Symbol.asyncDispose]());
  return realm;
}

const authorities = new WeakMap<TestRealm, ReturnType<TestRealm['authority']>>();

/** One authority per realm that is always trusted. */
function old(realm: TestRealm): { readonly active: readonly ReturnType<TestRealm['authority']>[] } {
  const known = authorities.get(realm) ?? realm.authority('Old');
  authorities.set(realm, known);
  return { active: [known] };
}

async function ready(
  content: { readonly validForMs?: number } = {},
  options: TestSourceOptions = {},
): Promise<{ realm: TestRealm; source: BundleSource; told: string[] }> {
  const realm = makeRealm();
  await realm.publish({ ...old(realm), ...content });
  const source = await realm.source(options);
  await source.ready();
  await realm.clock.advance(0);
  const told = follow(source);
  told.length = 0;
  return { realm, source, told };
}

function follow(source: BundleSource): string[] {
  const told: string[] = [];
  source.onState(({ of, state, previous }) => {
    told.push(previous === undefined ? `${of} ${state}` : `${of} ${previous} > ${state}`);
  });
  return told;
}

/** A TLS server that says hello to clients of the realm, and a client of it. */
async function serveBy(
  realm: TestRealm,
  source: BundleSource,
): Promise<{ port: number; identity: { cert: string; key: string }; ca: string }> {
  const own = realm.authority('Servers');
  const secureContext = own.issue('server');
  const server = createServer({ ...secureContext, requestCert: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  server.on('tlsClientError', () => undefined);
  const live = liveTlsServer(source, { bundle: BUNDLE, server, secureContext });
  onTestFinished(() => live[Symbol.dispose]());
  const [client] = old(realm).active;
  if (client === undefined) throw new Error('no authority');
  return { port: await listen(server), identity: client.issue('client'), ca: own.caPem };
}
