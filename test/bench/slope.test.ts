import { describe, expect, it } from 'vitest';
import { lineThrough } from '../../bench/slope.ts';

describe('lineThrough', () => {
  it('finds the slope of points on a line, without noise', () => {
    const { slope, noise } = lineThrough([
      [0, 1],
      [1, 3],
      [2, 5],
      [3, 7],
    ]);
    expect(slope).toBeCloseTo(2);
    expect(noise).toBeCloseTo(0);
  });

  it('calls noise what lies beside the line', () => {
    const { slope, noise } = lineThrough([
      [0, 10],
      [1, 12],
      [2, 10],
      [3, 12],
      [4, 10],
    ]);
    expect(slope).toBeCloseTo(0);
    expect(noise).toBeCloseTo(Math.sqrt(4.8 / 3));
  });

  it('knows nothing of fewer than three points', () => {
    expect(lineThrough([[0, 1]]).slope).toBeNaN();
  });
});
