/**
 * The demonstration itself, from an empty folder to the verdict.
 *
 * @module
 */
import { AdminClient } from '../src/client/admin-client.ts';
import { type BundleName, parseBundleName } from '../src/core/ids.ts';
import { createTestRealm } from '../src/testing/realm.ts';
import { addRoots, firstCa, PUBLIC_WEB, publicRoots } from './bundles.ts';
import { makeCa, makeLeaf } from './certificates.ts';
import { Cluster, REGIONS } from './cluster.ts';
import { Fleet } from './fleet.ts';
import { Publisher } from './publishing.ts';
import { type DemoResult, slowest } from './result.ts';
import { type RotationCast, rotate } from './rotation.ts';
import type { Story } from './story.ts';
import { judge } from './verdict.ts';

const REALM = 'demo.kedge.test';
const HOLD_DOWN_SECONDS = 1;
const WARM_UP_REQUESTS = 40;

/** Where the demonstration takes place. */
export interface Stage {
  readonly story: Story;
  readonly folder: string;
  /** What has to be closed, in the order of opening. */
  readonly closers: (() => Promise<void>)[];
}

/** What the demonstration leaves. */
export interface Performance {
  readonly result: DemoResult;
  readonly cluster: Cluster;
  /** The bundle that was rotated. */
  readonly bundle: BundleName;
}

/** Plays the demonstration; what it opened stays open until the closers are called. */
export async function playDemo(stage: Stage): Promise<Performance> {
  const cluster = await startCluster(stage);
  const cast = await openHouse(stage, cluster);
  const { times, sessions } = await rotate(cast);
  const verdict = await judge(cast, sessions);
  await cast.fleet.traffic(WARM_UP_REQUESTS);
  const publicWebLoaded = await cast.fleet.watcher.loaded(PUBLIC_WEB, 1);
  const counts = cast.fleet.counts();
  const result: DemoResult = {
    regions: new Set(cluster.nodes.map(({ place }) => place.region)).size,
    nodes: cluster.nodes.length,
    publicAnchors: publicWebLoaded.trusted,
    requests: counts.requests,
    failedRequests: counts.failed,
    restarts: counts.restarts,
    ...slowest(times),
    ...verdict,
  };
  tell(stage.story, result, cast.fleet);
  return { result, cluster, bundle: cast.payments.bundle };
}

async function startCluster({ story, folder, closers }: Stage): Promise<Cluster> {
  story.chapter('A realm and three nodes');
  const realm = createTestRealm({
    realm: REALM,
    threshold: 2,
    holdDownSeconds: HOLD_DOWN_SECONDS,
    now: Date.now,
  });
  story.say(`realm ${realm.name}: 3 signers, any 2 of them must sign`);
  story.say(`pin (digest of the first charter): ${realm.firstCharterDigest}`);
  const cluster = await Cluster.prepare(realm, folder);
  closers.push(() => cluster.stop());
  await cluster.start();
  for (const { place, pid } of cluster.nodes) {
    const where = `${place.address}, process ${String(pid)}`;
    story.say(`node ${place.id} in region ${place.region} serves at ${where}`);
  }
  return cluster;
}

/** Publishes the first releases, starts the programs and lets them work. */
async function openHouse(stage: Stage, cluster: Cluster): Promise<RotationCast> {
  const { story, closers } = stage;
  const { nodes, realm } = cluster;
  const region = REGIONS[0] ?? '';
  const admin = await AdminClient.open({
    endpoint: cluster.node(region).place.address,
    tls: await cluster.linkFiles('admin', 'ada'),
  });
  closers.push(async () => admin[Symbol.dispose]());
  const payments = new Publisher(realm, parseBundleName(`payments.${realm.name}`), admin);
  const publicWeb = new Publisher(realm, PUBLIC_WEB, admin);
  const oldCa = makeCa('Payments CA 2026');
  const newCa = makeCa('Payments CA 2027');

  story.chapter('Publishing trust');
  const roots = addRoots(publicRoots());
  const audience = { nodes, programs: [] };
  const { lastNodeMs } = await publicWeb.publish(roots.edit, roots.blobs, audience);
  story.good(
    `${PUBLIC_WEB}: ${String(roots.blobs.length)} root certificates of the public web, ` +
      `on disk on all nodes after ${lastNodeMs.toFixed(0)} ms`,
  );
  const first = firstCa(oldCa);
  await payments.publish(first.edit, first.blobs, audience);
  story.good(`${payments.bundle}: ${oldCa.facts.subject}`);

  story.chapter('Programs that trust only what they verified');
  const bundles = { payments: payments.bundle, publicWeb: PUBLIC_WEB };
  const fleet = await Fleet.start(cluster, bundles, oldCa);
  closers.push(() => fleet.stop());
  story.say(
    `${String(fleet.all.length)} processes: a TLS server and a client per region, mutual TLS`,
  );
  const serverPorts = await Promise.all(fleet.servers.map(async (server) => server.ready()));
  await fleet.traffic(WARM_UP_REQUESTS);
  story.good(`traffic flows: ${String(fleet.counts().requests)} requests, none failed`);
  const leaf = makeLeaf(oldCa, { commonName: 'forgotten laptop' });
  return {
    story,
    cluster,
    fleet,
    payments,
    oldCa,
    newCa,
    holdDownSeconds: HOLD_DOWN_SECONDS,
    serverPorts,
    oldLeaf: {
      certPem: leaf.certificatePem,
      keyPem: leaf.keyPem,
      caPems: [oldCa.certificatePem, newCa.certificatePem],
    },
  };
}

function tell(story: Story, result: DemoResult, fleet: Fleet): void {
  story.chapter('What was measured');
  const { requests, failedRequests, restarts } = result;
  const text =
    `${String(requests)} requests (${String(fleet.counts().resumed)} on resumed TLS sessions), ` +
    `${String(failedRequests)} failed, ${String(restarts)} program restarts`;
  if (failedRequests === 0 && restarts === 0) story.good(text);
  else story.bad([text, ...fleet.failures()].join('\n    '));
  story.say(
    `from submit to the last node: ${String(result.publishToLastNodeMs)} ms, ` +
      `to the last program: ${String(result.publishToLastClientMs)} ms (slowest release)`,
  );
}
