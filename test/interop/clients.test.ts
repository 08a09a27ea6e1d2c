/**
 * Clients of other makers at a real node over mTLS: what they do with one channel, as programs of
 * users in other languages do.
 */
import { describe, expect, it } from 'vitest';
import type { AdminClient } from '../../src/client/admin-client.ts';
import { parseBundleName } from '../../src/core/ids.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import { addActive, createTestAnchors, type TestAnchor } from '../../src/testing/anchors.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { TRUST_METHODS } from '../../src/wire/methods.ts';
import { decodeWatchResponse, encodeWatchRequest } from '../../src/wire/watch.ts';
import { ProcessCluster } from '../e2e/support/cluster.ts';
import { Peer } from './peer.ts';
import { CLIENTS, whyNot } from './programs.ts';

const BUNDLE = 'large';
const ANCHORS = 700;
const WATCH = TRUST_METHODS.watch.path;
const HEALTH = '/grpc.health.v1.Health/Check';
const SERVING = '0801';
/** Two pings of a client that sends one every ten seconds. */
const QUIET_MS = 25_000;
const CANCELLED = 1;
const UNAVAILABLE = 14;

interface World extends AsyncDisposable {
  readonly realm: TestRealm;
  readonly cluster: ProcessCluster;
  readonly admin: AdminClient;
  readonly start: Buffer;
  stop(): Promise<void>;
  /** Streams that the node has open. */
  watchers(): Promise<number>;
  publish(...anchors: readonly TestAnchor[]): Promise<TestRelease>;
}

async function world(): Promise<World> {
  const realm = createTestRealm({ now: () => Date.now() });
  const [port = 0] = await findFreePorts(1);
  const http = { listen: `127.0.0.1:${port}` };
  const cluster = await ProcessCluster.create(realm, ['iad'], async () => ({ http }));
  const node = await cluster.node('iad').start();
  const admin = await cluster.node('iad').openAdmin();
  const start = encodeWatchRequest({
    kind: 'start',
    start: {
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      charterVersion: 0,
      bundles: [{ bundle: parseBundleName(BUNDLE), held: undefined }],
      labels: new Map(),
      wantsAttestations: false,
    },
  });
  return {
    realm,
    cluster,
    admin,
    start,
    stop: async () => {
      await node.stop();
    },
    watchers: async () => {
      const text = await (await fetch(`http://${http.listen}/metrics`)).text();
      return Number(/^kedge_subscribers (\d+)$/m.exec(text)?.[1]);
    },
    publish: async (...anchors) => {
      const release = realm.nextRelease(BUNDLE, addActive(...anchors));
      await admin.submit({ document: release.document, blobs: anchors.map(({ der }) => der) });
      return release;
    },
    [Symbol.asyncDispose]: async () => {
      admin[Symbol.dispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** Waits until a stream has been sent as many updates of the bundle, and gives all its messages. */
async function updates(peer: Peer, of: string, count: number): Promise<readonly WatchResponse[]> {
  for (let messages = 1; ; messages += 1) {
    await peer.next(of, 'message', messages);
    const all = peer.messages(of).map(decodeWatchResponse);
    if (all.filter(({ kind }) => kind === 'update').length >= count) return all;
  }
}

describe.each(CLIENTS)('a client of $name', (program) => {
  const why = whyNot(program);
  it.skipIf(why !== undefined)(
    `watches${why === undefined ? '' : `: ${why}`}`,
    {
      timeout: 300_000,
    },
    async () => {
      await using node = await world();
      const anchors = createTestAnchors(ANCHORS + 4, Date.now());
      const next = anchors.slice(ANCHORS);
      await node.publish(...anchors.slice(0, ANCHORS));
      const { certFile, keyFile, caFile } = node.cluster.clientTls as Record<string, string>;
      const files = { certFile: certFile ?? '', keyFile: keyFile ?? '', caFile: caFile ?? '' };
      await using peer = await Peer.start(program, node.cluster.node('iad').endpoint, files);

      // What is asked first decides who serves a connection; a stream is the same on both.
      await using other = await Peer.start(program, node.cluster.node('iad').endpoint, files);
      other.unary('h', HEALTH, Buffer.alloc(0));
      expect((await other.next('h', 'end')).code ?? 0).toBe(0);
      other.stream('w', WATCH, node.start);
      await updates(other, 'w', 1);

      // A snapshot that is larger than the windows that all begin with.
      peer.stream('a', WATCH, node.start);
      expect((await peer.next('a', 'headers')).metadata).toMatchObject({ 'kedge-node': ['iad'] });
      const first = await updates(peer, 'a', 1);
      const blobs = first.flatMap((each) => (each.kind === 'blobs' ? each.blobs : []));
      expect(blobs).toHaveLength(ANCHORS);
      const bytes = peer.messages('a').reduce((sum, each) => sum + each.length, 0);
      expect(bytes).toBeGreaterThan(200_000);

      // Another method on the same channel, while the stream goes on.
      for (const of of ['h1', 'h2']) {
        peer.unary(of, HEALTH, Buffer.alloc(0));
        expect((await peer.next(of, 'end')).code ?? 0).toBe(0);
        expect(peer.messages(of).map((each) => each.toString('hex'))).toEqual([SERVING]);
      }
      await node.publish(next[0] as TestAnchor);
      await updates(peer, 'a', 2);

      // Another stream on the channel, wherever its calls go now.
      peer.stream('b', WATCH, node.start);
      await updates(peer, 'b', 1);

      // Nothing happens but pings.
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      await node.publish(next[1] as TestAnchor);
      await updates(peer, 'a', 3);
      await updates(peer, 'b', 2);

      // One ends in order, one breaks off; others are not touched.
      peer.stream('c', WATCH, node.start);
      await updates(peer, 'c', 1);
      peer.do('half-close', 'b');
      expect((await peer.next('b', 'end')).code ?? 0).toBe(0);
      peer.do('cancel', 'c');
      expect((await peer.next('c', 'end')).code).toBe(CANCELLED);
      await expect.poll(() => node.watchers(), { timeout: 20_000 }).toBe(2);
      await node.publish(next[2] as TestAnchor);
      await updates(peer, 'a', 4);

      // The node stops: whoever watches is told to go elsewhere, and the node is not held up.
      expect(peer.seen('a').some(({ event }) => event === 'end')).toBe(false);
      const ended = peer.next('a', 'end');
      await node.stop();
      expect((await ended).code).toBe(UNAVAILABLE);
      expect((await other.next('w', 'end')).code).toBe(UNAVAILABLE);
    },
  );
});
