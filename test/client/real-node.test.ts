/**
 * The SDK and a real node: from a submitted release to a swapped trust store and back.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { encodeBase64, parseUtf8 } from '../../src/core/bytes.ts';
import { encodeEnvelope } from '../../src/core/statements/envelope.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import {
  addActive,
  addStaged,
  createTestAnchors,
  type TestAnchor,
} from '../../src/testing/anchors.ts';
import { findFreePort } from '../../src/testing/ports.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { BUNDLE, openSource, recordingLogger, until } from './support/source.ts';

const [first, second, third] = createTestAnchors(3, Date.now()) as unknown as [
  TestAnchor,
  TestAnchor,
  TestAnchor,
];

interface Cluster {
  readonly realm: TestRealm;
  readonly address: string;
  start(): Promise<RunningNode>;
  submit(release: TestRelease, ...anchors: readonly TestAnchor[]): Promise<void>;
}

async function cluster(): Promise<Cluster> {
  const realm = createTestRealm({ now: () => Date.now() });
  const dir: TempDir = await createTempDir();
  const address = `127.0.0.1:${await findFreePort()}`;
  const { statement, body } = realm.charter.document;
  const envelope: unknown = JSON.parse(parseUtf8(encodeEnvelope(statement)));
  const charter = { format: 'kedge-document/1', envelope, body: encodeBase64(body) };
  const firstCharterFile = await dir.write('charter.json', JSON.stringify(charter));
  const config = `
node: { id: node-1, region: iad }
realm: ${realm.name}
firstCharterFile: ${firstCharterFile}
store: { path: ${dir.join('store')} }
listen: { clients: '${address}', peers: '${address}', admins: '${address}' }
insecure: true
`;
  const file = await dir.write('node.yaml', config);
  onTestFinished(() => dir[Symbol.asyncDispose]());
  return {
    realm,
    address,
    start: async () => {
      const node = await runNode(file);
      onTestFinished(() => node[Symbol.asyncDispose]());
      return node;
    },
    submit: async ({ document }, ...anchors) => {
      using admin = await AdminClient.open({ endpoint: address, insecure: true });
      await admin.submit({ document, blobs: anchors.map(({ der }) => der) });
    },
  };
}

describe('a source of a real node', () => {
  it('follows what an admin submits, and acknowledges it', async () => {
    const { realm, address, start, submit } = await cluster();
    await start();
    await submit(realm.nextRelease(BUNDLE, addActive(first)), first);
    const source = await openSource(realm, [address]);
    await source.ready({ timeoutMs: 5000 });
    await submit(realm.nextRelease(BUNDLE, addStaged(second)), second);
    await until(() => source.bundle(BUNDLE)?.sequence === 2);
    using admin = await AdminClient.open({ endpoint: address, insecure: true });
    let loaded = 0;
    for (let i = 0; i < 100 && loaded === 0; i += 1) {
      const { subscribers } = await admin.status();
      loaded = subscribers.find(({ sequence }) => sequence === 2)?.loaded ?? 0;
    }
    expect(loaded).toBe(1);
  });

  it('waits for a bundle that does not exist yet', async () => {
    const { realm, address, start, submit } = await cluster();
    await start();
    const source = await openSource(realm, [address]);
    await expect(source.ready({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(source.status()).toMatchObject({ isConnected: true, charterVersion: 1 });
    await submit(realm.nextRelease(BUNDLE, addActive(first)), first);
    await source.ready({ timeoutMs: 5000 });
  });

  it('comes back to a node that was restarted, and needs only what is new', async () => {
    const { realm, address, start, submit } = await cluster();
    const node = await start();
    await submit(realm.nextRelease(BUNDLE, addActive(first)), first);
    const source = await openSource(realm, [address]);
    await source.ready({ timeoutMs: 5000 });
    await node[Symbol.asyncDispose]();
    await until(() => !source.status().isConnected);
    expect(source.bundle(BUNDLE)?.sequence).toBe(1);
    await start();
    await submit(realm.nextRelease(BUNDLE, addStaged(second)), second);
    await submit(realm.nextRelease(BUNDLE, addStaged(third)), third);
    await until(() => source.bundle(BUNDLE)?.sequence === 3);
    expect(source.status().bundles[0]?.state).toBe('fresh');
  });

  it('takes a delta that is larger than the body', async () => {
    const { realm, address, start, submit } = await cluster();
    const node = await start();
    await submit(realm.nextRelease(BUNDLE, addActive(first)), first);
    const backoff = { initialMs: 1500, maxMs: 1500 };
    const source = await openSource(realm, [address], { backoff });
    await source.ready({ timeoutMs: 5000 });
    await node[Symbol.asyncDispose]();
    await until(() => !source.status().isConnected);
    const many = createTestAnchors(20, Date.now());
    await start();
    // The first comes while the program waits for its next attempt, or it gets one by one.
    await submit(realm.nextRelease(BUNDLE, addStaged(...many.slice(0, 10))), ...many.slice(0, 10));
    await submit(realm.nextRelease(BUNDLE, addStaged(...many.slice(10))), ...many.slice(10));
    await until(() => source.bundle(BUNDLE)?.sequence === 3);
    expect(source.bundle(BUNDLE)?.anchors.length).toBe(21);
    expect(source.status().bundles[0]?.lastError).toBeUndefined();
  });

  it('is told by the node that it has the wrong pin', async () => {
    const { address, start } = await cluster();
    await start();
    const other = createTestRealm({ now: () => Date.now() });
    const logger = recordingLogger();
    const source = await openSource(other, [address], { logger });
    await expect(source.ready({ timeoutMs: 3000 })).rejects.toMatchObject({
      cause: { code: 'REALM' },
    });
  });
});
