import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FIVE_REGIONS,
  farthestMs,
  parseMatrix,
  shortestDelays,
} from '../../../bench/wan/matrix.ts';

describe('parseMatrix', () => {
  it('reads names and rows', () => {
    expect(parseMatrix('a b\n0 7.5\n8 0\n')).toEqual({
      regions: ['a', 'b'],
      oneWayMs: [
        [0, 7.5],
        [8, 0],
      ],
    });
  });

  it.each([
    ['nothing', ''],
    ['a row too few', 'a b\n0 1'],
    ['a column too few', 'a b\n0 1\n1'],
    ['a word for a number', 'a b\n0 x\n1 0'],
    ['a negative delay', 'a b\n0 -1\n1 0'],
  ])('refuses %s', (_, text) => {
    expect(() => parseMatrix(text)).toThrow(/delay/);
  });

  it('holds five regions with the same delay both ways', () => {
    const { regions, oneWayMs } = FIVE_REGIONS;
    expect(regions).toEqual(['iad', 'fra', 'sin', 'gru', 'syd']);
    for (const [from, row] of oneWayMs.entries()) {
      for (const [to, delayMs] of row.entries()) expect(oneWayMs[to]?.[from]).toBe(delayMs);
    }
  });
});

describe('shortestDelays', () => {
  it('goes by another region where that is faster', () => {
    const matrix = parseMatrix('a b c\n0 10 50\n10 0 15\n50 15 0');
    expect(shortestDelays(matrix, 0)).toEqual([0, 10, 25]);
    expect(farthestMs(matrix, 0)).toBe(25);
    expect(farthestMs(matrix, 1)).toBe(15);
  });

  it('is 106.54 ms from iad to the last of the five regions', () => {
    expect(farthestMs(FIVE_REGIONS, 0)).toBe(106.54);
  });

  it('never exceeds the direct way, and no detour by one region beats it', () => {
    const delays = fc.array(fc.array(fc.integer({ min: 1, max: 999 }), { minLength: 4 }), {
      minLength: 4,
      maxLength: 4,
    });
    fc.assert(
      fc.property(delays, (rows) => {
        const oneWayMs = rows.map((row, i) => row.slice(0, 4).map((d, j) => (i === j ? 0 : d)));
        const matrix = { regions: ['a', 'b', 'c', 'd'], oneWayMs };
        const best = shortestDelays(matrix, 0);
        for (const [by, row] of oneWayMs.entries()) {
          for (const [to, delayMs] of row.entries()) {
            expect(best[to]).toBeLessThanOrEqual((best[by] ?? 0) + delayMs);
          }
        }
      }),
    );
  });
});
