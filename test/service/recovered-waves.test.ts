/**
 * A realm whose rollout has times, and which a thief of the charter quorum had for a while: what he
 * opened, and whose clock he believed, falls with his charters at a node that was restarted or not.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CharterChange } from '../../src/core/charter/draft.ts';
import { type RegionName, rolloutStream } from '../../src/core/ids.ts';
import { headTree } from '../../src/core/log/heads.ts';
import type { Heartbeat } from '../../src/core/log/heartbeat.ts';
import type { NamedRelease, Wave } from '../../src/core/rollouts/body.ts';
import type { Deliveries } from '../../src/service/clients/deliveries.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { EVERYBODY, rolloutPlan } from '../../src/testing/rollouts.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { FRA, GRU, heartbeat, IAD, regionKey, regionsOf, SIN } from '../core/log/fixtures.ts';
import { PAYMENTS } from '../core/releases/bodies.ts';
import { ed25519Key, REALM, role, signer } from '../core/support.ts';
import {
  BRANCHED,
  type BranchedCharter,
  type BranchedRelease,
  Branches,
  OWNERS,
} from './support/branches.ts';
import { TestCluster, type TestNode, until } from './support/cluster.ts';
import { deliveriesOf } from './support/deliveries.ts';

const MALLORY = ed25519Key(66);
const HOUR_MS = 3_600_000;
const CANARY = new Map([['tier', 'canary']]);
const NONE: ReadonlyMap<string, string> = new Map();

describe('the timed waves of a realm that is recovered', () => {
  let realm: Branches;
  let cluster: TestCluster;
  let node: TestNode;
  let clock: SimulatedClock;
  let deliveries: Deliveries;
  let heard: Map<RegionName, Heartbeat>;
  let first: BranchedRelease;
  let second: BranchedRelease;
  let ours: BranchedRelease;
  let stolen: BranchedCharter;
  let notBeforeMs: number;

  /** Release 2 is with canaries; all others get it in an hour. A thief then takes the realm. */
  beforeEach(async () => {
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    notBeforeMs = nowMs + HOUR_MS;
    realm = new Branches(nowMs, regionsOf(FRA, IAD, SIN), 'signed');
    const { root } = realm;
    cluster = new TestCluster({ realm: REALM, firstCharterDigest: root.digest });
    node = cluster.add('iad', ['iad'], await openMemoryStore());
    cluster.start();
    clock = new SimulatedClock(nowMs);
    heard = new Map();
    await start();
    first = realm.release(root, undefined, 'ours');
    second = realm.release(root, first, { note: 'ours too', delivery: 'waves' });
    ours = realm.rollout(root, undefined, planOf([wave('canary', CANARY), timed(notBeforeMs)]));
    await submit(root, first, second, ours);
    beat(FRA, IAD);
    await judge();
    expect(await due()).toEqual([2, 1]);
    stolen = realm.stolen(root, 'stolen', seized(root));
    const hurry = [wave('canary', CANARY), timed(nowMs + 2 * HOUR_MS - 60_000)];
    await submit(stolen, realm.rollout(stolen, ours, planOf(hurry), MALLORY));
  });

  afterEach(async () => {
    await deliveries[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  });

  it('wait for their time by the regions of the charter that recovery keys signed', async () => {
    heard = new Map();
    await recover();
    clock.advance(HOUR_MS + 1000);
    // The thief has a region of his own, which says that it is time.
    beat(GRU);
    await judge();
    expect(await due()).toEqual([2, 1]);
    beat(IAD);
    await judge();
    expect(await due()).toEqual([2, 1]);
    beat(FRA);
    await judge();
    expect(await due()).toEqual([2, 2]);
  });

  it('are open as far as the disk says, and not before their time, after a restart', async () => {
    await recover();
    await restart();
    beat(FRA, IAD);
    await judge();
    expect(await due()).toEqual([2, 1]);
    clock.advance(HOUR_MS - 60_000);
    beat(FRA, IAD);
    await judge();
    expect(await due()).toEqual([2, 1]);
    clock.advance(61_000);
    beat(FRA, IAD);
    await judge();
    expect(await due()).toEqual([2, 2]);
  });

  it('keep what the thief opened closed where he took other programs first', async () => {
    const { root } = realm;
    const all = realm.rollout(stolen, theirs(), planOf([EVERYBODY]), MALLORY);
    await submit(all);
    await judge();
    expect(await due()).toEqual([2, 2]);
    await recover();
    beat(FRA, IAD);
    await judge();
    expect(await due()).toEqual([2, 1]);
    const charter = node.replicator.durable.charters.at(-1);
    expect(charter?.charter.regions).toEqual(root.state.charters[0]?.charter.regions);
  });

  it('go on under a rollout that the owners sign after it', async () => {
    const recovered = await recover();
    const later = [wave('canary', CANARY), timed(notBeforeMs + HOUR_MS)];
    await submit(realm.rollout(recovered, ours, planOf(later)));
    clock.advance(HOUR_MS + 1000);
    beat(FRA, IAD);
    await judge();
    expect(await due()).toEqual([2, 1]);
    const third = realm.release(recovered, second, 'ours again', OWNERS);
    await submit(third);
    await judge();
    expect(await due()).toEqual([3, 3]);
  });

  async function recover(): Promise<BranchedCharter> {
    const recovered = realm.recovered(realm.root, 1);
    await submit(recovered);
    await until('the realm is back', () => head(rolloutStream(PAYMENTS)) === ours.digest);
    expect(head(BRANCHED)).toBe(second.digest);
    return recovered;
  }

  /** The rollout of the thief. */
  function theirs(): BranchedRelease {
    const found = node.replicator.durable.streams.get(rolloutStream(PAYMENTS))?.head;
    if (found === undefined) throw new Error('no rollout');
    return { ...found, document: { statement: found.statement, body: found.bodyBytes } };
  }

  function head(
    stream: Parameters<TestNode['replicator']['durable']['streams']['get']>[0],
  ): string {
    return node.replicator.durable.streams.get(stream)?.head?.digest ?? '';
  }

  function planOf(waves: readonly Wave[]): ReturnType<typeof rolloutPlan> {
    return rolloutPlan(named(second), named(first), { waves });
  }

  async function start(): Promise<void> {
    const { durable } = node.replicator;
    deliveries = deliveriesOf(durable, node.store, { clock, heartbeats: () => heard });
    deliveries.start();
    await Promise.resolve();
  }

  async function restart(): Promise<void> {
    await deliveries[Symbol.asyncDispose]();
    await start();
  }

  async function submit(...all: readonly (BranchedCharter | BranchedRelease)[]): Promise<void> {
    for (const { document } of all) {
      await node.replicator.submit(document, []);
      for (const { state, streams } of node.served.splice(0)) deliveries.serve(state, streams);
    }
  }

  /** Regions say which time it is. */
  function beat(...regions: readonly RegionName[]): void {
    for (const region of regions) {
      heard.set(region, heartbeat(region, Math.floor(clock.nowMs() / 1000), headTree([])));
    }
  }

  /** Two seconds, with room for what is written meanwhile. */
  async function judge(): Promise<void> {
    await deliveries.of(PAYMENTS).settled;
    for (let step = 0; step < 4; step += 1) {
      clock.advance(500);
      for (let turn = 0; turn < 3; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** What a canary gets, and any other program. */
  async function due(): Promise<readonly (number | undefined)[]> {
    const delivery = await deliveries.of(PAYMENTS).settled;
    return [CANARY, NONE].map((labels) => {
      return delivery.due({ identity: 'spiffe://test/program', labels }, undefined).due?.sequence;
    });
  }
});

/** The thief signs rollouts, and says which time it is. */
function seized({ state }: BranchedCharter): CharterChange {
  const { signers = [], roles } = state.charters[0]?.charter ?? {};
  if (roles === undefined) throw new Error('no charter');
  return {
    signers: [...signers, signer('mallory', MALLORY)].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    roles: { ...roles, rollout: role(1, 'mallory') },
    regions: [{ name: GRU, keys: [regionKey(GRU).publicKey] }],
  };
}

function named({ sequence, digest }: BranchedRelease): NamedRelease {
  return { sequence, digest };
}

function wave(name: string, match: ReadonlyMap<string, string>): Wave {
  return { ...EVERYBODY, name, match };
}

function timed(notBeforeMs: number): Wave {
  return { ...EVERYBODY, notBeforeMs };
}
