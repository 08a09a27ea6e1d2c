/**
 * Which charters regions vouch for. One step at a time is data, in `test/conformance` (B15); here
 * are chains of several charters, as a reader gets them that was away.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { CHARTER_STREAM, parseStreamName, type RegionName } from '../../../src/core/ids.ts';
import { CharterLog } from '../../../src/core/log/charter-log.ts';
import { treeRoot } from '../../../src/core/log/tree.ts';
import type { AcceptedCharter } from '../../../src/core/trusted/state.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { expectCode, REALM } from '../support.ts';
import {
  cosign,
  FRA,
  GRU,
  IAD,
  logOf,
  recoveredAfter,
  regionKey,
  regionsOf,
  SIN,
} from './fixtures.ts';

const NOBODY: ReadonlySet<never> = new Set();

describe('CharterLog', () => {
  let realm: TestRealm;
  let log: CharterLog;

  beforeEach(() => {
    realm = createTestRealm({ realm: REALM, regions: regionsOf(FRA, IAD, SIN) });
    log = new CharterLog({ realm: REALM, threshold: 2 });
  });

  it('believes the first charter, which is pinned', () => {
    expect(attested(0)).toBe(1);
    expect(log.attested({ charters: [], inUse: 0, faulty: NOBODY })).toBe(0);
  });

  it('takes all charters of a log that enough regions cosigned', () => {
    next('2');
    next('3');
    take(3, FRA);
    expect(attested(1)).toBe(1);
    take(3, SIN);
    expect(attested(1)).toBe(3);
    expect(attested(0)).toBe(3);
  });

  it('stops where the log of regions ends', () => {
    next('2');
    take(2, FRA, IAD);
    next('3');
    expect(attested(1)).toBe(2);
    expectCode('QUORUM', () => log.requireAttested(offered(1)));
  });

  it('goes from regions to those that they saw appointed', () => {
    replace(FRA, IAD, GRU);
    take(2, FRA, SIN);
    replace(FRA, GRU, SIN);
    take(3, IAD, GRU);
    expect(attested(1)).toBe(3);
  });

  it('begins in a realm without regions, and goes on by the first that are listed', () => {
    realm = createTestRealm({ realm: REALM });
    next('2');
    expect(attested(1)).toBe(2);
    replace(FRA, IAD, SIN);
    next('4');
    expect(attested(1)).toBe(3);
    take(4, FRA, SIN);
    expect(attested(1)).toBe(4);
    expect(() => log.requireAttested(offered(1))).not.toThrow();
  });

  it('does not take the word of regions that only the hidden charter lists', () => {
    replace(GRU, SIN);
    take(2, GRU, SIN);
    const error = expectCode('QUORUM', () => log.requireAttested(offered(1)));
    expect(error.detail).toMatchObject({ needed: 2, cosigned: [SIN], size: 2 });
    next('3');
    take(3, GRU, SIN);
    expect(attested(1)).toBe(1);
  });

  it('says nothing yet about a charter that regions cosigned and nobody has shown', () => {
    next('2');
    next('3');
    take(3, FRA, IAD);
    const charters = chain().slice(0, 2);
    expect(log.attested({ charters, inUse: 1, faulty: NOBODY })).toBe(1);
  });

  it('knows of each length which log it is of, before a recovery and after (LG-9)', () => {
    next('2');
    take(2, FRA, IAD);
    const { charters } = recoveredAfter(realm.trustedState());
    const recovered = { charters, inUse: 1, faulty: NOBODY };
    expect(log.attested(recovered)).toBe(2);
    const payloads = charters.map(({ document }) => document.statement.payload);
    const root = treeRoot(logOf(payloads).frontier);
    const before = { realm: REALM, stream: CHARTER_STREAM, size: 3, root };
    for (const [checkpoint, version] of [
      [before, 2],
      [{ ...before, recoveredBy: 3 }, 3],
    ] as const) {
      const lines = [FRA, IAD].map((region) => cosign(region, checkpoint, 1));
      log.take({ checkpoint, lines, proof: [] }, charters);
      expect(log.attested(recovered)).toBe(version);
    }
  });

  it('refuses a charter when enough regions cosigned another one in its place', () => {
    const other = createTestRealm({ realm: REALM, regions: regionsOf(FRA, IAD, SIN) });
    other.nextCharter((charter) => ({ ...charter, note: 'other' }));
    next('2');
    take(2, other, IAD);
    expect(attested(1)).toBe(1);
    take(2, other, FRA);
    expectCode('PROOF', () => attested(1));
  });

  it('does not count a region that signed two roots', () => {
    next('2');
    take(2, FRA, IAD);
    const faulty = new Set([regionKey(IAD).publicKey.keyId]);
    expect(log.attested({ ...offered(1), faulty })).toBe(1);
  });

  it('takes charters up to the one that is vouched for', () => {
    replace(GRU);
    next('3');
    next('4');
    const known = realm.charters[2]?.digest;
    log = new CharterLog({ realm: REALM, threshold: 1, known });
    expect(attested(1)).toBe(3);
    take(4, GRU);
    expect(attested(1)).toBe(4);
  });

  it('takes nothing from the log of another stream', () => {
    next('2');
    const charters = chain();
    const payloads = charters.map(({ document }) => document.statement.payload);
    const root = treeRoot(logOf(payloads).frontier);
    const stream = parseStreamName('release/charter');
    const checkpoint = { realm: REALM, stream, size: 2, root };
    const lines = [FRA, IAD].map((region) => cosign(region, checkpoint, 1));
    log.take({ checkpoint, lines, proof: [] }, charters);
    expect(attested(1)).toBe(1);
  });

  function chain(): readonly AcceptedCharter[] {
    return realm.trustedState().charters;
  }

  function offered(inUse: number): Parameters<CharterLog['attested']>[0] {
    return { charters: chain(), inUse, faulty: NOBODY };
  }

  function attested(inUse: number): number {
    return log.attested(offered(inUse));
  }

  /** Regions cosign the first charters of the realm, or of one that is given. */
  function take(size: number, ...by: readonly (RegionName | TestRealm)[]): void {
    const regions = by.filter((one) => typeof one === 'string');
    const of = by.find((one) => typeof one !== 'string') ?? realm;
    const payloads = of.charters.slice(0, size).map(({ document }) => document.statement.payload);
    const root = treeRoot(logOf(payloads).frontier);
    const checkpoint = { realm: REALM, stream: CHARTER_STREAM, size, root };
    const lines = regions.map((region) => cosign(region, checkpoint, 1));
    log.take({ checkpoint, lines, proof: [] }, chain());
  }

  function next(note: string): void {
    realm.nextCharter((charter) => ({ ...charter, note }));
  }

  function replace(...names: readonly RegionName[]): void {
    realm.nextCharter((charter) => ({ ...charter, regions: regionsOf(...names) }));
  }
});
