import { describe, expect, it } from 'vitest';
import { parseRealmName, parseStreamName } from '../../../src/core/ids.ts';
import { COSIGNED_HEADS_MAX } from '../../../src/core/limits.ts';
import type { CosignedHead } from '../../../src/core/log/regions.ts';
import { regionPolicy } from '../../../src/core/log/regions.ts';
import {
  type CosignedHeads,
  mergeSplits,
  observeCosignature,
  type RegionSplit,
  verifySplit,
} from '../../../src/core/log/split.ts';
import { expectCode, REALM } from '../support.ts';
import {
  checkpointOf,
  cosign,
  FRA,
  IAD,
  leavesOf,
  policyOf,
  REGION_NAMES,
  regionKey,
  regionsOf,
} from './fixtures.ts';

const policy = policyOf(3);
const iadKey = regionKey(IAD).publicKey.keyId;

function head(size: number, log: string = 'a', region: typeof IAD = IAD): CosignedHead {
  const checkpoint = checkpointOf(leavesOf(size, log));
  return { checkpoint, line: cosign(region, checkpoint, 100 + size) };
}

function observed(...heads: readonly CosignedHead[]): CosignedHeads {
  return heads.reduce<CosignedHeads>((known, seen) => {
    const observation = observeCosignature(known, policy, seen);
    return observation.kind === 'new' ? observation.heads : known;
  }, new Map());
}

function splitOf(a: CosignedHead, b: CosignedHead): RegionSplit {
  const observation = observeCosignature(observed(a), policy, b);
  if (observation.kind !== 'split') throw new Error(`no split but ${observation.kind}`);
  return observation.split;
}

describe('observeCosignature', () => {
  it('remembers the newest heads of each key, a bounded number', () => {
    const heads = observed(head(1), head(2), head(3), head(4), head(4, 'a', FRA));
    expect(heads.get(iadKey)?.map(({ checkpoint }) => checkpoint.size)).toEqual([4, 3]);
    expect(heads.get(iadKey)).toHaveLength(COSIGNED_HEADS_MAX);
    expect(heads.size).toBe(2);
  });

  it('holds what it knows and what is older', () => {
    const heads = observed(head(2), head(3), head(5));
    for (const seen of [head(5), head(3), head(4), head(1, 'b')]) {
      expect(observeCosignature(heads, policy, seen)).toEqual({ kind: 'held' });
    }
  });

  it('drops what no region signed', () => {
    const forged = { ...head(3), line: head(3, 'b').line };
    const { line } = head(3);
    const stranger = { ...head(3), line: { ...line, name: 'witness.example.com/w1' } };
    for (const seen of [forged, stranger]) {
      expect(observeCosignature(new Map(), policy, seen)).toEqual({ kind: 'dropped' });
    }
    const realm = parseRealmName('staging.example.org');
    const other = regionPolicy({ realm, regions: regionsOf(...REGION_NAMES) }, 3);
    expect(observeCosignature(new Map(), other, head(3)).kind).toBe('dropped');
  });

  it('does not take a forged line for a second root', () => {
    const forged = { ...head(3, 'b'), line: head(3).line };
    expect(observeCosignature(observed(head(3)), policy, forged)).toEqual({ kind: 'dropped' });
  });

  it('proves two roots for one size by one key (G14)', () => {
    const split = splitOf(head(3), head(3, 'b'));
    expect(split.keyId).toBe(iadKey);
    expect(split).toEqual(splitOf(head(3, 'b'), head(3)));
    expect(split.first.checkpoint.root < split.second.checkpoint.root).toBe(true);
  });

  it('proves a second root for a size before the newest too', () => {
    const observation = observeCosignature(observed(head(2), head(3)), policy, head(2, 'b'));
    expect(observation.kind).toBe('split');
  });

  it('proves nothing by two roots before and after a decision, and forgets the log before', () => {
    const after = { ...checkpointOf(leavesOf(3, 'b')), decidedBy: 2 };
    const seen = { checkpoint: after, line: cosign(IAD, after, 200) };
    const observation = observeCosignature(observed(head(3)), policy, seen);
    if (observation.kind !== 'new') throw new Error(`not new but ${observation.kind}`);
    expect(observation.heads.get(iadKey)).toEqual([seen]);
    expect(observeCosignature(observation.heads, policy, head(4))).toEqual({ kind: 'held' });
    expectCode('TYPE', () => verifySplit(policy, { first: head(3), second: seen }));
  });

  it.each([0, 9])('goes on in the log of a recovery, where a thief decided in charter %i', (by) => {
    const [stolen, own] = [checkpointOf(leavesOf(3)), checkpointOf(leavesOf(2, 'b'))];
    const before = { ...stolen, ...(by > 0 && { decidedBy: by }) };
    const after = { ...own, recoveredBy: 3 };
    const [old, seen] = [before, after].map((checkpoint) => ({
      checkpoint,
      line: cosign(IAD, checkpoint, 200),
    }));
    if (old === undefined || seen === undefined) throw new Error('no heads');
    const observation = observeCosignature(observed(old), policy, seen);
    if (observation.kind !== 'new') throw new Error(`not new but ${observation.kind}`);
    expect(observation.heads.get(iadKey)).toEqual([seen]);
    expect(observeCosignature(observation.heads, policy, old)).toEqual({ kind: 'held' });
  });

  it('proves nothing by two keys', () => {
    expect(observeCosignature(observed(head(3)), policy, head(3, 'b', FRA)).kind).toBe('new');
  });

  it('lets the region count no more, until a charter no longer lists the key (G14)', () => {
    const { keyId } = splitOf(head(3), head(3, 'b'));
    const regions = regionsOf(...REGION_NAMES);
    const after = regionPolicy({ realm: REALM, regions }, 3, new Set([keyId]));
    expect([...after.keys.values()].map(({ region }) => region)).not.toContain(IAD);
    const renewed = regions.map((region) =>
      region.name === IAD ? { ...region, keys: [regionKey(FRA).publicKey] } : region,
    );
    const healed = regionPolicy({ realm: REALM, regions: renewed.slice(2) }, 1, new Set([keyId]));
    expect([...healed.keys.values()].map(({ region }) => region)).toContain(IAD);
  });
});

