/**
 * Claim `wire`: one anchor added to a bundle of 140 costs little more than its own bytes, to a
 * client and to a peer.
 *
 * Two real nodes over mTLS and one SDK client, with a counting TCP proxy on every path. Counted is
 * everything that passes in both directions, TLS and HTTP/2 included, in a window that begins with
 * the submit, less what passed in the window of the same length before it: nodes probe each other
 * every second and compare what they hold every two, whether something is published or not. The
 * median of the rounds is judged, the highest is reported. The peer is judged in rounds without a
 * client: what nodes tell each other about clients comes once a second at most, whatever is
 * published, and is a figure of its own.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { addRoots, PUBLIC_WEB, publicRoots } from '../demo/bundles.ts';
import { makeCa } from '../demo/certificates.ts';
import { AdminClient } from '../src/client/admin-client.ts';
import { releaseStream } from '../src/core/ids.ts';
import { headOf } from '../src/core/trusted/state.ts';
import { type BundleSource, openBundleSource } from '../src/index.ts';
import { createTestRealm } from '../src/testing/realm.ts';
import type { CertificateFacts } from '../src/x509/certificate.ts';
import { atMost, type Claim, type Measurement, median } from './claim.ts';
import type { CountingProxy } from './counting-proxy.ts';
import { startTwoNodes, type TwoNodes } from './two-nodes.ts';

const BASE_ANCHORS = 140;
const ROUNDS = 15;
/** Those of them in which a client watches. */
const ROUNDS_WATCHED = 8;
/** What the claim allows beyond the certificate itself. */
const EXTRA_MAX_BYTES = 1500;
/** Holds whole periods of everything that nodes say to each other anyway. */
const WINDOW_MS = 2000;
const WAIT_MAX_MS = 15_000;

/** The claim. */
export const wire: Claim = {
  name: 'wire',
  summary: 'bytes on TCP for one anchor added to a bundle of 140, to a client and to a peer',
  measure,
};

/** Bytes of one round beyond the certificate. */
interface Round {
  readonly derBytes: number;
  readonly client: number;
  readonly peer: number;
}

async function measure(): Promise<Measurement> {
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  await using nodes = await startTwoNodes(realm);
  const { tls } = nodes;
  using admin = await AdminClient.open({ endpoint: nodes.first.addresses.admins ?? '', tls });
  const roots = publicRoots();
  const source = await openBundleSource({
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    endpoints: [nodes.clientProxy.address],
    tls,
    bundles: [PUBLIC_WEB],
  });
  const publish = async (added: readonly CertificateFacts[]): Promise<void> => {
    const { edit, blobs } = addRoots(added);
    const { document, sequence } = realm.nextRelease(PUBLIC_WEB, edit);
    await admin.submit({ document, blobs });
    await reached(() => isEverywhere(nodes, source, sequence));
  };
  await publish(roots.slice(0, BASE_ANCHORS));
  const added = withPrivateCas(roots.slice(BASE_ANCHORS));
  const measureAll = async (some: readonly CertificateFacts[]): Promise<readonly Round[]> => {
    // What comes after the large release, or the client's end, is not part of the first round.
    await sleep(WINDOW_MS);
    const rounds: Round[] = [];
    for (const root of some) {
      rounds.push(await measureRound(nodes, root, async () => publish([root])));
    }
    return rounds;
  };
  const watched = await measureAll(added.slice(0, ROUNDS_WATCHED));
  await source.close();
  return judge(watched, await measureAll(added.slice(ROUNDS_WATCHED)));
}

async function measureRound(
  { clientProxy, peerProxies }: TwoNodes,
  { der }: CertificateFacts,
  publish: () => Promise<void>,
): Promise<Round> {
  const before = await passing(clientProxy, peerProxies, async () => undefined);
  const during = await passing(clientProxy, peerProxies, publish);
  return {
    derBytes: der.length,
    client: during.client - before.client - der.length,
    peer: during.peer - before.peer - der.length,
  };
}

/** Bytes on both paths in one window, at whose beginning something is done. */
async function passing(
  clientProxy: CountingProxy,
  peerProxies: readonly CountingProxy[],
  act: () => Promise<void>,
): Promise<{ client: number; peer: number }> {
  const clientBefore = total([clientProxy]);
  const peerBefore = total(peerProxies);
  await Promise.all([act(), sleep(WINDOW_MS)]);
  return { client: total([clientProxy]) - clientBefore, peer: total(peerProxies) - peerBefore };
}

function total(proxies: readonly CountingProxy[]): number {
  return proxies.reduce((sum, { counts }) => sum + counts.forth + counts.back, 0);
}

/** The real roots that are left, then CAs as small companies make them. */
function withPrivateCas(roots: readonly CertificateFacts[]): readonly CertificateFacts[] {
  const made = Array.from({ length: Math.max(0, ROUNDS - roots.length) }, (_, i) => {
    return makeCa(`Private CA ${String(i + 1)}`).facts;
  });
  return [...roots, ...made].slice(0, ROUNDS);
}

function isEverywhere(nodes: TwoNodes, source: BundleSource, sequence: number): boolean {
  const stream = releaseStream(PUBLIC_WEB);
  const durable = [nodes.first, nodes.second].every(
    (node) => (headOf(node.trusted, stream)?.sequence ?? 0) >= sequence,
  );
  const isClosed = !source.status().isConnected;
  return durable && (isClosed || (source.bundle(PUBLIC_WEB)?.sequence ?? 0) >= sequence);
}

function judge(watched: readonly Round[], unwatched: readonly Round[]): Measurement {
  const client = watched.map((round) => round.client);
  const peer = unwatched.map((round) => round.peer);
  const rounds = [...watched, ...unwatched];
  return {
    figures: {
      rounds: rounds.length,
      anchorsBefore: BASE_ANCHORS,
      derBytesMedian: median(rounds.map(({ derBytes }) => derBytes)),
      clientExtraBytesMedian: median(client),
      clientExtraBytesMax: Math.max(...client),
      peerExtraBytesMedian: median(peer),
      // A mark of a store, signed every 30 s at most, is in few rounds: the mean has its share.
      peerExtraBytesMean: Math.round(peer.reduce((sum, bytes) => sum + bytes, 0) / peer.length),
      peerExtraBytesMax: Math.max(...peer),
      peerWithReportsBytesMedian: median(watched.map((round) => round.peer)),
    },
    bars: [
      atMost('clientExtraBytesMedian', median(client), EXTRA_MAX_BYTES),
      atMost('peerExtraBytesMedian', median(peer), EXTRA_MAX_BYTES),
    ],
  };
}

async function reached(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MAX_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('the nodes did not get there in time');
    await sleep(5);
  }
}
