/**
 * What a reader knows of regions. Who counts and what is fresh is put to the test as data, in
 * `test/conformance`; here is what those cases do not show.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { parseRealmName } from '../../../src/core/ids.ts';
import type { HeldHead } from '../../../src/core/log/freshness.ts';
import { proveHead } from '../../../src/core/log/heads.ts';
import type { LogAge } from '../../../src/core/log/log-name.ts';
import { RegionView } from '../../../src/core/log/region-view.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { expectCode, NOW_MS, REALM } from '../support.ts';
import {
  checkpointOf,
  cosign,
  digestOf,
  FRA,
  heartbeat,
  IAD,
  inclusionOf,
  leavesOf,
  recoveredAfter,
  regionsOf,
  SIN,
  STREAM,
  treeAt,
} from './fixtures.ts';

const SECONDS = NOW_MS / 1000;
const held: HeldHead = { stream: STREAM, sequence: 3, digest: digestOf(3) };
const following = new Map([[STREAM, held]]);
const leaves = leavesOf(3);
const [, , payload = new Uint8Array(0)] = leaves;

describe('RegionView', () => {
  let realm: TestRealm;
  let view: RegionView;

  beforeEach(() => {
    realm = createTestRealm({ realm: REALM, regions: regionsOf(FRA, IAD, SIN) });
    view = new RegionView({ realm: REALM, threshold: 2, localMs: NOW_MS });
    view.govern(realm.trustedState().charters);
  });

  it('requires enough lines under a log that ends with the statement', () => {
    take(FRA);
    expectCode('QUORUM', () => view.requireCosigned({ ...held, payload }));
    take(SIN);
    expect(() => view.requireCosigned({ ...held, payload })).not.toThrow();
    const other = leavesOf(4)[3] ?? payload;
    expectCode('QUORUM', () => view.requireCosigned({ ...held, payload: other }));
  });

  it('takes the log before the newest, while that one has too few lines (DW-14)', () => {
    const within = (count: number, ...regions: readonly (typeof FRA)[]): void => {
      const log = leavesOf(count);
      const checkpoint = checkpointOf(log);
      const lines = regions.map((region) => cosign(region, checkpoint, count));
      view.takeCosigned({ checkpoint, lines, proof: inclusionOf(log, 2), sequence: 3 });
    };
    within(4, FRA, SIN);
    within(5, IAD);
    expect(() => view.requireCosigned({ ...held, payload }, 'any')).not.toThrow();
    expectCode('QUORUM', () => view.requireCosigned({ ...held, payload }));
    within(6, FRA);
    within(6, SIN);
    expect(() => view.requireCosigned({ ...held, payload }, 'any')).not.toThrow();
  });

  it.each([0, 9])('goes on in the log of a recovery, whatever charter %i decided', (by) => {
    const [fell, ours] = [leaves, [...leavesOf(2), ...leavesOf(1, 'b')]];
    const within = (log: readonly Uint8Array[], age: LogAge): void => {
      const checkpoint = { ...checkpointOf(log), ...age };
      const lines = [FRA, SIN].map((region) => cosign(region, checkpoint, 1));
      view.takeCosigned({ checkpoint, lines, proof: inclusionOf(log, 2) });
    };
    const stolen = by > 0 ? { decidedBy: by } : {};
    within(fell, stolen);
    view.govern(recoveredAfter(realm.trustedState()).charters);
    // The new log has other leaves, which is no fault of the regions.
    expectCode('QUORUM', () => view.requireCosigned({ ...held, payload }));
    within(ours, { recoveredBy: 2 });
    expect(view.faulty.size).toBe(0);
    const next = { ...held, payload: ours[2] ?? payload };
    expect(() => view.requireCosigned(next)).not.toThrow();
    within(fell, stolen);
    expectCode('QUORUM', () => view.requireCosigned({ ...held, payload }));
  });

  it('says whether a line was new', () => {
    expect(take(FRA)).toBe('new');
    expect(take(FRA)).toBe('held');
  });

  it('refuses a head of another realm, and knows nothing without charters', () => {
    const checkpoint = { ...checkpointOf(leaves), realm: parseRealmName('other.example.org') };
    const lines = [cosign(FRA, checkpoint, 1)];
    expectCode('REALM', () => view.takeCosigned({ checkpoint, lines, proof: [] }));
    view.govern([]);
    expect(take(IAD)).toBe('held');
    expectCode('POLICY', () => view.requireCosigned({ ...held, payload }));
  });

  it('takes in a heartbeat once, and no row that it does not prove or nobody follows', () => {
    expect(beat(FRA, SECONDS)).toBe('new');
    expect(beat(FRA, SECONDS)).toBe('held');
    expect(beat(FRA, SECONDS - 60)).toBe('held');
    const tree = treeAt(3);
    const proof = proveHead(tree, STREAM);
    if (proof === undefined) throw new Error('no row');
    const said = { heartbeat: heartbeat(IAD, SECONDS, tree), rows: [proof] };
    const bent = { ...proof, row: { ...proof.row, sequence: 2 } };
    expectCode('PROOF', () => view.takeHeartbeat({ ...said, rows: [bent] }, following, NOW_MS));
    expectCode('TYPE', () => view.takeHeartbeat(said, new Map(), NOW_MS));
    expect(view.takeHeartbeat(said, following, NOW_MS)).toBe('new');
  });

  it.each([
    [3, NOW_MS],
    [4, 0],
  ])('hears regions where all three are needed of %i, and has a floor of %i', (needed, floorMs) => {
    view = new RegionView({ realm: REALM, threshold: needed, localMs: NOW_MS });
    view.govern(realm.trustedState().charters);
    for (const region of [FRA, IAD, SIN]) expect(beat(region, SECONDS)).toBe('new');
    expect(view.floorMs).toBe(floorMs);
  });

  it('keeps a floor that rises with the quorum and is put back after a restart', () => {
    expect(view.floorMs).toBe(0);
    beat(FRA, SECONDS);
    beat(SIN, SECONDS + 10);
    expect(view.floorMs).toBe(NOW_MS);
    const next = new RegionView({ realm: REALM, threshold: 2, localMs: 1 });
    next.restore(view.floorMs, 1);
    expect(next.read(1)).toMatchObject({ nowMs: NOW_MS, verdict: 'behind' });
    next.restore(5, 1);
    expect(next.floorMs).toBe(NOW_MS);
  });

  function take(region: typeof FRA): 'new' | 'held' {
    const checkpoint = checkpointOf(leaves);
    const lines = [cosign(region, checkpoint, 1)];
    return view.takeCosigned({ checkpoint, lines, proof: inclusionOf(leaves, 2) });
  }

  function beat(region: typeof FRA, timeSeconds: number): 'new' | 'held' {
    const said = { heartbeat: heartbeat(region, timeSeconds, treeAt(3)), rows: [] };
    return view.takeHeartbeat(said, following, NOW_MS);
  }
});
