import { describe, expect, it } from 'vitest';
import { compare } from '../../../bench/fanout/duel.ts';
import type { Round } from '../../../bench/fanout/rounds.ts';

function rounds(...lastMs: readonly number[]): readonly Round[] {
  const zero = { firstMs: 0, firstServedMs: 0, p50Ms: 0, p99Ms: 0, processorMs: 0, keepMs: 0 };
  return lastMs.map((each) => ({ ...zero, lastMs: each }));
}

describe('compare', () => {
  it('takes the ratio of the medians, and the quartiles of the ratios of single rounds', () => {
    const own = rounds(10, 20, 30, 90);
    const others = rounds(10, 10, 20, 10);
    expect(compare(own, others)).toEqual({ ratio: 2, low: 1, high: 2 });
  });
});
