/**
 * A node whose workers do TLS, as operators run it: a program with the SDK gets what is published,
 * also when the workers die, and a node that is killed leaves none of them behind.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { openBundleSource } from '../../src/client/source.ts';
import { createTestAnchor } from '../../src/testing/anchors.ts';
import { findFreePort } from '../../src/testing/ports.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { ProcessCluster } from './support/cluster.ts';
import { Publisher } from './support/publisher.ts';

const WITHIN = { timeout: 20_000 };
const BUNDLE = 'web';

it('serves programs through its workers, and takes them with it', async () => {
  const realm = createTestRealm({ now: () => Date.now() });
  await using cluster = await ProcessCluster.create(realm, ['iad']);
  const node = cluster.node('iad');
  const endpoint = `127.0.0.1:${await findFreePort()}`;
  await giveWorkers(node.configFile, endpoint);
  const child = await node.start();
  const workers = await childrenOf(child.pid);
  expect(workers.length).toBe(2);
  await using source = await openBundleSource({
    endpoints: [endpoint],
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    bundles: [BUNDLE],
    tls: cluster.clientTls,
    backoff: { initialMs: 50, maxMs: 500 },
  });
  const anchor = createTestAnchor('workers', Date.now());
  const publisher = new Publisher({ realm, anchor, bundles: [BUNDLE] });
  using admin = await node.openAdmin();
  const publish = async (): Promise<void> => {
    await publisher.publish('iad', admin, 0);
    const { length } = publisher.published;
    await expect.poll(() => source.bundle(BUNDLE)?.sequence, WITHIN).toBe(length);
  };
  await publish();

  for (const pid of workers) process.kill(pid, 'SIGKILL');
  await publish();
  const next = await childrenOf(child.pid);
  expect(next.filter((pid) => workers.includes(pid))).toEqual([]);

  await child.kill();
  await expect.poll(() => next.filter(isRunning), WITHIN).toEqual([]);
});

async function giveWorkers(configFile: string, clients: string): Promise<void> {
  const config: unknown = parse(await readFile(configFile, 'utf8'));
  if (!isRecord(config) || !isRecord(config['tls']) || !isRecord(config['listen'])) {
    throw new Error('no configuration');
  }
  config['tls']['clientWorkers'] = 2;
  config['listen']['clients'] = clients;
  await writeFile(configFile, stringify(config));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Processes that a process has started, on Linux. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
