/**
 * Kedge: until the last of all nodes has verified a release, has it on disk and serves it.
 *
 * @module
 */
import { addRoots } from '../../demo/bundles.ts';
import { makeCa } from '../../demo/certificates.ts';
import { preciseNowMs } from '../../demo/messages.ts';
import { type BundleName, parseBundleName, releaseStream } from '../../src/core/ids.ts';
import { diffBodies } from '../../src/core/releases/delta.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { processorMs } from '../process-stats.ts';
import { WanCluster } from '../wan/cluster.ts';
import type { RunningSystem, Setting, System } from './system.ts';

/** Certificates of about 400 bytes in one release: with statement and patch about 4 KB. */
const ANCHORS_PER_RELEASE = 5;
/** Bundles that take turns, so that none grows beyond what is usual. */
const BUNDLES = 5;

/** Nodes on every host, each linked with each. */
export const kedge: System = {
  name: 'kedge',
  summary: 'submit until the last node verified, synced to disk and serves; mTLS',
  programs: [],
  start: startKedge,
};

async function startKedge({ wan, origin }: Setting): Promise<RunningSystem> {
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  const cluster = await WanCluster.prepare(wan, realm);
  await cluster.start();
  const first = cluster.nodes.find(({ host }) => host === origin);
  if (first === undefined) throw new Error('no node at the origin');
  const admin = await cluster.openAdmin(first);
  return {
    publish: async (round) => {
      const { release, blobs } = nextRelease(realm, round);
      const stream = releaseStream(bundleOf(round));
      const startMs = preciseNowMs();
      await admin.submit({ document: release.document, blobs });
      const nodes = cluster.nodes.map(async ({ process }) =>
        process.accepted(stream, release.sequence),
      );
      return Math.max(...(await Promise.all(nodes))) - startMs;
    },
    processorMs: () => cluster.nodes.map(({ process }) => processorMs(process.pid ?? 0)),
    async [Symbol.asyncDispose]() {
      admin[Symbol.dispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** Bytes that one release adds to what a node holds: the size for all other systems. */
export function releaseBytes(): number {
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  const [before, after] = [0, BUNDLES].map((round) => nextRelease(realm, round));
  if (before === undefined || after === undefined) throw new Error('no release');
  const { statement, body } = after.release.document;
  const parts = [
    statement.payload,
    ...statement.signatures.map(({ signature }) => signature),
    diffBodies(before.release.document.body, body),
    ...after.blobs,
  ];
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function bundleOf(round: number): BundleName {
  return parseBundleName(`bench-${round % BUNDLES}.kedge.test`);
}

function nextRelease(
  realm: TestRealm,
  round: number,
): { readonly release: TestRelease; readonly blobs: readonly Uint8Array[] } {
  const roots = Array.from({ length: ANCHORS_PER_RELEASE }, (_, i) => {
    return makeCa(`CA ${round}-${i}`).facts;
  });
  const { edit, blobs } = addRoots(roots);
  return { release: realm.nextRelease(bundleOf(round), edit), blobs };
}
