import { describe, expect, it } from 'vitest';
import { planConsistency, planInclusion } from '../../../src/core/log/plan.ts';
import { expectCode } from '../support.ts';

describe('planInclusion', () => {
  it('reads no more hashes than two per level', () => {
    const size = 1_000_003;
    const plan = planInclusion(999_999, size);
    expect(plan.length).toBeLessThanOrEqual(20);
    expect(plan.flat().length).toBeLessThanOrEqual(40);
  });

  it('needs nothing for the only leaf', () => {
    expect(planInclusion(0, 1)).toEqual([]);
  });

  it.each([
    [-1, 3],
    [3, 3],
    [0, 0],
  ])('has no plan for leaf %d of %d', (index, size) => {
    expectCode('BUG', () => planInclusion(index, size));
  });
});

describe('planConsistency', () => {
  it('leaves out the old tree where it is a perfect subtree, which the reader knows', () => {
    expect(planConsistency(4, 8)).toEqual([[{ level: 2, index: 1 }]]);
    expect(planConsistency(3, 4)).toEqual([
      [{ level: 0, index: 2 }],
      [{ level: 0, index: 3 }],
      [{ level: 1, index: 0 }],
    ]);
  });

  it('needs nothing from the empty tree or for the same size', () => {
    expect(planConsistency(0, 7)).toEqual([]);
    expect(planConsistency(7, 7)).toEqual([]);
  });

  it.each([
    [8, 7],
    [-1, 7],
  ])('has no plan from %d to %d', (from, size) => {
    expectCode('BUG', () => planConsistency(from, size));
  });
});
