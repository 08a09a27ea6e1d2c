/**
 * A peer with a valid certificate that floods, stalls, lies or sends garbage: what it costs is
 * bounded, it is reported and refused, and honest nodes go on.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/core/crypto.ts';
import { COSIGNED_ASK_MAX } from '../../src/core/gossip/attestations.ts';
import { FETCHES_MAX } from '../../src/core/gossip/fetching/active-fetches.ts';
import type { FetchItem, Frame, Push } from '../../src/core/gossip/frames.ts';
import { FAULTS_MAX } from '../../src/core/gossip/links/conduct.ts';
import { NO_PREVIOUS, parseRegionName, parseSha256, parseStreamName } from '../../src/core/ids.ts';
import type { ReleaseBody } from '../../src/core/releases/body.ts';
import type { EditPoint } from '../../src/core/releases/edit.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import type { TestRelease } from '../../src/testing/realm.ts';
import { encodeFrame } from '../../src/wire/gossip.ts';
import { Cluster, PAYMENTS, type RunningNode, STREAM } from './support/cluster.ts';
import { HostilePeer } from './support/hostile.ts';
import { until } from './support/listener.ts';

const ORIGIN = parseRegionName('evil');
const MADE_UP = parseStreamName('release/made-up.test.example.org');
const ROW = { stream: MADE_UP, sequence: 1, digest: NO_PREVIOUS, forked: false };
const ANCHORS = createTestAnchors(4);

describe('a hostile peer with a valid certificate', () => {
  let cluster: Cluster;
  let peer: HostilePeer;
  let victim: RunningNode;

  beforeEach(async () => {
    cluster = await Cluster.start();
    using admin = await cluster.admin('iad-1');
    await admin.submit({ document: cluster.realm.charter.document, blobs: [] });
    // Releases are published at another node, whose link may not be there yet.
    const nodes = [...cluster.nodes.values()];
    await until(() => nodes.every(({ replicator }) => replicator.durable.charters.length > 0));
    await publish();
    peer = await HostilePeer.start(cluster.realm);
    victim = cluster.node('iad-1');
  });

  afterEach(async () => {
    for (const name of [...cluster.nodes.keys()]) await cluster.stop(name);
  });

  it('is cut off for garbage, refused when it comes back, and told why', async () => {
    for (let i = 0; i < 4; i += 1) {
      const link = await peer.open(victim.server);
      link.sendBytes(Buffer.from([0xff, 0xff, 0xff, i]));
      await until(() => link.closed !== undefined);
    }
    const again = await peer.open(victim.server);
    expect(again.closed).toMatchObject({ code: 'LIMIT' });
    expect(again.closed?.message).toContain('evil-1 is refused for 10 s for its faults; the last:');
    expect(reports('peer.refused')).toHaveLength(1);
    expect(conduct()).toMatchObject({ cutOffs: 1 });
    await publishedEverywhere();
  });

  it('is cut off for statements that nobody signed and deltas that build nothing', async () => {
    const link = await peer.open(victim.server);
    const next = cluster.realm.nextRelease(PAYMENTS, addActive(anchor(1)), { after: newest() });
    const before = victim.replicator.root;
    for (let i = 0; link.closed === undefined && i < 1000; i += 1) {
      link.send({
        kind: 'push',
        push: i % 2 === 0 ? unsigned(next) : bogusDelta(next, newest()),
        origin: ORIGIN,
      });
      await turn();
    }
    await until(() => link.closed !== undefined);
    expect(reports('statement.refused')).toHaveLength(FAULTS_MAX);
    expect(victim.replicator.root).toEqual(before);
    await publishedEverywhere();
  });

  it('is asked for few of the rows that it makes up, and cut off for its answers', async () => {
    const forged = cluster.realm.nextRelease(PAYMENTS, addActive(anchor(1)), { after: newest() });
    peer.answer = async function* (): AsyncGenerator<FetchItem> {
      yield { kind: 'entry', entry: unsigned(forged) };
    };
    const link = await peer.open(victim.server);
    for (let i = 0; link.closed === undefined && i < 1000; i += 1) {
      link.send(madeUpRow(i));
      await turn();
    }
    await until(() => link.closed !== undefined);
    expect(peer.asked.length).toBeLessThanOrEqual(FAULTS_MAX + FETCHES_MAX);
    expect(conduct()).toMatchObject({ cutOffs: 1 });
    await publishedEverywhere();
  });

  it('holds no place for long with answers that never come', async () => {
    peer.answer = async function* (): AsyncGenerator<FetchItem> {
      await new Promise(() => undefined);
    };
    const link = await peer.open(victim.server);
    const streams = Array.from({ length: 500 }, (_, i) =>
      parseStreamName(`release/made-up-${i}.test.example.org`),
    );
    const rows = streams.map((stream) => ({ ...ROW, stream }));
    link.send({ kind: 'rows', rows: { rows, buckets: [] } });
    await until(() => peer.asked.length > 0);
    await publishedEverywhere();
    expect(peer.asked.length).toBeLessThan(FETCHES_MAX);
    link.cancel();
  });

  it('is read no faster than its share when it floods', async () => {
    const link = await peer.open(victim.server);
    const startMs = performance.now();
    const streams = Array.from({ length: COSIGNED_ASK_MAX }, () => MADE_UP);
    const frame = encodeFrame({ kind: 'cosigned-ask', streams, regions: [] });
    for (let i = 0; i < 3000; i += 1) link.sendBytes(frame);
    await until(() => reports('link.held').length > 0);
    await publishedEverywhere();
    const seconds = (performance.now() - startMs) / 1000;
    // Its burst, its rate since then, and what lay in the transport.
    expect(taken()).toBeLessThan((10_000 + 2000 * seconds) / COSIGNED_ASK_MAX + 50);
    expect(reports('link.held')).toHaveLength(1);
    expect(link.closed).toBeUndefined();
    link.cancel();
  });

  it('loses what it does not read, and nobody else does', async () => {
    const link = await peer.open(victim.server);
    link.stall();
    for (let i = 0; i < 5; i += 1) await publishedEverywhere();
    link.cancel();
  });

  function anchor(index: number): (typeof ANCHORS)[number] {
    const found = ANCHORS[index];
    if (found === undefined) throw new Error('no anchor');
    return found;
  }

  function newest(): TestRelease {
    const found = cluster.realm.releases(PAYMENTS).at(-1);
    if (found === undefined) throw new Error('nothing published');
    return found;
  }

  /** The next release, at another node than the one under attack. */
  async function publish(): Promise<void> {
    const first = anchor(0);
    const isFirst = cluster.realm.releases(PAYMENTS).length === 0;
    const change = isFirst ? addActive(first) : noted;
    const release = cluster.realm.nextRelease(PAYMENTS, change);
    await cluster.publish('fra-1', release, isFirst ? [first.der] : []);
  }

  async function publishedEverywhere(): Promise<void> {
    await publish();
    const sequence = newest().sequence;
    await until(() => cluster.sequences().every((held) => held === sequence));
  }

  function reports(event: string): readonly object[] {
    return victim.log.lines.filter((line) => line.event === event);
  }

  function conduct(): object | undefined {
    const known = victim.replicator.neighbours().find(({ nodeId }) => nodeId === 'evil-1');
    return known?.conduct;
  }

  /** Frames of a flood that the node has read. */
  function taken(): number {
    return victim.frames.filter(
      (frame) => frame.kind === 'cosigned-ask' && frame.streams[0] === MADE_UP,
    ).length;
  }
});

/** The next tick of the network. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A small change. */
function noted(body: ReleaseBody, { sequence }: EditPoint): ReleaseBody {
  return { ...body, note: `release ${sequence}` };
}

/** A release that nobody signed. */
function unsigned({ document }: TestRelease): Push {
  const { payload } = document.statement;
  const content = { kind: 'whole', body: document.body } as const;
  return { statement: { payload, signatures: [] }, content, blobs: [] };
}

/** A release whose body cannot be built from what it says. */
function bogusDelta(release: TestRelease, base: TestRelease): Push {
  const delta = {
    baseSequence: base.sequence,
    baseBodyDigest: sha256(base.document.body),
    patch: Uint8Array.of(1, 2, 3),
  };
  return { statement: release.document.statement, content: { kind: 'delta', delta }, blobs: [] };
}

/** A row of the attacked stream that nobody else has. */
function madeUpRow(index: number): Frame {
  const digest = parseSha256(index.toString(16).padStart(64, '0'));
  return { kind: 'held', row: { stream: STREAM, sequence: 1000 + index, digest, forked: false } };
}
