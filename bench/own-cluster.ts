/**
 * Three node processes on loopback with a realm of their own, for one measurement.
 *
 * @module
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { Cluster } from '../demo/cluster.ts';
import { createTestRealm } from '../src/testing/realm.ts';
import type { TestRealmOptions } from '../src/testing/realm-options.ts';

/** Starts the nodes, does the work, and leaves nothing behind. */
export async function inOwnCluster<Result>(
  work: (cluster: Cluster) => Promise<Result>,
  options: TestRealmOptions = {},
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  const common = { realm: 'bench.kedge.test', threshold: 2, now: Date.now };
  const cluster = await Cluster.prepare(createTestRealm({ ...common, ...options }), folder);
  try {
    await cluster.start();
    return await work(cluster);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** An identity for channels to the nodes. */
export async function channelCredentials(
  cluster: Cluster,
  name: string,
): Promise<ChannelCredentials> {
  const { caFile, keyFile, certFile } = await cluster.linkFiles('admin', name);
  const files = [caFile, keyFile, certFile].map(async (file) => readFile(file));
  const [ca = null, key = null, cert = null] = await Promise.all(files);
  return credentials.createSsl(ca, key, cert);
}
