/**
 * What a program does that demands the word of regions: what comes into use, what is fresh, and
 * which time it is.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import type { BundleSourceOptions } from '../../src/client/options.ts';
import type { BundleSource } from '../../src/client/source.ts';
import type { BundleStatus } from '../../src/client/states/status.ts';
import { parseBundleName, type RegionName } from '../../src/core/ids.ts';
import type { RolloutBody } from '../../src/core/rollouts/body.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import {
  addActive,
  anchorAt,
  createTestAnchors,
  type TestAnchor,
} from '../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { named, rolloutPlan } from '../../src/testing/rollouts.ts';
import { SimulatedClock, TEST_EPOCH_MS } from '../../src/testing/simulated-clock.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { FRA, IAD, regionsOf, SIN } from '../core/log/fixtures.ts';
import { wave } from '../core/rollouts/support.ts';
import { blobs, charters, current, delta, shown, snapshot } from './support/honest.ts';
import {
  cosigned,
  cosignedCharters,
  cosignedWithin,
  heartbeat,
  rowsAt,
} from './support/regions.ts';
import { type ScriptedNode, startNode, type WatchSession } from './support/scripted-node.ts';
import { BUNDLE, openSource, recordingLogger, recordingMetrics, until } from './support/source.ts';

const NAME = parseBundleName(BUNDLE);
const WINDOW_MS = 120_000;
const MINUTE_MS = 60_000;
const ALL = [FRA, IAD, SIN] as const;

describe('a source that requires regions', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let clock: SimulatedClock;
  let node: ScriptedNode;
  let source: BundleSource;

  beforeEach(async () => {
    realm = createTestRealm({ holdDownSeconds: 0, regions: regionsOf(...ALL) });
    anchors = createTestAnchors(4);
    clock = new SimulatedClock();
    publish(0);
    node = await startNode((session) => greet(session));
  });

  it('uses a release when enough regions cosigned it, and says loaded only then', async () => {
    await open();
    await until(() => waiting() === 1);
    expect(state()).toBe('waiting');
    say(cosigned(realm, NAME, 1, FRA));
    say(cosigned(realm, NAME, 1, SIN));
    await until(() => inUse() === 1);
    await until(() => reports().includes('loaded 1'));
    expect(reports()[0]).toBe('delivered 1');
    expect(waiting()).toBeUndefined();
  });

  it('keeps what is in use while a newer release lacks a cosignature', async () => {
    await use(1);
    publish(1);
    say(blobs(anchor(1)), delta(release(1), release(2)), cosigned(realm, NAME, 2, FRA));
    await until(() => status().lastError?.message.startsWith('1 of 2') ?? false);
    expect(status()).toMatchObject({ sequence: 1, waitingSequence: 2 });
    expect(status().lastError?.code).toBe('QUORUM');
    say(cosigned(realm, NAME, 2, IAD));
    await until(() => inUse() === 2);
    expect(status().lastError).toBeUndefined();
  });

  it('takes releases that build on one that waits, when the newest is cosigned', async () => {
    await use(1);
    publish(1);
    publish(2);
    say(blobs(anchor(1)), delta(release(1), release(2)));
    say(blobs(anchor(2)), delta(release(2), release(3)));
    await until(() => waiting() === 3);
    expect(inUse()).toBe(1);
    say(cosigned(realm, NAME, 3, ...ALL));
    await until(() => inUse() === 3);
    expect(source.bundle(BUNDLE)?.anchors).toHaveLength(3);
  });

  it('counts no line that does not verify, and no region twice', async () => {
    await open();
    const good = cosigned(realm, NAME, 1, FRA);
    const [line] = good.leaf.lines;
    if (line === undefined) throw new Error('no line');
    const bent = { ...line, signature: line.signature.map((byte) => byte ^ 1) };
    say({ kind: 'cosigned', leaf: { ...good.leaf, lines: [line, line, bent] } });
    await until(() => status().lastError?.message.startsWith('1 of 2') ?? false);
    expect(inUse()).toBeUndefined();
  });

  it('counts no cosignature of a log that does not end with the release', async () => {
    await use(1);
    publish(1);
    const other = createTestRealm({ holdDownSeconds: 0, regions: regionsOf(...ALL) });
    other.nextRelease(BUNDLE, addActive(anchor(2)));
    other.nextRelease(BUNDLE, addActive(anchor(3)));
    say(blobs(anchor(1)), delta(release(1), release(2)), cosigned(other, NAME, 2, ...ALL));
    await until(() => waiting() === 2);
    say(current(NAME, release(1)));
    expect(status().lastError?.message).toMatch(/^0 of 2/);
  });

  it('does not count a region that signed two roots for one size', async () => {
    await use(1);
    publish(1);
    const fork = createTestRealm({ holdDownSeconds: 0, regions: regionsOf(...ALL) });
    fork.nextRelease(BUNDLE, addActive(anchor(2)));
    fork.nextRelease(BUNDLE, addActive(anchor(3)));
    say(cosigned(fork, NAME, 2, FRA));
    say(blobs(anchor(1)), delta(release(1), release(2)), cosigned(realm, NAME, 2, FRA, IAD));
    await until(() => status().lastError?.message.startsWith('1 of 2') ?? false);
    say(cosigned(realm, NAME, 2, SIN));
    await until(() => inUse() === 2);
  });

  it('uses nothing when the charter has fewer regions than it requires', async () => {
    await open({ requireRegions: 4 });
    await until(() => status().lastError?.code === 'POLICY');
    expect(status()).toMatchObject({ state: 'waiting', waitingSequence: 1 });
  });

  it('uses a charter when enough regions cosigned the log of charters', async () => {
    const metrics = recordingMetrics();
    await use(1, { metrics });
    amend('2');
    say(charters(...realm.charters.slice(1)), cosignedCharters(realm, FRA));
    await until(() => metrics.values.get('kedge_client_charter_unattested') === 1);
    expect(source.status().charterVersion).toBe(1);
    say(cosignedCharters(realm, IAD));
    await until(() => source.status().charterVersion === 2);
    expect(metrics.values.get('kedge_client_charter_unattested')).toBe(0);
    expect(node.sessions).toHaveLength(1);
  });

  it('gets a release anew that came before its charter was cosigned', async () => {
    await use(1);
    amend('2');
    publish(1);
    say(charters(...realm.charters.slice(1)), blobs(anchor(1)), delta(release(1), release(2)));
    await until(() => status().lastError?.message.includes('cosigned charter 2') ?? false);
    expect(status()).toMatchObject({ sequence: 1, lastError: { code: 'QUORUM' } });
    say(cosigned(realm, NAME, 2, ...ALL), cosignedCharters(realm, FRA, IAD));
    await until(() => source.status().charterVersion === 2);
    await until(() => source.status().lastError?.code === 'GAP');
    clock.advance(1000);
    await until(() => inUse() === 2);
    expect(status().lastError).toBeUndefined();
  });

  it('leaves a node that shows a charter which is not in the log of regions', async () => {
    await use(1);
    const shown = createTestRealm({ holdDownSeconds: 0, regions: regionsOf(...ALL) });
    shown.nextCharter((charter) => ({ ...charter, note: 'shown to everybody' }));
    amend('hidden');
    say(cosignedCharters(shown, FRA, SIN), charters(...realm.charters.slice(1)));
    await until(() => source.status().lastError?.code === 'PROOF');
    expect(source.status()).toMatchObject({ charterVersion: 1 });
    expect(inUse()).toBe(1);
  });

  it('needs no region for charters up to one that its owner vouches for', async () => {
    amend('2');
    amend('3');
    await open({ knownCharterDigest: realm.charters[1]?.digest ?? '' });
    await until(() => source.status().charterVersion === 2);
    say(cosignedCharters(realm, FRA, SIN));
    await until(() => source.status().charterVersion === 3);
  });

  it('uses a release that waited while its charter expired (D08)', async () => {
    realm.nextCharter((charter) => ({ ...charter, note: 'short' }), {
      expiresMs: TEST_EPOCH_MS + 10 * MINUTE_MS,
    });
    await open();
    say(cosignedCharters(realm, FRA, IAD));
    await until(() => source.status().charterVersion === 2);
    await until(() => waiting() === 1);
    clock.advance(11 * MINUTE_MS);
    publish(1);
    say(cosigned(realm, NAME, 1, FRA, IAD));
    await until(() => inUse() === 1);
    say(blobs(anchor(1)), delta(release(1), release(2)));
    await until(() => source.status().lastError?.code === 'EXPIRED');
    expect(inUse()).toBe(1);
  });

  it('is fresh by the word of regions, and tells once when it becomes stale', async () => {
    const told: string[] = [];
    const metrics = recordingMetrics();
    await use(1, { metrics });
    source.onState(({ of, state: one }) => {
      if (of === 'bundle') told.push(one);
    });
    expect(state()).toBe('stale');
    await beat(FRA, SIN);
    expect(await fresh()).toMatchObject({ attestedAtMs: TEST_EPOCH_MS });
    clock.advance(WINDOW_MS);
    expect(state()).toBe('fresh');
    clock.advance(2);
    expect(state()).toBe('stale');
    expect(inUse()).toBe(1);
    clock.advance(10 * WINDOW_MS);
    expect(told.filter((one) => one === 'stale')).toHaveLength(1);
    expect(metrics.values.get(`kedge_client_bundle_state ${BUNDLE} stale`)).toBe(1);
    await beat(FRA, SIN);
    await fresh();
  });

  it('tells that it is stale from the start when that lasts a window', async () => {
    await use(1);
    const told: string[] = [];
    source.onState(({ of, state: one }) => {
      if (of === 'bundle') told.push(one);
    });
    clock.advance(WINDOW_MS - MINUTE_MS);
    expect([state(), told]).toEqual(['stale', ['waiting']]);
    clock.advance(2 * MINUTE_MS);
    expect(told).toEqual(['waiting', 'stale']);
    await beat(FRA, SIN);
    await fresh();
    expect(told).toEqual(['waiting', 'stale', 'fresh']);
  });

  it('is not fresh on the word of fewer regions', async () => {
    await use(1);
    await beat(FRA);
    clock.advance(30_000);
    await beat(FRA);
    expect(state()).toBe('stale');
  });

  it('becomes stale when a node withholds a release', async () => {
    await use(1);
    await beat(FRA, SIN);
    await fresh();
    publish(1);
    clock.advance(MINUTE_MS);
    await beat(FRA, SIN);
    expect(state()).toBe('fresh');
    clock.advance(MINUTE_MS + 2);
    await beat(FRA, SIN);
    expect(state()).toBe('stale');
  });

  it('is fresh while a rollout holds the newest release back, until that expires', async () => {
    const expiresMs = TEST_EPOCH_MS + 4 * WINDOW_MS;
    realm = createTestRealm({ regions: regionsOf(...ALL), rolloutSigner: 'deploy' });
    publish(0);
    await use(1);
    publish(1, 'waves');
    const { document } = realm.nextRollout(BUNDLE, rolloutOf(release(1), release(2)), {
      expiresMs,
    });
    say({ kind: 'rollout', document }, shown(release(1), release(2)));
    for (let window = 0; window < 4; window += 1) {
      await beat(FRA, SIN);
      expect((await fresh()).sequence).toBe(1);
      clock.advance(WINDOW_MS - MINUTE_MS);
    }
    clock.advance(5 * MINUTE_MS);
    await beat(FRA, SIN);
    await until(() => state() === 'stale');
    expect(inUse()).toBe(1);
  });

  it('starts with the release before the one that a rollout holds back', async () => {
    realm = createTestRealm({ regions: regionsOf(...ALL), rolloutSigner: 'deploy' });
    for (const index of [0, 1]) publish(index);
    publish(2, 'waves');
    node = await startNode((session) => {
      session.send(charters(...realm.charters), blobs(...anchors), snapshot(release(2)));
    });
    await open();
    const within = { size: 3, at: 2 };
    say(cosignedWithin(realm, NAME, within, ...ALL));
    await until(() => waiting() === 2);
    const { document } = realm.nextRollout(BUNDLE, rolloutOf(release(2), release(3)));
    say({ kind: 'rollout', document });
    say(cosignedWithin(realm, NAME, within, FRA), shown(release(2), release(3)));
    await until(() => inUse() === 2);
    await beat(FRA, SIN);
    expect((await fresh()).sequence).toBe(2);
  });

  it('leaves a node that sends a rollout which nobody signed', async () => {
    realm = createTestRealm({ regions: regionsOf(...ALL), rolloutSigner: 'deploy' });
    publish(0);
    publish(1);
    await use(2);
    const body = rolloutOf(release(1), release(2));
    const { document } = realm.nextRollout(BUNDLE, body, { signers: ['alice', 'bob'] });
    say({ kind: 'rollout', document });
    await until(() => source.status().lastError?.code === 'THRESHOLD');
    expect(inUse()).toBe(2);
  });

  it('becomes stale when a node withholds a charter', async () => {
    await use(1);
    realm.nextCharter((charter) => ({ ...charter, note: 'withheld' }));
    await beat(FRA, SIN);
    clock.advance(MINUTE_MS);
    await beat(FRA, SIN);
    expect(state()).toBe('stale');
  });

  it('is attested at once when it catches up with rows that were ahead', async () => {
    await use(1);
    publish(1);
    await beat(FRA, SIN);
    expect(state()).toBe('stale');
    say(blobs(anchor(1)), delta(release(1), release(2)), cosigned(realm, NAME, 2, FRA, SIN));
    await fresh();
    expect(inUse()).toBe(2);
  });

  it('waits until it is fresh, or says that it is stale', async () => {
    await use(1);
    const waits = source.ready({ until: 'fresh', timeoutMs: 1000 });
    clock.advance(1000);
    await expect(waits).rejects.toMatchObject({ code: 'STALE' });
    const ready = source.ready({ until: 'fresh' });
    await beat(FRA, SIN);
    await ready;
    expect(state()).toBe('fresh');
  });

  it('is fresh by a heartbeat that comes soon after another', async () => {
    await use(1);
    await beat(FRA);
    const ready = source.ready({ until: 'fresh' });
    clock.advance(2000);
    await beat(SIN);
    await ready;
    expect(state()).toBe('fresh');
  });

  it('takes two heartbeats of one region within seconds', async () => {
    await use(1);
    const rows = rowsAt(realm, new Map());
    for (const region of [FRA, SIN]) say(heartbeat(realm, region, clock.nowMs(), rows));
    const ready = source.ready({ until: 'fresh' });
    clock.advance(2000);
    await beat(FRA, SIN);
    await ready;
    expect(state()).toBe('fresh');
  });

  it('never counts time below what regions signed, also after a restart', async () => {
    await using dir = await createTempDir();
    const logger = recordingLogger();
    await use(1, { cacheDir: dir.path });
    await beat(FRA, SIN);
    await fresh();
    await source.close();
    clock = new SimulatedClock(TEST_EPOCH_MS - 365 * 24 * 60 * MINUTE_MS);
    await open({ cacheDir: dir.path, logger });
    expect(source.status().clock).toBe('behind');
    expect(logger.events).toContainEqual(
      expect.objectContaining({ event: 'clock.suspect', verdict: 'behind' }),
    );
    expect(status()).toMatchObject({ state: 'stale', sequence: 1 });
  });

  it('becomes stale in time when its clock was set back', async () => {
    await use(1);
    await beat(FRA, SIN);
    await fresh();
    clock.setWallTime(TEST_EPOCH_MS - 24 * 60 * MINUTE_MS);
    // What passed since the last look at the clock is lost, at most ten seconds.
    clock.advance(WINDOW_MS + 11_000);
    expect(state()).toBe('stale');
  });

  it('refuses a number of regions that no charter can have', async () => {
    for (const requireRegions of [0, 1.5, 101]) {
      await expect(open({ requireRegions })).rejects.toMatchObject({ code: 'CONFIG' });
    }
  });

  function greet(session: WatchSession): void {
    session.send(charters(...realm.charters.slice(session.start.charterVersion)));
    const [{ held } = { held: undefined }] = session.start.bundles;
    const head = realm.releases(BUNDLE).at(-1);
    if (head === undefined || held?.sequence === head.sequence) {
      session.send(current(NAME, head));
    } else {
      session.send(blobs(...anchors), snapshot(head));
    }
  }

  async function open(options: Partial<BundleSourceOptions> = {}): Promise<void> {
    source = await openSource(realm, [node.endpoint], {
      requireRegions: 2,
      staleAfterMs: WINDOW_MS,
      silenceTimeoutMs: 2 ** 31 - 1,
      clock,
      ...options,
    });
    await until(() => node.sessions.length > 0);
  }

  /** Opens a source and lets the first release come into use. */
  async function use(sequence: number, options: Partial<BundleSourceOptions> = {}): Promise<void> {
    await open(options);
    say(cosigned(realm, NAME, sequence, ...ALL));
    await until(() => inUse() === sequence);
  }

  function say(...responses: readonly WatchResponse[]): void {
    node.sessions.at(-1)?.send(...responses);
  }

  /** Regions say what the realm holds now; returns when the source has taken it in. */
  async function beat(...regions: readonly RegionName[]): Promise<void> {
    const rows = rowsAt(realm, new Map([[NAME, realm.releases(BUNDLE).length]]));
    for (const region of regions) say(heartbeat(realm, region, clock.nowMs(), rows));
    // Taken in order: a refusal of what follows would show that it came.
    const before = source.status().bundles[0]?.confirmedAtMs;
    say(current(NAME, release(inUse() ?? 1)));
    if (before === undefined || before < clock.nowMs()) {
      await until(() => source.status().bundles[0]?.confirmedAtMs === clock.nowMs());
    }
  }

  async function fresh(): Promise<BundleStatus> {
    await until(() => state() === 'fresh', 'fresh');
    return status();
  }

  function status(): BundleStatus {
    const [one] = source.status().bundles;
    if (one === undefined) throw new Error('no bundle');
    return one;
  }

  function state(): BundleStatus['state'] {
    return status().state;
  }

  function inUse(): number | undefined {
    return source.bundle(BUNDLE)?.sequence;
  }

  function waiting(): number | undefined {
    return status().waitingSequence;
  }

  function reports(): readonly string[] {
    return node.sessions.at(-1)?.reports ?? [];
  }

  function rolloutOf(from: TestRelease, to: TestRelease): Omit<RolloutBody, 'bundle'> {
    return rolloutPlan(named(to), named(from), { waves: [wave(5), wave(100)] });
  }

  function amend(note: string): void {
    realm.nextCharter((charter) => ({ ...charter, note }));
  }

  function publish(index: number, delivery?: 'waves'): void {
    const edit = addActive(anchor(index));
    realm.nextRelease(BUNDLE, (body, point) => ({
      ...edit(body, point),
      ...(delivery !== undefined && { delivery }),
    }));
  }

  function release(sequence: number): TestRelease {
    return realm.release(BUNDLE, sequence);
  }

  function anchor(index: number): TestAnchor {
    return anchorAt(anchors, index);
  }
});
