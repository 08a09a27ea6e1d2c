import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shrinkFaults } from '../../sim/runs/shrink.ts';
import { Draws, draw } from '../../sim/world/prf.ts';
import { TaskQueue } from '../../sim/world/queue.ts';

describe('TaskQueue', () => {
  it('gives tasks by time, and those of one time in the order of adding', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const queue = new TaskQueue();
        const ran: number[] = [];
        for (const [index, atMs] of times.entries()) {
          queue.push(atMs, -1, () => void ran.push(index));
        }
        for (let task = queue.pop(); task !== undefined; task = queue.pop()) task.run();
        const expected = [...times.keys()].toSorted(
          (a, b) => ((times[a] ?? 0) - (times[b] ?? 0)) * times.length + (a - b),
        );
        expect(ran).toEqual(expected);
      }),
    );
  });
});

describe('draw', () => {
  it('depends on seed, purpose, subject and count alone, and is uniform', () => {
    expect(draw(1, 'plan', 2, 3)).toBe(draw(1, 'plan', 2, 3));
    const others = [draw(2, 'plan', 2, 3), draw(1, 'disk', 2, 3), draw(1, 'plan', 3, 3)];
    expect(new Set([draw(1, 'plan', 2, 3), ...others]).size).toBe(4);
    const draws = new Draws(7, 'network', 1);
    const values = Array.from({ length: 4000 }, () => draws.next());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).toBeGreaterThan(0.48);
    expect(mean).toBeLessThan(0.52);
  });
});

describe('shrinkFaults', () => {
  it('keeps what a failure needs and nothing else', () => {
    const needed = [3, 6];
    const fails = (kept: readonly number[]): boolean => needed.every((one) => kept.includes(one));
    expect(shrinkFaults([0, 1, 2, 3, 4, 5, 6, 7], fails)).toEqual(needed);
    expect(shrinkFaults([0, 1], () => true)).toEqual([]);
  });
});
