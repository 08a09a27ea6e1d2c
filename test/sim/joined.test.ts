import { describe, expect, it } from 'vitest';
import { demandedFrom, neverIn, type Sometimes } from '../../sim/oracle/coverage.ts';
import { joinRuns } from '../../sim/runs/joined.ts';
import { byProfile, isGood, jsonLine, type Runs, textOf } from '../../sim/runs/report.ts';
import { sumOf } from '../../sim/runs/summary.ts';

const NAMES = neverIn(new Map());
const RARE = 'lie-equivocated';

describe('what must come up', () => {
  it('is demanded of a run that shows it for certain', () => {
    expect(demandedFrom('restart')).toBe(500);
    expect(demandedFrom(RARE)).toBeGreaterThan(1000);
    expect(isGood(runOf(499, ['restart']))).toBe(true);
    expect(isGood(runOf(500, ['restart']))).toBe(false);
    expect(isGood(runOf(500, [RARE]))).toBe(true);
    expect(isGood(runOf(demandedFrom(RARE), [RARE]))).toBe(false);
  });

  it('is named when it is missing, and when it is too rare', () => {
    expect(textOf(runOf(500, ['restart', RARE]))).toContain('never came up: restart\n');
    expect(textOf(runOf(500, [RARE]))).toContain(`too rare for so few seeds: ${RARE}\n`);
  });
});

describe('runs over ranges', () => {
  it('are judged as one', () => {
    const batches = Array.from({ length: 10 }, () => jsonLine(runOf(1000, [RARE])));
    expect(isGood(joinRuns(batches))).toBe(false);
    const joined = joinRuns([...batches, jsonLine(runOf(1000, ['restart'])), '']);
    expect(isGood(joined)).toBe(true);
    expect(joined.dense.seeds).toBe(11_000);
    expect(joined.dense.shown.get(RARE)).toBe(1);
    expect(JSON.parse(jsonLine(joined, 'joined'))).toMatchObject({
      seeds: 11_000,
      cpuSeconds: 660,
      figures: { seedsPerCpuMinute: 1000, healMsMax: 250 },
    });
    expect(textOf(joined, 'joined')).not.toContain('healMsMedian');
  });

  it('keep what one of them found', () => {
    const failures = [
      {
        seed: 7,
        invariant: 'healed',
        atMs: 9,
        message: 'roots differ',
        faults: ['#0 cut'],
        replay: 'npm run sim -- --seed 7 --faults 0',
      },
    ] as const;
    const found = { ...runOf(1000), dense: { ...runOf(1000).dense, failures } };
    const joined = joinRuns([jsonLine(runOf(1000)), jsonLine(found)]);
    expect(joined.dense.failures).toEqual(failures);
    expect(isGood(joined)).toBe(false);
  });

  it.each(['{', '{}', 'FAILED', '{"profiles":{"dense":{"seeds":"many"}}}'])(
    'are refused when a line is none: %s',
    (line) => {
      expect(() => joinRuns([jsonLine(runOf(1)), line])).toThrow('line 2 is not what --json');
    },
  );
});

/** A run that showed all but these. */
function runOf(seeds: number, never: readonly Sometimes[] = []): Runs {
  const hits = new Map(NAMES.flatMap((name) => (never.includes(name) ? [] : [[name, 1] as const])));
  const dense = { ...sumOf([]), seeds, nodeHours: 1, cpuSeconds: 60, hits, shown: hits };
  return { ...byProfile(() => sumOf([])), dense: { ...dense, healMs: [0, 250] } };
}