describe('verifySplit', () => {
  const split = splitOf(head(3), head(3, 'b'));

  it('gives a proof its normal form', () => {
    const turned = { ...split, first: split.second, second: split.first };
    expect(verifySplit(policy, turned)).toEqual(split);
  });

  it('refuses what proves nothing', () => {
    const with2 = (second: CosignedHead): RegionSplit => ({ ...split, first: head(3), second });
    expectCode('PROOF', () => verifySplit(policy, with2(head(3))));
    expectCode('PROOF', () => verifySplit(policy, with2(head(4, 'b'))));
    expectCode('PROOF', () => verifySplit(policy, with2({ ...head(3, 'b'), line: head(3).line })));
    const forged = { ...head(3), line: head(3, 'c').line };
    expectCode('PROOF', () => verifySplit(policy, { first: forged, second: head(3, 'b') }));
    expectCode('KEY', () => verifySplit(policy, with2(head(3, 'b', FRA))));
    const stream = parseStreamName('charter');
    const elsewhere = { ...head(3, 'b').checkpoint, stream };
    const line = cosign(IAD, elsewhere, 5);
    expectCode('TYPE', () => verifySplit(policy, with2({ checkpoint: elsewhere, line })));
    const realm = parseRealmName('staging.example.org');
    const other = regionPolicy({ realm, regions: regionsOf(...REGION_NAMES) }, 3);
    expectCode('REALM', () => verifySplit(other, split));
  });
});

describe('mergeSplits', () => {
  it('gives the same whatever comes first', () => {
    const a = splitOf(head(3), head(3, 'b'));
    const b = splitOf(head(4), head(4, 'b'));
    const c = splitOf(head(3), head(3, 'c'));
    const merged = mergeSplits(mergeSplits(a, b), c);
    expect(mergeSplits(c, mergeSplits(b, a))).toEqual(merged);
    expect(mergeSplits(merged, merged)).toBe(merged);
  });
});
