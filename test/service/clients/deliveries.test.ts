/**
 * Releases in waves: who is sent what, in which case, and what survives a restart.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReportingNode } from '../../../src/core/adoption/view.ts';
import type { AuditFact } from '../../../src/core/audit/entry.ts';
import {
  type BundleName,
  parseBundleName,
  parseNodeId,
  parseRegionName,
  type RegionName,
  releaseStream,
  rolloutStream,
} from '../../../src/core/ids.ts';
import { WAITING_MAX } from '../../../src/core/limits.ts';
import { headTree } from '../../../src/core/log/heads.ts';
import {
  type Heartbeat,
  heartbeatMessage,
  sealHeartbeat,
} from '../../../src/core/log/heartbeat.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import { deliveredAtOnce, revokeAnchor } from '../../../src/core/releases/edit.ts';
import type { RolloutBody } from '../../../src/core/rollouts/body.ts';
import type { WaveCounts } from '../../../src/core/rollouts/gates.ts';
import { headOf } from '../../../src/core/trusted/state.ts';
import type { HeldRelease, WatchResponse } from '../../../src/core/watch/messages.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { Deliveries } from '../../../src/service/clients/deliveries.ts';
import { Subscriptions } from '../../../src/service/clients/subscriptions.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import {
  addActive,
  anchorAt,
  createTestAnchors,
  type TestAnchor,
} from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../../src/testing/realm.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import { rowOf } from '../../core/adoption/support.ts';
import { FRA, IAD, regionKey, regionsOf, SIN } from '../../core/log/fixtures.ts';
import { counts, wave } from '../../core/rollouts/support.ts';
import { silentRegions } from '../support/attested.ts';
import { until } from '../support/cluster.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { Program } from '../support/program.ts';

const BUNDLE: BundleName = parseBundleName('payments.test.example.org');
const CANARY = { tier: 'canary' };
const WAVES = [wave(100, { soakSeconds: 10 }, CANARY), wave(100)];
const NOBODY = counts(0, 0);

describe('Deliveries', () => {
  let realm: TestRealm;
  let anchors: readonly TestAnchor[];
  let store: Store;
  let clock: SimulatedClock;
  let deliveries: Deliveries;
  let subscriptions: Subscriptions;
  let seen: readonly WaveCounts[];
  let noted: AuditFact[];
  let heard: Map<RegionName, Heartbeat>;
  let identities = 0;

  beforeEach(async () => {
    realm = createTestRealm({
      holdDownSeconds: 0,
      rolloutSigner: 'deploy',
      blastRadiusPercent: 100,
    });
    anchors = createTestAnchors(5);
    store = await openMemoryStore();
    clock = new SimulatedClock();
    seen = [NOBODY, NOBODY];
    noted = [];
    heard = new Map();
    start();
    await release(addActive(anchor(0)));
  });

  afterEach(async () => {
    await deliveries[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });

  it('keeps a release back that waits and that no rollout names', async () => {
    await wavedRelease(1);
    await expectSent(program(at(1), CANARY), 'current 1');
    await expectSent(program(undefined), 'update 1');
  });

  it('gives it to the first wave alone, to fresh programs as to others', async () => {
    await wavedRelease(1);
    const [early, late] = [program(at(1), CANARY), program(at(1))];
    await expectSent(late, 'current 1');
    await roll();
    await expectSent(early, 'current 1', 'update 2');
    await expectSent(program(undefined, CANARY), 'update 2');
    await expectSent(program(undefined), 'update 1');
    expect(late.sent()).toEqual(['current 1']);
  });

  it('opens the next wave by its gate and wakes its programs', async () => {
    await wavedRelease(1);
    const late = program(at(1));
    await roll();
    seen = [counts(3, 2), NOBODY];
    await passSeconds(60);
    expect(late.sent()).toEqual(['current 1']);
    seen = [counts(3, 3), NOBODY];
    await passSeconds(9);
    expect(late.sent()).toEqual(['current 1']);
    await passSeconds(3);
    await expectSent(late, 'current 1', 'update 2');
    await expectSent(program(undefined), 'update 2');
  });

  it('keeps open over a restart what was open, and begins the soak anew', async () => {
    await wavedRelease(1);
    await roll();
    seen = [counts(3, 3), NOBODY];
    await passSeconds(8);
    await restart();
    await expectSent(program(at(1), CANARY), 'update 2');
    await passSeconds(8);
    await expectSent(program(at(1)), 'current 1');
    await passSeconds(4);
    await expectSent(program(at(1)), 'update 2');
    await restart();
    await expectSent(program(at(1)), 'update 2');
  });

  it('stops on one refusal too many: not even open waves get it any more', async () => {
    await wavedRelease(1);
    await roll();
    seen = [counts(3, 2, 1), NOBODY];
    await passSeconds(2);
    await expectSent(program(at(1), CANARY), 'current 1');
    await restart();
    seen = [counts(3, 3), NOBODY];
    await passSeconds(60);
    await expectSent(program(undefined, CANARY), 'update 1');
    await expectSent(program(undefined), 'update 1');
  });

  it('tells the audit log which wave opened, and that it stopped', async () => {
    await wavedRelease(1);
    await roll();
    await passSeconds(1);
    seen = [counts(3, 2, 1), NOBODY];
    await passSeconds(2);
    expect(noted.map(({ what, reason }) => [what, reason])).toEqual([
      ['wave-opened', expect.stringMatching(/^wave .+ gets release 2$/)],
      ['rollout-step', 'stopped by its gate: 1 refused it, 0 may'],
    ]);
    expect(noted[0]).toMatchObject({ stream: `rollout/${BUNDLE}`, sequence: 1, via: 'node' });
  });

  it('takes it from nobody: who has it is told that this is the newest', async () => {
    await wavedRelease(1);
    await roll();
    await roll({ state: 'aborted' });
    await expectSent(program(at(2), CANARY), 'current 2');
    await expectSent(program(at(1), CANARY), 'current 1');
  });

  it('opens nothing while it is paused, and goes on when it is resumed', async () => {
    await wavedRelease(1);
    await roll();
    seen = [counts(3, 3), NOBODY];
    await roll({ state: 'paused' });
    await passSeconds(60);
    await expectSent(program(at(1), CANARY), 'update 2');
    await expectSent(program(at(1)), 'current 1');
    await roll();
    await passSeconds(12);
    await expectSent(program(at(1)), 'update 2');
  });

  it('I07: takes a revocation to all programs at once, whatever rollout runs', async () => {
    await release(addActive(anchor(1)));
    await wavedRelease(2);
    const [early, late] = [program(at(2), CANARY), program(at(2))];
    await expectSent(early, 'current 2');
    await expectSent(late, 'current 2');
    await roll({ from: at(2), to: at(3) });
    await expectSent(early, 'current 2', 'update 3');
    await release((body, point) => deliveredAtOnce(revokeAnchor(body, anchor(0).id, point)));
    await expectSent(early, 'current 2', 'update 3', 'update 4');
    await expectSent(late, 'current 2', 'update 4');
  });

  it('I07: takes what only revokes to all at once even if it says that it waits', async () => {
    await release(addActive(anchor(1)));
    await wavedRelease(2);
    await roll({ from: at(2), to: at(3) });
    await release((body, point) => revokeAnchor(body, anchor(0).id, point));
    expect(headOf(realm.trustedState(), releaseStream(BUNDLE))?.body.delivery).toBe('waves');
    await expectSent(program(at(2)), 'update 4');
  });

  it('opens waves in their hours alone, and takes a revocation to all in between', async () => {
    await release(addActive(anchor(1)));
    await wavedRelease(2);
    const first = { notBeforeMs: clock.nowMs() + 60_000 };
    const timed = [{ ...wave(100, {}, CANARY), ...first }, wave(100)];
    await roll({ from: at(2), to: at(3), waves: timed });
    seen = [counts(1, 1), NOBODY];
    await passSeconds(30);
    const early = program(at(2), CANARY);
    await expectSent(early, 'current 2');
    await passSeconds(31);
    await expectSent(early, 'current 2', 'update 3');
    await expectSent(program(at(2)), 'update 3');
    await wavedRelease(3);
    await roll({ from: at(3), to: at(4), waves: [{ ...wave(100), notBeforeMs: 1e13 }] });
    await passSeconds(2);
    const late = program(at(3));
    await expectSent(late, 'current 3');
    await release((body, point) => deliveredAtOnce(revokeAnchor(body, anchor(0).id, point)));
    await expectSent(late, 'current 3', 'update 5');
  });

  it('opens no wave by its time while regions do not say what time it is', async () => {
    await deliveries[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    realm = createTestRealm({ rolloutSigner: 'deploy', regions: regionsOf(FRA, IAD, SIN) });
    store = await openMemoryStore();
    start();
    await release(addActive(anchor(0)));
    await wavedRelease(1);
    await roll({ waves: [{ ...wave(100), notBeforeMs: clock.nowMs() - 1000 }] });
    await passSeconds(2);
    const asking = program(at(1));
    await expectSent(asking, 'current 1');
    for (const region of [FRA, IAD]) heard.set(region, heartbeatAt(region, clock.nowMs()));
    await passSeconds(2);
    await expectSent(asking, 'current 1', 'update 2');
  });

  it('goes on with the rollout when a further release waits behind it', async () => {
    await wavedRelease(1);
    await roll();
    await wavedRelease(2);
    await expectSent(program(at(1), CANARY), 'update 2');
    await expectSent(program(at(1)), 'current 1');
    await roll({ from: at(1), to: at(3) });
    await expectSent(program(at(1), CANARY), 'update 3');
    await expectSent(program(at(2)), 'current 2');
  });

  it('tells programs that ask regions by which rollout they wait', async () => {
    await wavedRelease(1);
    await roll();
    const asking = program(at(1), {}, 'asks-regions');
    await until('the rollout', () => asking.messages.some(({ kind }) => kind === 'rollout'));
    await expectSent(asking, 'current 1');
    const other = program(at(1));
    await expectSent(other, 'current 1');
    expect(other.messages.map(({ kind }) => kind)).toEqual(['current']);
  });

  it('shows those that ask what waits behind that rollout, once', async () => {
    await wavedRelease(1);
    await roll();
    const [asking, older] = [
      program(at(1), {}, 'sees-waiting'),
      program(at(1), {}, 'asks-regions'),
    ];
    await expectSent(asking, 'current 1');
    await wavedRelease(2);
    await until('what waits', () => asking.shown().length >= 2);
    expect(asking.shown()).toEqual([2, 3]);
    await wavedRelease(3);
    await until('what waits', () => asking.shown().length >= 3);
    expect(asking.shown()).toEqual([2, 3, 4]);
    expect(asking.sent()).toEqual(['current 1']);
    expect(older.shown()).toEqual([]);
    const canary = program(at(2), CANARY, 'sees-waiting');
    await until('what waits', () => canary.shown().length >= 2);
    expect(canary.shown()).toEqual([3, 4]);
  });

  it('shows too many that wait as soon as the client has come closer', async () => {
    await wavedRelease(1);
    await roll();
    for (let more = 0; more < WAITING_MAX; more += 1) await wavedNote(String(more));
    const late = program(at(1), {}, 'sees-waiting');
    await expectSent(late, 'current 1');
    expect(late.shown()).toEqual([]);
    await roll({ from: at(2), to: at(3) });
    await expectSent(late, 'current 1', 'update 2');
    await until('what waits', () => late.shown().length >= WAITING_MAX);
    expect(late.shown()).toEqual(Array.from({ length: WAITING_MAX }, (_, index) => index + 3));
    // One more than it could keep, until it has the next.
    await wavedNote('one more');
    await roll({ from: at(3), to: at(4) });
    await expectSent(late, 'current 1', 'update 2', 'update 3');
    await until('the rest', () => late.shown().length > WAITING_MAX);
    expect(late.shown().at(-1)).toBe(WAITING_MAX + 3);
  });

  it('shows what is rolled out to those who do not get it yet alone (DW-18)', async () => {
    await wavedRelease(1);
    await roll();
    const [asking, canary] = [
      program(at(1), {}, 'sees-waiting'),
      program(at(1), CANARY, 'sees-waiting'),
    ];
    await expectSent(asking, 'current 1');
    expect(asking.messages.map(({ kind }) => kind)).toEqual(['rollout', 'waiting', 'current']);
    await expectSent(canary, 'update 2');
    expect(canary.shown()).toEqual([]);
  });

  function heartbeatAt(region: RegionName, timeMs: number): Heartbeat {
    const { size, root } = headTree([]);
    const timeSeconds = Math.floor(timeMs / 1000);
    const fields = { realm: realm.name, region, timeSeconds, heads: { size, root } };
    const { publicKey, sign } = regionKey(region);
    return sealHeartbeat(fields, publicKey, sign(heartbeatMessage(fields)));
  }

  /** As a node that was down, or is new. */
  async function restart(): Promise<void> {
    await deliveries[Symbol.asyncDispose]();
    start();
    deliveries.start();
    await deliveries.of(BUNDLE).settled;
  }

  function start(): void {
    const state = realm.trustedState();
    deliveries = deliveriesOf(state, store, {
      clock,
      nodes: () => [reporting()],
      heartbeats: () => heard,
      onStep: (bundle) => subscriptions.due(bundle),
      note: (fact) => noted.push(fact),
    });
    subscriptions = new Subscriptions({
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      state,
      store,
      attested: silentRegions(realm, store),
      deliveries,
      logger: noLogger,
      metrics: noMetrics,
      maxSubscribers: 100,
      maxSubscribersPerClient: 100,
    });
  }

  function reporting(): ReportingNode {
    const rollout = headOf(realm.trustedState(), rolloutStream(BUNDLE))?.digest;
    const row = {
      bundle: BUNDLE,
      counts: { connected: 0, departed: 0, silent: 0, untracked: 0 },
      groups: [],
      anchors: [],
      knowledge: 'whole' as const,
    };
    const told = { open: 1, standing: 'going' as const, waves: seen };
    const bundles = [rollout === undefined ? row : { ...row, rollout: { rollout, ...told } }];
    const place = { nodeId: parseNodeId('fra-1'), region: parseRegionName('fra') };
    return { ...place, state: 'alive', trust: 'met', row: rowOf('fra-1', bundles) };
  }

  async function release(edit: Parameters<TestRealm['nextRelease']>[1]): Promise<TestRelease> {
    const made = realm.nextRelease(BUNDLE, edit);
    const blobs = anchors.map(({ id, der }) => ({ id, der }));
    await store.append({ documents: [made], blobs });
    serve();
    return made;
  }

  async function wavedRelease(index: number): Promise<void> {
    const edit = addActive(anchor(index));
    await release((body, point): ReleaseBody => ({ ...edit(body, point), delivery: 'waves' }));
  }

  async function wavedNote(note: string): Promise<void> {
    await release((body): ReleaseBody => ({ ...body, note, delivery: 'waves' }));
  }

  async function roll(change: Partial<Omit<RolloutBody, 'bundle'>> = {}): Promise<void> {
    const made = realm.nextRollout(BUNDLE, {
      note: '',
      state: 'running',
      from: at(1),
      to: at(2),
      waves: WAVES,
      ...change,
    });
    await store.append({ documents: [made], blobs: [] });
    serve();
    await deliveries.of(BUNDLE).settled;
  }

  function serve(): void {
    const state = realm.trustedState();
    const streams = [releaseStream(BUNDLE), rolloutStream(BUNDLE)];
    deliveries.serve(state, streams);
    subscriptions.serve(state, streams);
  }

  /** Half a second at a time, with room for what is written meanwhile. */
  async function passSeconds(seconds: number): Promise<void> {
    for (let step = 0; step < 2 * seconds; step += 1) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  function program(
    held: HeldRelease | undefined,
    labels: Readonly<Record<string, string>> = {},
    kind: 'plain' | 'asks-regions' | 'sees-waiting' = 'plain',
  ): Program {
    const made = new Program(held, labels);
    identities += 1;
    const id = `spiffe://test.example.org/program/${String(identities)}`;
    const sink = {
      push: (messages: readonly WatchResponse[]) => {
        made.messages.push(...messages);
        return 'sent' as const;
      },
      close: () => undefined,
    };
    const subscriber = subscriptions.open(sink, { id, roles: ['client'] });
    subscriber.receive({
      kind: 'start',
      start: {
        realm: realm.name,
        firstCharterDigest: realm.firstCharterDigest,
        charterVersion: 1,
        bundles: [{ bundle: BUNDLE, held }],
        labels: made.labels,
        wantsAttestations: kind !== 'plain',
        ...(kind === 'sees-waiting' && { wantsWaiting: true }),
      },
    });
    return made;
  }

  async function expectSent(to: Program, ...expected: readonly string[]): Promise<void> {
    await until(expected.join(', '), () => to.sent().length >= expected.length);
    expect(to.sent()).toEqual(expected);
  }

  function at(sequence: number): HeldRelease {
    const made = realm.releases(BUNDLE)[sequence - 1];
    if (made === undefined) throw new Error(`no release ${String(sequence)}`);
    return { bundle: BUNDLE, sequence: made.sequence, digest: made.digest };
  }

  function anchor(index: number): TestAnchor {
    return anchorAt(anchors, index);
  }
});
