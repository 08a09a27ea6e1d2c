import { describe, expect, it } from 'vitest';
import { judgeSoak } from '../../bench/soak.ts';

const run = { subscribers: 10, behind: 0, lost: 0, load: 0 };

/** Samples with a little noise, whose memory grows by so much each second. */
function samples(growthMb: number): Parameters<typeof judgeSoak>[0] {
  return Array.from({ length: 100 }, (_, i) => ({
    seconds: i,
    residentMb: 100 + growthMb * i + (i % 2),
    p99Ms: 5,
    lastMs: 10 + (i % 3),
  }));
}

function met(growthMb: number, changes: Partial<typeof run> = {}): readonly string[] {
  const { bars } = judgeSoak(samples(growthMb), { ...run, ...changes });
  return bars.filter((bar) => bar.met).map(({ name }) => name);
}

describe('judgeSoak', () => {
  it('is content when memory and lag stay within their noise', () => {
    expect(met(0)).toHaveLength(4);
  });

  it('finds memory that grows', () => {
    expect(met(0.1)).not.toContain('residentGrowthOverNoise');
  });

  it('finds subscribers that are more than one change behind, or were lost', () => {
    expect(met(0, { behind: 1 })).toContain('changesBehindWhenDrained');
    expect(met(0, { behind: 2 })).not.toContain('changesBehindWhenDrained');
    expect(met(0, { lost: 1 })).not.toContain('lost');
  });
});
