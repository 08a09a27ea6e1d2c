import { beforeEach, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../../src/core/log/checkpoint.ts';
import { CountingRegions } from '../../../src/core/log/counting-regions.ts';
import type { SplitPair } from '../../../src/core/log/split.ts';
import { expectCode, REALM } from '../support.ts';
import { checkpointOf, cosign, FRA, GRU, IAD, leavesOf, regionKey, regionsOf } from './fixtures.ts';

/** Two roots for one size. */
const ROOTS = [checkpointOf(leavesOf(2)), checkpointOf(leavesOf(2, 'b'))] as const;

describe('CountingRegions', () => {
  let regions: CountingRegions;

  beforeEach(() => {
    regions = new CountingRegions({ realm: REALM, threshold: 2 });
    regions.govern(regionsOf(FRA, IAD));
  });

  it('are nobody without a charter that lists some', () => {
    regions.govern([]);
    expect(regions.all).toBeUndefined();
    expect(regions.isEnough).toBe(false);
    expect(regions.takeSplit(proof(FRA))).toBe('unlisted');
    expectCode('POLICY', () => regions.policy());
  });

  it('are those of the charter, of which as many have to agree as are demanded', () => {
    expect(regions.isEnough).toBe(true);
    expect(regions.policy()).toMatchObject({ threshold: 2 });
    expect(names()).toEqual([FRA, IAD]);
    regions.govern(regionsOf(FRA));
    expect(regions.isEnough).toBe(false);
    expect(names()).toEqual([FRA]);
  });

  it('are not those with a key that signed two roots, until the charter lists it no more', () => {
    expect(regions.takeSplit(proof(FRA))).toBe('new');
    expect(regions.takeSplit(proof(FRA))).toBe('held');
    expect(regions.faulty).toEqual(new Set([regionKey(FRA).publicKey.keyId]));
    expect(names()).toEqual([IAD]);
    // Who demands two gets them of nobody else.
    expect(regions.policy().keys.size).toBe(1);
    regions.govern(regionsOf(FRA, GRU));
    expect(names()).toEqual([GRU]);
    regions.govern(regionsOf(GRU));
    regions.govern(regionsOf(FRA, GRU));
    expect(names()).toEqual([FRA, GRU]);
  });

  it('are judged by proofs that are some, and not by those against strangers', () => {
    expect(regions.takeSplit(proof(GRU))).toBe('unlisted');
    const [first] = ROOTS;
    expectCode('PROOF', () => regions.takeSplit(pair(FRA, first, first)));
    expect(names()).toEqual([FRA, IAD]);
  });

  function names(): readonly string[] {
    return [...(regions.all?.keys.values() ?? [])].map(({ region }) => region);
  }

  function proof(region: typeof FRA): SplitPair {
    return pair(region, ...ROOTS);
  }

  function pair(region: typeof FRA, ...[a, b]: readonly [Checkpoint, Checkpoint]): SplitPair {
    const [first, second] = [a, b].map((one) => ({
      checkpoint: one,
      line: cosign(region, one, 1),
    }));
    if (first === undefined || second === undefined) throw new Error('no lines');
    return { first, second };
  }
});
