import { describe, expect, it } from 'vitest';
import { figuresOf, pairedRatio, type Round, roundOf } from '../../../bench/fanout/rounds.ts';

describe('roundOf', () => {
  it('counts from the publish call, in milliseconds', () => {
    const arrivals = [2000, 3000, 5000, 9000];
    const began = { startUs: 1000, keptUs: 1600 };
    expect(roundOf(began, arrivals, { processorMs: 10, keepMs: 3 })).toEqual({
      firstMs: 1,
      firstServedMs: 0.4,
      p50Ms: 2,
      p99Ms: 8,
      lastMs: 8,
      processorMs: 10,
      keepMs: 3,
    });
  });
});

function round(firstMs: number, lastMs: number, processorMs: number): Round {
  const firstServedMs = firstMs / 2;
  return { firstMs, firstServedMs, p50Ms: firstMs, p99Ms: lastMs, lastMs, processorMs, keepMs: 1 };
}

describe('figuresOf', () => {
  it('takes medians over rounds, and the mean of processor time for each subscriber', () => {
    const figures = figuresOf([round(1, 10, 20), round(2, 40, 10), round(3, 20, 30)], 1000);
    expect(figures).toMatchObject({ firstMs: 2, firstServedMs: 1, lastMs: 20, processorUs: 20 });
  });

  it('takes the spread within each round', () => {
    const figures = figuresOf([round(1, 10, 0), round(30, 40, 0), round(3, 33, 0)], 1);
    expect(figures.spreadMs).toBe(10);
  });
});

describe('pairedRatio', () => {
  it('compares rounds that ran together, so that a slow moment counts for nobody', () => {
    const own = [round(0, 10, 0), round(0, 100, 0), round(0, 12, 0)];
    const others = [round(0, 10, 0), round(0, 90, 0), round(0, 8, 0)];
    expect(pairedRatio(own, others)).toBeCloseTo(100 / 90);
  });

  it('can leave out what it takes to check and keep', () => {
    expect(pairedRatio([round(0, 11, 0)], [round(0, 10, 0)], 'served')).toBeCloseTo(1);
  });
});
