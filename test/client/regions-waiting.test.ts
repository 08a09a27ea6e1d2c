/**
 * A program that demands the word of regions while a release waits behind the one that is being
 * rolled out: what it is shown excuses that for as long as the rollout is known to be in force.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import type { BundleSource } from '../../src/client/source.ts';
import type { BundleStatus } from '../../src/client/states/status.ts';
import { sha256 } from '../../src/core/crypto.ts';
import { parseBundleName, parseSequence } from '../../src/core/ids.ts';
import { revokeAnchor } from '../../src/core/releases/edit.ts';
import type { NamedRelease, RolloutBody } from '../../src/core/rollouts/body.ts';
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
import { FRA, IAD, regionsOf, SIN } from '../core/log/fixtures.ts';
import { wave } from '../core/rollouts/support.ts';
import {
  blobs,
  charters,
  current,
  delta,
  shown as shownAfter,
  snapshot,
} from './support/honest.ts';
import {
  cosigned,
  cosignedCharters,
  cosignedWithin,
  heartbeat,
  rolloutRow,
  rowsAt,
} from './support/regions.ts';
import { type ScriptedNode, startNode } from './support/scripted-node.ts';
import { BUNDLE, openSource, until } from './support/source.ts';

const NAME = parseBundleName(BUNDLE);
const WINDOW_MS = 120_000;
const MINUTE_MS = 60_000;
const ALL = [FRA, IAD, SIN] as const;

describe('a source that requires regions, while a release waits behind a rollout', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let clock: SimulatedClock;
  let node: ScriptedNode;
  let source: BundleSource;

  /** Release 1 is in use. */
  beforeEach(async () => {
    realm = createTestRealm({
      ...{ holdDownSeconds: 0, regions: regionsOf(...ALL), rolloutSigner: 'deploy' },
    });
    anchors = createTestAnchors(4);
    clock = new SimulatedClock();
    publish(0);
    node = await startNode((session) => {
      session.send(charters(...realm.charters), blobs(...anchors), snapshot(release(1)));
    });
    source = await openSource(realm, [node.endpoint], {
      ...{ requireRegions: 2, staleAfterMs: WINDOW_MS, silenceTimeoutMs: 2 ** 31 - 1, clock },
    });
    await until(() => node.sessions.length > 0);
    say(cosigned(realm, NAME, 1, ...ALL));
    await until(() => inUse() === 1);
  });

  it('is fresh, and takes the one that is rolled out when it gets it (DW-18)', async () => {
    roll();
    await beat('no rollout');
    expect(status().state).toBe('stale');
    say(shown(2), shown(3));
    await beat('no rollout');
    expect(status().state).toBe('stale');
    clock.advance(MINUTE_MS);
    await beat(1);
    await until(() => status().state === 'fresh');
    expect(inUse()).toBe(1);
    say(blobs(anchor(1)), delta(release(1), release(2)));
    say(cosignedWithin(realm, NAME, { size: 3, at: 2 }, ...ALL));
    await until(() => inUse() === 2);
    clock.advance(WINDOW_MS - MINUTE_MS);
    await beat(1);
    await until(() => status().state === 'fresh');
  });

  it('is stale within the window when a node withholds what became of that rollout', async () => {
    roll();
    say(shown(2), shown(3));
    await beat(1);
    await until(() => status().state === 'fresh');
    realm.nextRollout(BUNDLE, { ...rolloutOf(release(1), release(2)), state: 'aborted' });
    clock.advance(WINDOW_MS - MINUTE_MS);
    await beat(2);
    expect(status().state).toBe('fresh');
    clock.advance(2 * MINUTE_MS);
    await beat(2);
    await until(() => status().state === 'stale');
    expect(inUse()).toBe(1);
  });

  it('is stale once that rollout has expired', async () => {
    roll(TEST_EPOCH_MS + WINDOW_MS);
    say(shown(2), shown(3));
    await beat(1);
    await until(() => status().state === 'fresh');
    clock.advance(WINDOW_MS - MINUTE_MS);
    await beat(1);
    clock.advance(WINDOW_MS + MINUTE_MS);
    await beat(1);
    await until(() => status().state === 'stale');
    expect(inUse()).toBe(1);
  });

  it('takes what a stolen rollout kept out at the instant when that is over', async () => {
    const overMs = TEST_EPOCH_MS + 5 * MINUTE_MS;
    const stolen = realm.nextRollout(BUNDLE, rolloutOf(release(1), farRelease()), {
      ...{ after: 'nothing', expiresMs: overMs },
    });
    say({ kind: 'rollout', document: stolen.document });
    roll();
    say(blobs(anchor(1)), delta(release(1), release(2)));
    say(cosignedWithin(realm, NAME, { size: 3, at: 2 }, ...ALL));
    await until(() => status().waitingSequence === 2);
    clock.advance(overMs - TEST_EPOCH_MS - 1);
    await beat('no rollout');
    expect(inUse()).toBe(1);
    clock.advance(1);
    await until(() => inUse() === 2);
    expect(node.sessions).toHaveLength(1);
  });

  it('is stale when a region has one before the release that a rollout names (DW-13)', async () => {
    const { document } = realm.nextRollout(BUNDLE, rolloutOf(release(1), farRelease()));
    say({ kind: 'rollout', document });
    await beat('no rollout');
    await until(() => status().state === 'fresh');
    realm.nextRelease(BUNDLE, (body, point) => revokeAnchor(body, anchor(0).id, point));
    clock.advance(WINDOW_MS + MINUTE_MS);
    await beat('no rollout');
    await until(() => status().state === 'stale');
    expect(inUse()).toBe(1);
  });

  it('asks anew for a rollout that came before its charter was cosigned', async () => {
    publish(1, 'waves');
    const next = realm.nextCharter((before) => ({ ...before, note: 'next' }));
    const { document } = realm.nextRollout(BUNDLE, rolloutOf(release(1), release(2)));
    say(charters(next), { kind: 'rollout', document }, cosignedCharters(realm, FRA, SIN));
    await until(() => source.status().lastError?.code === 'GAP');
  });

  it('leaves a node that shows a release which nobody signed', async () => {
    roll();
    realm.nextRelease(BUNDLE, addActive(anchor(3)), { signers: ['deploy'] });
    say(shown(2), shown(3), shown(4));
    await until(() => source.status().lastError?.code === 'THRESHOLD');
    expect(inUse()).toBe(1);
  });

  /** Release 2 is rolled out to others, and 3 waits. */
  function roll(expiresMs?: number): void {
    publish(1, 'waves');
    publish(2, 'waves');
    const { document } = realm.nextRollout(BUNDLE, rolloutOf(release(1), release(2)), {
      ...(expiresMs !== undefined && { expiresMs }),
    });
    say({ kind: 'rollout', document });
  }

  function publish(index: number, delivery?: 'waves'): void {
    const edit = addActive(anchor(index));
    realm.nextRelease(BUNDLE, (body, point) => {
      const next = edit(body, point);
      return delivery === undefined ? next : { ...next, delivery };
    });
  }

  /** Whoever signs rollouts names what nobody published: no node but a false one takes that. */
  function farRelease(): NamedRelease {
    return { sequence: parseSequence(1000), digest: sha256(new Uint8Array(0)) };
  }

  function rolloutOf(from: TestRelease, to: NamedRelease): Omit<RolloutBody, 'bundle'> {
    return rolloutPlan(named(to), named(from), { waves: [wave(5), wave(100)] });
  }

  /** A release as a node shows it to who may not have it. */
  function shown(sequence: number): WatchResponse {
    return shownAfter(release(sequence - 1), release(sequence));
  }

  /** Two regions say what the realm holds, with this rollout; returns when that was taken in. */
  async function beat(rollout: number | 'no rollout'): Promise<void> {
    const releases = rowsAt(realm, new Map([[NAME, realm.releases(BUNDLE).length]]));
    const more = rollout === 'no rollout' ? [] : [rolloutRow(realm, NAME, rollout)];
    for (const region of [FRA, SIN]) {
      say(heartbeat(realm, region, clock.nowMs(), [...releases, ...more]));
    }
    say(current(NAME, release(inUse() ?? 1)));
    await until(() => status().confirmedAtMs === clock.nowMs());
  }

  function say(...responses: readonly WatchResponse[]): void {
    node.sessions.at(-1)?.send(...responses);
  }

  function status(): BundleStatus {
    const [one] = source.status().bundles;
    if (one === undefined) throw new Error('no bundle');
    return one;
  }

  function inUse(): number | undefined {
    return source.bundle(BUNDLE)?.sequence;
  }

  function release(sequence: number): TestRelease {
    return realm.release(BUNDLE, sequence);
  }

  function anchor(index: number): TestAnchor {
    return anchorAt(anchors, index);
  }
});
