/**
 * One admin proposes in one region, all nodes are killed, another admin approves in another
 * region: all three nodes have the release.
 */
import { expect, it } from 'vitest';
import type { Proposal } from '../../src/core/proposals/model.ts';
import { addActive, createTestAnchor } from '../../src/testing/anchors.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { ProcessCluster, type ProcessNode } from './support/cluster.ts';

const BUNDLE = 'payments.test.example.org';
const WITHIN_MS = 60_000;

it('gathers signatures from two regions through a kill of all nodes', {
  timeout: 300_000,
}, async () => {
  const realm = createTestRealm({ now: () => Date.now() });
  const anchor = createTestAnchor('proposed', Date.now());
  const issuedMs = Date.now() - 1000;
  const signedBy = (signer: string): Proposal => {
    const options = { after: 'nothing', signers: [signer], issuedMs } as const;
    const { document } = realm.nextRelease(BUNDLE, addActive(anchor), options);
    return { document, blobs: [anchor.der] };
  };
  await using cluster = await ProcessCluster.create(realm, ['fra', 'iad', 'sin']);
  const signersAt = async (node: ProcessNode): Promise<string> => {
    using admin = await node.openAdmin();
    const open = (await admin.proposals()).filter(({ standing }) => standing === 'open');
    return open.map(({ signers }) => signers.join('+')).join(' ');
  };
  const [fra, , sin] = cluster.nodes;
  if (fra === undefined || sin === undefined) throw new Error('a node is missing');
  const started = await Promise.all(cluster.nodes.map((node) => node.start()));
  {
    using admin = await fra.openAdmin();
    const status = await admin.propose(signedBy('alice'));
    expect(status).toMatchObject({ standing: 'open', signers: ['alice'] });
  }
  for (const node of cluster.nodes) {
    await expect.poll(() => signersAt(node), { timeout: WITHIN_MS }).toBe('alice');
  }
  await Promise.all(started.map((child) => child.kill()));
  for (const node of cluster.nodes) {
    // Alone, it has it from its own disk.
    const child = await node.start();
    expect(await signersAt(node)).toBe('alice');
    await child.kill();
  }
  await Promise.all(cluster.nodes.map((node) => node.start()));
  using admin = await sin.openAdmin();
  expect(await admin.propose(signedBy('bob'))).toMatchObject({ standing: 'published' });
  for (const node of cluster.nodes) {
    using reader = await node.openAdmin();
    await expect
      .poll(async () => (await reader.streams()).map(({ sequence }) => sequence), {
        timeout: WITHIN_MS,
      })
      .toEqual([1, 1]);
    await expect.poll(() => signersAt(node), { timeout: WITHIN_MS }).toBe('');
  }
});
