/**
 * Nodes are killed with SIGKILL, 200 times in all, at random moments, while an admin publishes and
 * a program watches. Nothing that was acknowledged is lost, and nothing that was served goes back.
 */
import { expect, it, onTestFinished } from 'vitest';
import type { AdminClient } from '../../src/client/admin-client.ts';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import { sha256 } from '../../src/core/crypto.ts';
import type { Sequence, StreamName } from '../../src/core/ids.ts';
import { parseStatement } from '../../src/core/statements/statement.ts';
import type { LogFields, Logger } from '../../src/ports/logger.ts';
import { createTestAnchor } from '../../src/testing/anchors.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { ProcessCluster, type ProcessNode } from './support/cluster.ts';
import { Publisher } from './support/publisher.ts';
import { type Random, seededRandom } from './support/random.ts';

const KILLS = 200;
const NODES = ['fra', 'iad', 'sin'];
const BUNDLES = ['one', 'two', 'three', 'four'];
/** A third of the kills meets a node that has not begun to serve. */
const EARLY_SHARE = 0.35;
const EARLY_MAX_MS = 600;
/** How long a node that serves lives on average. */
const LIFE_MEAN_MS = 150;
const LIFE_MAX_MS = 2000;
const PUBLISH_PAUSE_MS = 15;
const PUBLISHED_PER_KILL = 0.6;
const CONVERGE_WITHIN_MS = 30_000;

/** The run as all parts see it. */
interface Run {
  readonly cluster: ProcessCluster;
  readonly publisher: Publisher;
  readonly random: Random;
  /** Connections to the nodes that serve now. */
  readonly up: Map<string, AdminClient>;
  kills: number;
  early: number;
  starts: number;
  startMs: number;
}

it('loses nothing and takes nothing back when nodes are killed 200 times', {
  timeout: 600_000,
}, async () => {
  const random = seededRandom();
  const realm = createTestRealm({ now: () => Date.now() });
  const anchor = createTestAnchor('kill', Date.now());
  await using cluster = await ProcessCluster.create(realm, NODES);
  const publisher = new Publisher({ realm, anchor, bundles: BUNDLES });
  const run: Run = {
    cluster,
    publisher,
    random,
    up: new Map(),
    kills: 0,
    early: 0,
    starts: 0,
    startMs: 0,
  };
  const watcher = await watch(cluster, realm.firstCharterDigest);
  const startedMs = performance.now();
  const publishing = keepPublishing(run);
  await Promise.all(cluster.nodes.map((node) => keepKilling(run, node)));
  await publishing;
  const killedMs = performance.now() - startedMs;
  await requireConverged(run);
  const newest = BUNDLES.map((bundle) => realm.releases(bundle).at(-1)?.sequence);
  await expect
    .poll(() => BUNDLES.map((bundle) => watcher.source.bundle(bundle)?.sequence), {
      timeout: CONVERGE_WITHIN_MS,
    })
    .toEqual(newest);
  process.stderr.write(
    `seed ${random.seed}: ${run.kills} kills (${run.early} before serving) in ` +
      `${Math.round(killedMs / 1000)} s, ${publisher.acknowledged} acknowledged, ` +
      `${publisher.repeated} repeated, ${publisher.published.length} releases; ` +
      `a start took ${Math.round(run.startMs / run.starts)} ms\n`,
  );
  expect(publisher.violations, `seed ${random.seed}`).toEqual([]);
  expect(watcher.violations, `seed ${random.seed}`).toEqual([]);
  expect(publisher.acknowledged).toBeGreaterThan(KILLS / 2);
});

/** Starts, lets live and kills one node, until all together were killed often enough. */
async function keepKilling(run: Run, node: ProcessNode): Promise<void> {
  const { publisher, random, up } = run;
  while (run.kills < KILLS) {
    run.kills += 1;
    const startedMs = performance.now();
    const child = await node.spawn();
    if (random.next() < EARLY_SHARE) {
      run.early += 1;
      await sleep(random.below(EARLY_MAX_MS));
      await child.kill();
      continue;
    }
    await child.waitForLine('"node.ready"', { timeoutMs: 60_000 });
    run.starts += 1;
    run.startMs += performance.now() - startedMs;
    const admin = await node.openAdmin();
    // The oracle first: it must hold what it promised before anybody else brings it.
    await publisher.read(node.name, admin);
    up.set(node.name, admin);
    await sleep(Math.min(LIFE_MAX_MS, -LIFE_MEAN_MS * Math.log(1 - random.next())));
    await somethingPublished(run);
    up.delete(node.name);
    await child.kill();
    admin[Symbol.dispose]();
  }
}

