import { describe, expect, it } from 'vitest';
import { split } from '../../../bench/sdk-swap/windows.ts';

describe('split', () => {
  const windows = [{ fromMs: 100, untilMs: 200 }];

  it('counts a request that ran at any moment of a window as inside', () => {
    const samples = [
      { atMs: 50, tookMs: 49 },
      { atMs: 90, tookMs: 10 },
      { atMs: 150, tookMs: 1 },
      { atMs: 200, tookMs: 2 },
      { atMs: 201, tookMs: 3 },
    ];
    expect(split(samples, windows)).toEqual({ inside: [10, 1, 2], outside: [49, 3] });
  });

  it('has all outside when nothing happened', () => {
    expect(split([{ atMs: 1, tookMs: 1 }], [])).toEqual({ inside: [], outside: [1] });
  });
});
