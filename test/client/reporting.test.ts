/**
 * What a source tells nodes of itself and of the anchors that it uses, over real gRPC and real TLS.
 */
import { once } from 'node:events';
import { createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { liveTlsClient } from '../../src/client/live/tls-client.ts';
import { addActive, type TestAnchor } from '../../src/testing/anchors.ts';
import { createTestPki, type TestPki } from '../../src/testing/pki.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/realm.ts';
import { honest } from './support/honest.ts';
import { startNode } from './support/scripted-node.ts';
import { BUNDLE, openSource, until } from './support/source.ts';
import { listen, tlsIdentity } from './support/tls.ts';

/** Two CAs of one name, as when one follows the other. */
const pkis = [createTestPki(), createTestPki()] as const;
const anchors = pkis.map(asAnchor);
const [firstId, secondId] = pkis.map(({ ca }) => ca.facts.id);

function asAnchor({ ca }: TestPki, index: number): TestAnchor {
  return { ...ca, id: ca.facts.id, label: `Payments CA ${String(index)}` };
}

function publish(): TestRealm {
  const realm = createTestRealm({ now: () => Date.now() });
  realm.nextRelease(BUNDLE, addActive(...anchors));
  return realm;
}

async function serve(pki: TestPki): Promise<number> {
  const server = createServer(tlsIdentity(pki.issue('server')), (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  return await listen(server);
}

async function visit(source: Parameters<typeof liveTlsClient>[0], port: number): Promise<void> {
  using live = liveTlsClient(source, { bundle: BUNDLE });
  const socket = live.connect({ host: '127.0.0.1', port, servername: 'localhost' });
  socket.on('data', () => undefined);
  await once(socket, 'close');
}

describe('a source', () => {
  it('reports each anchor that it uses, and none that it does not', async () => {
    const realm = publish();
    const node = await startNode(honest(realm, anchors), { nodeId: 'iad-1' });
    const source = await openSource(realm, [node.endpoint]);
    await source.ready();
    const port = await serve(pkis[1]);
    await visit(source, port);
    await visit(source, port);
    await until(() => (node.sessions[0]?.usage.length ?? 0) > 0);
    const [told] = node.sessions[0]?.usage ?? [];
    expect(told).toMatchObject({ bundle: BUNDLE, untracked: false });
    expect(told?.uses.map(({ anchor, purpose }) => [anchor, purpose])).toEqual([
      [secondId, 'tls-server'],
    ]);
  });

  it('says that a program took certificates out', async () => {
    const realm = publish();
    const node = await startNode(honest(realm, anchors), { nodeId: 'iad-1' });
    const source = await openSource(realm, [node.endpoint]);
    const set = await source.ready();
    set.get(BUNDLE)?.caPems('tls-server');
    await until(() => node.sessions[0]?.usage[0]?.untracked === true);
    expect(node.sessions[0]?.usage[0]?.uses).toEqual([]);
  });

  it('tells its last handshakes when it is closed, and leaves in order', async () => {
    const realm = publish();
    const node = await startNode(honest(realm, anchors), { nodeId: 'iad-1' });
    const source = await openSource(realm, [node.endpoint]);
    await source.ready();
    await visit(source, await serve(pkis[0]));
    await source.close();
    const [session] = node.sessions;
    await until(() => session?.ended !== undefined);
    expect(session?.ended).toBe('well');
    const told = session?.usage.flatMap(({ uses }) => uses) ?? [];
    expect(told.map(({ anchor, handshakes }) => [anchor, handshakes])).toEqual([[firstId, 1]]);
  });

  it('is the same one at the next node, and says where it was', async () => {
    const realm = publish();
    const first = await startNode(honest(realm, anchors), { nodeId: 'iad-1' });
    const second = await startNode(honest(realm, anchors), { nodeId: 'fra-1' });
    const source = await openSource(realm, [first.endpoint, second.endpoint]);
    await source.ready();
    await visit(source, await serve(pkis[0]));
    await until(() => (first.sessions[0]?.usage.length ?? 0) > 0);
    first.kill();
    await until(() => (second.sessions[0]?.usage.length ?? 0) > 0);
    const [one, two] = [first.sessions[0]?.start, second.sessions[0]?.start];
    expect(one).toMatchObject({ streams: 1, reportsUsage: true });
    expect(one?.previousNode).toBeUndefined();
    expect(two).toMatchObject({ instance: one?.instance, previousNode: 'iad-1' });
    expect(second.sessions[0]?.usage[0]?.uses[0]?.anchor).toBe(firstId);
  });

  it('tells nothing of use to a node of an earlier version, and leaves it in order', async () => {
    const realm = publish();
    const node = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [node.endpoint]);
    await source.ready();
    await visit(source, await serve(pkis[0]));
    await source.close();
    await until(() => node.sessions[0]?.ended !== undefined);
    expect(node.sessions[0]).toMatchObject({ ended: 'well', usage: [] });
  });

  it('is another one than the next source of the same program', async () => {
    const realm = publish();
    const node = await startNode(honest(realm, anchors), { nodeId: 'iad-1' });
    for (const _ of anchors) await (await openSource(realm, [node.endpoint])).ready();
    const [one, two] = node.sessions.map(({ start }) => start.instance);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(two).not.toBe(one);
  });
});
