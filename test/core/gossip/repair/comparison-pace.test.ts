import { beforeEach, describe, expect, it } from 'vitest';
import {
  COMPARE_EVERY,
  ComparisonPace,
} from '../../../../src/core/gossip/repair/comparison-pace.ts';

describe('ComparisonPace', () => {
  let pace: ComparisonPace;

  beforeEach(() => {
    pace = new ComparisonPace();
  });

  /** Ticks until it is time to compare; then it does, in vain. */
  function ticks(): number {
    let count = 1;
    while (pace.tick() === 'early') count += 1;
    pace.choose([], 0);
    return count;
  }

  it('is due every so many ticks at rest', () => {
    expect([ticks(), ticks()]).toEqual([COMPARE_EVERY, COMPARE_EVERY]);
  });

  it('is due at once when something is lacking, and less and less often in vain', () => {
    const waits = [1, 2, 3, 4, 5, 6].map(() => {
      pace.lacking();
      return ticks();
    });
    expect(waits).toEqual([1, 2, 4, 8, COMPARE_EVERY, COMPARE_EVERY]);
    pace.hurry();
    pace.lacking();
    expect(ticks()).toBe(1);
  });

  it('goes into detail once between two ticks, and comes back to what it put off', () => {
    expect([pace.begin(), pace.begin()]).toEqual([true, false]);
    expect(ticks()).toBe(1);
    expect(pace.begin()).toBe(true);
  });

  it('chooses nobody without a reason, and counts all the same', () => {
    expect(pace.choose([], 1)).toBeUndefined();
    expect(pace.comparisons).toBe(1);
  });
});
