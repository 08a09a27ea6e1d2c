/**
 * Seeds whose realm is robbed in the end, and taken back.
 */
import { describe, expect, it } from 'vitest';
import { Runner } from '../../sim/runs/run.ts';
import { contentOf } from '../../sim/world/plan.ts';

const SEEDS = 6;

describe('a robbed realm', () => {
  it('is taken back at every node, whoever saw what first', () => {
    const robbed: number[] = [];
    for (let seed = 1; robbed.length < SEEDS; seed += 1) {
      if (contentOf(seed) === 'recovery') robbed.push(seed);
    }
    const { failures, hits } = new Runner().run(robbed);
    expect(failures).toEqual([]);
    expect(hits.get('recovered')).toBeGreaterThan(1);
  });
});
