/**
 * What a node gives readers of what regions attest, and that each reader is told it once.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/core/gossip/rows.ts';
import {
  CHARTER_STREAM,
  parseBundleName,
  parseSequence,
  type RegionName,
  type StreamName,
} from '../../../src/core/ids.ts';
import { headTree, verifyHead } from '../../../src/core/log/heads.ts';
import type { Heartbeat } from '../../../src/core/log/heartbeat.ts';
import type { CosignedHead } from '../../../src/core/log/regions.ts';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import type { Store } from '../../../src/ports/store.ts';
import { AttestedFeed } from '../../../src/service/clients/attested-feed.ts';
import { AttestedSource } from '../../../src/service/clients/attested-source.ts';
import { Prepared } from '../../../src/service/clients/prepared.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import { addActive, createTestAnchors } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { cosigned, heartbeat, rowsAt } from '../../client/support/regions.ts';
import { cosign, FRA, IAD, recoveredAfter, regionsOf } from '../../core/log/fixtures.ts';

const BUNDLE = parseBundleName('payments.test.example.org');
const OTHER = parseBundleName('other.test.example.org');

describe('AttestedSource', () => {
  let realm: TestRealm;
  let store: Store;
  let heads: CosignedHead[];
  let book: Map<RegionName, Heartbeat>;
  let source: AttestedSource;
  let stream: StreamName;

  beforeEach(async () => {
    realm = createTestRealm({ holdDownSeconds: 0, regions: regionsOf(FRA, IAD) });
    store = await openMemoryStore();
    heads = [];
    book = new Map();
    source = new AttestedSource({
      state: realm.trustedState(),
      store,
      attestations: () => ({
        cosigned: (of) => heads.filter(({ checkpoint }) => checkpoint.stream === of),
        heartbeats: book,
        splits: [],
      }),
    });
    const { document, digest } = realm.charter;
    await store.append({
      documents: [{ stream: CHARTER_STREAM, sequence: parseSequence(1), digest, document }],
      blobs: [],
    });
    ({ stream } = await publish());
  });

  it('gives a head with its lines and the place of its last statement', async () => {
    say(FRA, IAD);
    const leaf = await source.cosigned(stream);
    expect(leaf).toEqual(cosigned(realm, BUNDLE, 1, FRA, IAD).leaf);
    expect((await source.of(stream)).leaf).toEqual(leaf);
  });

  it('has nothing of a head that nobody cosigned', async () => {
    expect(await source.cosigned(stream)).toBeUndefined();
    await expect(source.of(stream)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const nothing = `release/${OTHER}` as StreamName;
    await expect(source.of(nothing)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('gives heads of the log that its charters say, once a recovery began another', async () => {
    say(FRA, IAD);
    expect((await source.cosigned(stream))?.lines).toHaveLength(2);
    source.moved(recoveredAfter(realm.trustedState()), [CHARTER_STREAM]);
    expect(await source.cosigned(stream)).toBeUndefined();
    const { checkpoint } = cosigned(realm, BUNDLE, 1, FRA).leaf;
    const head = { ...checkpoint, recoveredBy: 2 };
    const line = cosign(FRA, head, TEST_EPOCH_MS / 1000);
    heads.push({ checkpoint: head, line });
    expect(await source.cosigned(stream)).toMatchObject({ checkpoint: head, lines: [line] });
  });

  it('proves the rows of a heartbeat over what it holds', () => {
    const said = hear(IAD, 1);
    expect(source.heartbeats()).toEqual([said]);
    const rows = source.rows(IAD, [CHARTER_STREAM, stream])?.rows ?? [];
    expect(rows.map(({ row }) => row.stream)).toEqual([CHARTER_STREAM, stream]);
    for (const row of rows) expect(() => verifyHead(said.heads, row)).not.toThrow();
  });

  it('proves the rows of a heartbeat that was ahead as soon as it holds them', async () => {
    publishLater();
    const said = hear(IAD, 2);
    expect(source.heartbeats()).toEqual([]);
    await persistAll();
    expect(source.heartbeats()).toEqual([said]);
    const { root } = headTree(rowsOf(realm.trustedState()).values());
    expect(said.heads.root).toBe(root);
  });

  it('does not give heartbeats of a region that does not count any more', () => {
    hear(IAD, 1);
    book.clear();
    expect(source.heartbeats()).toEqual([]);
  });

  it('tells each reader each line and each heartbeat once', async () => {
    const feed = new AttestedFeed(source, 'left-out');
    const next = async (): Promise<readonly string[]> =>
      (await heard(feed)).map((one) =>
        one.kind === 'cosigned' ? `${one.leaf.lines.length} lines` : one.kind,
      );
    expect(await next()).toEqual([]);
    say(FRA);
    expect(await next()).toEqual(['1 lines']);
    expect(await next()).toEqual([]);
    say(IAD);
    hear(IAD, 1);
    expect(await next()).toEqual(['1 lines']);
    expect(await next()).toEqual(['heartbeat']);
    expect(await next()).toEqual([]);
  });

  function say(...regions: readonly RegionName[]): void {
    const { checkpoint, lines } = cosigned(realm, BUNDLE, 1, ...regions).leaf;
    for (const line of lines) heads.push({ checkpoint, line });
  }

  function hear(region: RegionName, sequence: number): Heartbeat {
    const rows = rowsAt(realm, new Map([[BUNDLE, sequence]]));
    const said = heartbeat(realm, region, TEST_EPOCH_MS, rows).said.heartbeat;
    book.set(region, said);
    source.heard(said);
    return said;
  }

  function publishLater(): ReturnType<TestRealm['nextRelease']> {
    const sequence = realm.releases(BUNDLE).length;
    const anchor = createTestAnchors(4)[sequence];
    if (anchor === undefined) throw new Error('too few anchors');
    return realm.nextRelease(BUNDLE, addActive(anchor));
  }

  async function publish(): Promise<ReturnType<TestRealm['nextRelease']>> {
    const release = publishLater();
    await persistAll();
    return release;
  }

  async function persistAll(): Promise<void> {
    const release = realm.releases(BUNDLE).at(-1);
    if (release === undefined) throw new Error('no release');
    const { sequence, digest, document } = release;
    await store.append({
      documents: [{ stream: release.stream, sequence, digest, document }],
      blobs: [],
    });
    source.moved(realm.trustedState(), [release.stream]);
  }
});

/** What a feed says next, once what it needs was read. */
async function heard(feed: AttestedFeed): Promise<readonly WatchResponse[]> {
  while (true) {
    const next = feed.next([BUNDLE], [{ bundle: BUNDLE }]);
    if (!(next instanceof Prepared)) return next ?? [];
    await next.settled;
  }
}
