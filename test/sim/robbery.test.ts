/**
 * Seeds whose realm is robbed in the end, and taken back.
 */
import { describe, expect, it } from 'vitest';
import { Runner } from '../../sim/runs/run.ts';
import { contentOf } from '../../sim/world/plan.ts';

const SEEDS = 6;
/** With regions in all of them. */
const ATTESTED_SEEDS = 4;

describe('a robbed realm', () => {
  it('is taken back at every node, whoever saw what first', () => {
    const { failures, hits } = new Runner().run(robbedSeeds(SEEDS));
    expect(failures).toEqual([]);
    expect(hits.get('recovered')).toBeGreaterThan(1);
  });

  it('has regions that vouch for what is left, also where the thief decided', () => {
    const { failures, shown } = new Runner().run(robbedSeeds(ATTESTED_SEEDS), 'copied');
    expect(failures).toEqual([]);
    expect(shown.get('cosigned-recovered')).toBeGreaterThan(1);
  });
});

function robbedSeeds(count: number): readonly number[] {
  const robbed: number[] = [];
  for (let seed = 1; robbed.length < count; seed += 1) {
    if (contentOf(seed) === 'recovery') robbed.push(seed);
  }
  return robbed;
}
