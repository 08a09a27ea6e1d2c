/**
 * Programs that demand regions, at a real node, while a release waits behind the one that is being
 * rolled out: each has what it is due, and knows that it is fresh.
 */
import { chmod } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import { exportSigningKey, generateSigningKey } from '../../src/core/crypto.ts';
import { parseRegionName } from '../../src/core/ids.ts';
import { encodePem } from '../../src/core/pem.ts';
import type { NamedRelease, Wave } from '../../src/core/rollouts/body.ts';
import { runNode } from '../../src/node/daemon.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm, type TestDocument } from '../../src/testing/realm.ts';
import { EVERYBODY, rolloutPlan } from '../../src/testing/rollouts.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { configFor, documentFile, recordingLogger } from './support/setup.ts';

const BUNDLE = 'payments.prod.example.org';
const CANARY = { tier: 'canary' };
// The canaries never suffice, so nobody else gets the release.
const CANARIES: Wave = {
  name: 'canary',
  match: new Map(Object.entries(CANARY)),
  percent: 100,
  gates: { minReporters: 1000, loadedPercent: 100, maxFailures: 0, soakSeconds: 0 },
};

// A region speaks soon of a new stream, else twice per minute.
it('a release that waits behind a rollout makes no program stale (DW-18)', {
  timeout: 120_000,
}, async () => {
  await using dir = await createTempDir();
  const key = generateSigningKey('ed25519');
  const realm = createTestRealm({
    realm: 'prod.example.org',
    now: Date.now,
    holdDownSeconds: 0,
    rolloutSigner: 'deploy',
    regions: [{ name: parseRegionName('iad'), keys: [key.publicKey] }],
  });
  await dir.write('charter-1.json', documentFile(realm.charter.document));
  await chmod(await dir.write('iad.key', encodePem('PRIVATE KEY', exportSigningKey(key))), 0o600);
  const region = { region: { keyFile: 'iad.key' } };
  const listen = {
    listen: { clients: '127.0.0.1:0', admins: '127.0.0.1:0', peers: 'localhost:0' },
  };
  const config = configFor(dir, realm, { ...region, ...listen });
  await using node = await runNode(config, { logger: recordingLogger() });
  using admin = await AdminClient.open({ endpoint: node.addresses.admins ?? '', insecure: true });
  const submit = async ({ document }: Pick<TestDocument, 'document'>): Promise<void> => {
    await admin.submit({ document, blobs: anchors.map(({ der }) => der) });
  };
  const anchors = createTestAnchors(3, Date.now());
  const named: NamedRelease[] = [];
  for (const [index, anchor] of anchors.entries()) {
    const release = realm.nextRelease(BUNDLE, (body, point) => {
      const next = addActive(anchor)(body, point);
      return index === 0 ? next : { ...next, delivery: 'waves' };
    });
    await submit(release);
    named.push({ sequence: release.sequence, digest: release.digest });
  }
  const [first, second] = named;
  if (first === undefined || second === undefined) throw new Error('too few releases');
  const waves = [CANARIES, EVERYBODY];
  await submit(realm.nextRollout(BUNDLE, rolloutPlan(second, first, { waves })));

  const open = async (labels: Readonly<Record<string, string>>): Promise<BundleSource> => {
    const source = await openBundleSource({
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      endpoints: [node.addresses.clients ?? ''],
      insecure: true,
      bundles: [BUNDLE],
      requireRegions: 1,
      labels,
    });
    onTestFinished(() => source.close());
    return source;
  };
  const [late, early] = [await open({}), await open(CANARY)];
  await late.ready({ until: 'fresh', timeoutMs: 90_000 });
  await early.ready({ until: 'fresh', timeoutMs: 90_000 });
  expect([late.bundle(BUNDLE)?.sequence, early.bundle(BUNDLE)?.sequence]).toEqual([1, 2]);
});