/** On a slow machine a life may be over before anything was published in it: then it is longer. */
async function somethingPublished({ publisher, kills }: Run): Promise<void> {
  const giveUpMs = performance.now() + LIFE_MAX_MS;
  while (publisher.acknowledged <= PUBLISHED_PER_KILL * kills && performance.now() < giveUpMs) {
    await sleep(PUBLISH_PAUSE_MS);
  }
}

async function keepPublishing(run: Run): Promise<void> {
  const { publisher, random, up } = run;
  const isOver = (): boolean => run.kills >= KILLS && up.size === 0;
  while (!isOver()) {
    const nodes = [...up];
    const [name, admin] = nodes[random.below(Math.max(1, nodes.length))] ?? [];
    if (name !== undefined && admin !== undefined) {
      await publisher.publish(name, admin, random.below(BUNDLES.length));
    }
    await sleep(PUBLISH_PAUSE_MS * random.next());
  }
}

/** All nodes are started once more and come to hold the same: all that was ever made. */
async function requireConverged({ cluster, publisher }: Run): Promise<void> {
  const admins: AdminClient[] = [];
  onTestFinished(() => {
    for (const admin of admins) admin[Symbol.dispose]();
  });
  for (const node of cluster.nodes) {
    await node.start();
    const admin = await node.openAdmin();
    admins.push(admin);
    await publisher.read(node.name, admin);
  }
  const [first] = admins;
  // What was made but not acknowledged is offered again, as an admin would.
  for (const [index] of BUNDLES.entries()) {
    if (first !== undefined) await publisher.publish(NODES[0] ?? '', first, index);
  }
  const roots = async (): Promise<number> => {
    const all = await Promise.all(admins.map(async (admin) => (await admin.status()).root));
    return new Set(all).size;
  };
  await expect.poll(roots, { timeout: CONVERGE_WITHIN_MS, interval: 100 }).toBe(1);
  for (const admin of admins) {
    for (const stream of new Set(publisher.published.map((release) => release.stream))) {
      const digests = await historyOf(admin, stream);
      const made = publisher.published.filter((release) => release.stream === stream);
      expect(digests).toEqual(made.map(({ digest }) => digest));
    }
  }
}

/** The digests of a whole stream, ascending. */
async function historyOf(admin: AdminClient, stream: StreamName): Promise<readonly string[]> {
  const digests: string[] = [];
  let before: Sequence | undefined;
  for (;;) {
    const page = await admin.history({ stream, limit: 500, ...(before && { before }) });
    digests.unshift(...page.map(({ payload }) => sha256(payload)).toReversed());
    const oldest = page.at(-1);
    if (oldest === undefined || page.length < 500) return digests;
    before = parseStatement(oldest.payload).sequence;
  }
}

/** A program that watches all the time: what it uses never goes back, and nobody lies to it. */
async function watch(
  cluster: ProcessCluster,
  firstCharterDigest: string,
): Promise<{ readonly source: BundleSource; readonly violations: string[] }> {
  const violations: string[] = [];
  const record = (fields: LogFields): void => {
    if (fields.event === 'bundle.refused') {
      violations.push(`the client refused ${String(fields['code'])}`);
    }
  };
  const logger: Logger = {
    debug: record,
    info: record,
    warn: record,
    error: record,
    child: () => logger,
  };
  const source = await openBundleSource({
    realm: 'test.example.org',
    firstCharterDigest,
    endpoints: cluster.endpoints,
    tls: cluster.clientTls,
    bundles: BUNDLES,
    logger,
    backoff: { initialMs: 20, maxMs: 200 },
    connectTimeoutMs: 2000,
  });
  onTestFinished(async () => source.close());
  const used = new Map<string, number>();
  source.onSwap(({ name, sequence }) => {
    const before = used.get(name) ?? 0;
    if (sequence <= before) violations.push(`the client went from ${before} to ${sequence}`);
    used.set(name, sequence);
  });
  return { source, violations };
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
