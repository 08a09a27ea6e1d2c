import { ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import {
  activate,
  addActive,
  addStaged,
  createTestAnchors,
  type TestAnchor,
} from '../../src/testing/anchors.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { findFreePort } from '../../src/testing/ports.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { answer, blobs, bundleOf, current, delta, honest } from './support/honest.ts';
import { startNode } from './support/scripted-node.ts';
import { BUNDLE, openSource, recordingLogger, recordingMetrics, until } from './support/source.ts';

const anchors = createTestAnchors(3, Date.now()) as unknown as [TestAnchor, TestAnchor, TestAnchor];
const [first, second, third] = anchors;
const now = (): number => Date.now();

describe('openBundleSource', () => {
  it('gets what a node holds, verified, and says so', async () => {
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first, second));
    const node = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [node.endpoint], { labels: { service: 'billing' } });
    const set = await source.ready({ timeoutMs: 5000 });
    expect([...set].map(({ name, sequence }) => [name, sequence])).toEqual([[BUNDLE, 1]]);
    expect(source.bundle(BUNDLE)?.caPems('tls-server')).toEqual(
      [first, second].sort((a, b) => (a.id < b.id ? -1 : 1)).map((one) => one.certificatePem),
    );
    expect(source.bundle(BUNDLE)?.caPems('tls-client')).toEqual([]);
    expect(source.bundle('unknown')).toBeUndefined();
    const [session] = node.sessions;
    await until(() => session?.reports.length === 2);
    expect(session?.reports).toEqual(['delivered 1', 'loaded 1']);
    expect(session?.start.labels.get('service')).toBe('billing');
    expect(source.status()).toMatchObject({
      isConnected: true,
      endpoint: node.endpoint,
      charterVersion: 1,
      bundles: [{ name: BUNDLE, state: 'fresh', sequence: 1, isExpired: false }],
    });
  });

  it('follows changes, the newest per bundle', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(realm, [first]));
    const source = await openSource(realm, [node.endpoint]);
    const changes = source.changes();
    expect((await changes.next()).value?.bundle.sequence).toBe(1);
    const two = realm.nextRelease(BUNDLE, addStaged(second));
    node.sessions[0]?.send(blobs(second), delta(one, two));
    const { value } = await changes.next();
    expect([value?.previous?.sequence, value?.bundle.sequence]).toEqual([1, 2]);
    expect(value?.bundle.trusted('tls-server').map((anchor) => anchor.id)).toEqual([first.id]);
    const three = realm.nextRelease(BUNDLE, activate(second));
    const four = realm.nextRelease(BUNDLE, addStaged(third));
    node.sessions[0]?.send(delta(two, three), blobs(third), delta(three, four));
    await until(() => source.bundle(BUNDLE)?.sequence === 4);
    const last = (await changes.next()).value;
    expect([last?.previous?.sequence, last?.bundle.sequence]).toEqual([2, 4]);
    await source.close();
    expect((await changes.next()).done).toBe(true);
    expect(source.bundle(BUNDLE)?.sequence).toBe(4);
  });

  it('takes several releases in one delta', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(realm, [first]));
    const source = await openSource(realm, [node.endpoint]);
    await source.ready();
    const two = realm.nextRelease(BUNDLE, addStaged(second));
    const three = realm.nextRelease(BUNDLE, addStaged(third));
    node.sessions[0]?.send(blobs(second, third), delta(one, two, three));
    await until(() => source.bundle(BUNDLE)?.sequence === 3);
    expect(source.bundle(BUNDLE)?.anchors.length).toBe(3);
  });

  it('resumes after a break with what it has', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [node.endpoint]);
    await source.ready();
    realm.nextRelease(BUNDLE, addStaged(second));
    node.sessions[0]?.end();
    await until(() => source.bundle(BUNDLE)?.sequence === 2);
    expect(node.sessions[1]?.start).toMatchObject({
      charterVersion: 1,
      bundles: [{ held: { sequence: 1, digest: one.digest } }],
    });
  });

  it('goes to the next node when one dies, and comes back to a node on the old port', async () => {
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first));
    const port = await findFreePort();
    const a = await startNode(honest(realm, anchors), { port });
    const b = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [a.endpoint, b.endpoint]);
    await source.ready();
    expect(source.status().endpoint).toBe(a.endpoint);
    a.kill();
    await until(() => source.status().endpoint === b.endpoint && source.status().isConnected);
    const again = await startNode(honest(realm, anchors), { port });
    b.kill();
    await until(() => again.sessions.length === 1);
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
  });

  it('stays with a node that is behind as long as it catches up in time', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const two = realm.nextRelease(BUNDLE, addActive(second));
    const ahead = await startNode(honest(realm, anchors));
    const late = await startNode((session) => session.send(current(bundleOf(one), one)));
    const options = { answerTimeoutMs: 1000, staleAfterMs: 200 };
    const source = await openSource(realm, [ahead.endpoint, late.endpoint], options);
    await source.ready();
    ahead.kill();
    await until(() => source.status().bundles[0]?.state === 'stale' && late.sessions.length === 1);
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
    late.sessions[0]?.send(current(bundleOf(two), two));
    await until(() => source.status().bundles[0]?.state === 'fresh');
    expect(source.status().lastError).toBeUndefined();
  });

  it('leaves a node that has nothing of what it uses, and is overruled by nobody', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const full = await startNode(honest(realm, anchors));
    const empty = await startNode((session) => session.send(current(bundleOf(one))));
    const logger = recordingLogger();
    const options = { answerTimeoutMs: 150, logger };
    const source = await openSource(realm, [full.endpoint, empty.endpoint], options);
    await source.ready();
    full.kill();
    await until(() => empty.sessions.length === 2);
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
    expect(logger.events.map(({ event }) => event)).not.toContain('bundle.overruled');
  });

  it('follows the charter when signers change', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [node.endpoint]);
    await source.ready();
    realm.nextCharter((charter) => ({ ...charter, note: 'new' }));
    const two = realm.nextRelease(BUNDLE, addStaged(second));
    const [session] = node.sessions;
    session?.send(
      { kind: 'charters', charters: [realm.charter.document] },
      blobs(second),
      delta(one, two),
    );
    await until(() => source.bundle(BUNDLE)?.sequence === 2);
    expect(source.status().charterVersion).toBe(2);
    expect(node.sessions.length).toBe(1);
  });

  it('speaks mTLS, with the certificate read anew at each connect', async () => {
    const pki = createTestPki();
    await using dir = await createTempDir();
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first));
    const { certificatePem, keyPem } = pki.issue('node');
    const credentials = ServerCredentials.createSsl(
      Buffer.from(pki.caPem),
      [{ cert_chain: Buffer.from(certificatePem), private_key: Buffer.from(keyPem) }],
      true,
    );
    const node = await startNode(honest(realm, anchors), { credentials });
    const tls = await createTestPki().write(dir, 'client');
    const files = { ...tls, caFile: await dir.write('ca.pem', pki.caPem) };
    const source = await openSource(realm, [node.endpoint], { insecure: false, tls: files });
    await expect(source.ready({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await pki.write(dir, 'client');
    await source.ready({ timeoutMs: 5000 });
  });

  it('says why it is not ready', async () => {
    const realm = createTestRealm({ now });
    const source = await openSource(realm, [`127.0.0.1:${await findFreePort()}`]);
    await until(() => source.status().lastError !== undefined);
    await expect(source.ready({ timeoutMs: 200 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as unknown,
    });
    const waiting = source.ready();
    const aborted = source.ready({ signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await source.close();
    await expect(waiting).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('says that the node answers and has no release of a bundle', async () => {
    const realm = createTestRealm({ now });
    const node = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [node.endpoint]);
    await until(() => source.status().state === 'online');
    const message = `the node answers, and has no release of ${BUNDLE}: check the name`;
    expect(source.status().bundles[0]).toMatchObject({ state: 'waiting', lastError: { message } });
    await expect(source.ready({ timeoutMs: 1 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(message) as unknown,
      detail: { bundles: [BUNDLE], hint: expect.stringContaining('name') as unknown },
    });
  });

  it('closes when its signal is aborted', async () => {
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(realm, anchors));
    const closing = new AbortController();
    const source = await openSource(realm, [node.endpoint], { signal: closing.signal });
    await source.ready();
    closing.abort();
    // The node sees it go before it has seen the node's farewell.
    await until(() => node.sessions[0]?.isEnded === true);
    await until(() => !source.status().isConnected);
  });

  it('tells once when nobody confirms a bundle any more, keeps it, and recovers', async () => {
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(realm, anchors));
    const told: string[] = [];
    const metrics = recordingMetrics();
    const source = await openSource(realm, [node.endpoint], { staleAfterMs: 150, metrics });
    source.onState((change) => {
      if (change.state === 'stale') told.push(`${change.bundle.name} stale`);
    });
    await source.ready();
    const [session] = node.sessions;
    await until(() => told.length > 0);
    expect(source.status().bundles[0]?.state).toBe('stale');
    expect(metrics.values.get(`kedge_client_bundle_state ${BUNDLE} stale`)).toBe(1);
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
    session?.send({ kind: 'keep-alive' });
    await until(() => source.status().bundles[0]?.state === 'fresh');
    expect(metrics.values.get(`kedge_client_bundle_state ${BUNDLE} stale`)).toBe(0);
    expect(told).toEqual([`${BUNDLE} stale`]);
  });

  it('reports to the node what a listener could not use, and goes on', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(realm, [first]));
    const source = await openSource(realm, [node.endpoint]);
    await source.ready();
    const seen: number[] = [];
    source.onSwap(() => {
      throw new KedgeError('CONFIG', 'the certificate cannot be used');
    });
    source.onSwap(({ sequence }) => seen.push(sequence));
    const two = realm.nextRelease(BUNDLE, addStaged(second));
    node.sessions[0]?.send(blobs(second), delta(one, two));
    await until(() => node.sessions[0]?.reports.at(-1) === 'refused 2 CONFIG');
    expect(node.sessions[0]?.reports.slice(2)).toEqual(['delivered 2', 'refused 2 CONFIG']);
    expect(seen).toEqual([2]);
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
    expect(source.status().bundles[0]?.lastError?.code).toBe('CONFIG');
  });

  it('serves several bundles and waits for all of them', async () => {
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first));
    realm.nextRelease('public-web', addActive(second));
    const node = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [node.endpoint], {
      bundles: [BUNDLE, 'public-web', 'later'],
    });
    await until(() => [...source.bundles()].length === 2);
    await expect(source.ready({ timeoutMs: 200 })).rejects.toMatchObject({
      detail: { bundles: ['later'] },
    });
    realm.nextRelease('later', addActive(third));
    const session = node.sessions.at(-1);
    if (session !== undefined) answer(session, realm, anchors);
    expect((await source.ready({ timeoutMs: 5000 })).size).toBe(3);
    expect([...source.bundles()].map(({ name }) => name)).toEqual(['later', BUNDLE, 'public-web']);
  });
});
