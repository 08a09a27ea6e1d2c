import { describe, expect, it } from 'vitest';
import {
  parseWindow,
  planTimes,
  type TimePlan,
  timesJson,
  timesText,
  timeWarnings,
} from '../../src/cli/rollout/times.ts';
import type { Wave } from '../../src/core/rollouts/body.ts';
import { wave } from '../core/rollouts/support.ts';
import { expectCode } from '../core/support.ts';

/** Thursday. */
const NOW_MS = Date.parse('2026-11-26T10:00:00.700Z');
const OFFICE = 'mon-thu 09:00-16:00';
const WAVES = [wave(5), wave(25), wave(100)];

function plan(
  options: TimePlan['options'],
  change: Partial<TimePlan> = {},
  waves: readonly Wave[] = WAVES,
): readonly (readonly [unknown, unknown])[] {
  const planned = planTimes(waves, { options, nowMs: NOW_MS, open: 0, own: 'kept', ...change });
  return planned.map((one) => {
    const { notBefore, window } = timesJson(one);
    return [notBefore, window];
  });
}

describe('parseWindow', () => {
  it('reads days and hours, and says the same again', () => {
    for (const text of [
      ...['mon-thu 09:00-16:00', 'daily 00:00-24:00', 'sat,sun 22:00-04:00', 'wed 00:00-00:01'],
      ...['mon-wed,fri 23:59-23:58', 'tue,thu,sat 12:00-24:00'],
    ]) {
      expect(timesText({ window: parseWindow(text) })).toBe(`${text} UTC`);
    }
    expect(parseWindow('fri-mon 22:00-00:00')).toEqual({
      days: [1, 5, 6, 7],
      startMinute: 1320,
      minutes: 120,
    });
  });

  it('refuses everything else', () => {
    for (const text of [
      ...['', 'mon', 'mon 9:00-16:00', 'mon 09:00-09:00', 'mon 24:00-25:00', 'mon 09:00-24:01'],
      ...['day 09:00-16:00', 'mon-tue-wed 09:00-16:00', 'mon, 09:00-16:00', 'mon 09:60-16:00'],
    ]) {
      expectCode('CONFIG', () => parseWindow(text));
    }
  });
});

describe('planTimes', () => {
  it('changes nothing where nothing is said', () => {
    expect(plan({})).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ]);
  });

  it('lets waves follow each other by the cadence, each within its hours', () => {
    expect(plan({ cadence: '1d', window: OFFICE })).toEqual([
      [null, OFFICE],
      ['2026-11-30T09:00:00Z', OFFICE],
      ['2026-12-01T09:00:00Z', OFFICE],
    ]);
  });

  it('begins at the earliest time', () => {
    const [first, second] = plan({ cadence: '6h', notBefore: '2h' });
    expect(first).toEqual(['2026-11-26T12:00:00Z', null]);
    expect(second).toEqual(['2026-11-26T18:00:00Z', null]);
    expect(plan({ notBefore: '2026-12-01T00:00:00Z' })[1]).toEqual([null, null]);
  });

  it('keeps what a wave of a file says by itself, and goes on from there', () => {
    const notBeforeMs = Date.parse('2026-12-05T00:00:00Z');
    const own = [wave(5), { ...wave(25), notBeforeMs, window: parseWindow('sun 01:00-02:00') }];
    expect(plan({ cadence: '1d', window: OFFICE }, {}, [...own, wave(100)])).toEqual([
      [null, OFFICE],
      ['2026-12-05T00:00:00Z', 'sun 01:00-02:00'],
      ['2026-12-07T09:00:00Z', OFFICE],
    ]);
  });

  it('plans anew for the waves that are closed, and leaves the others', () => {
    const old = planTimes(WAVES, {
      options: { cadence: '1d', window: OFFICE, notBefore: '0' },
      ...{ nowMs: NOW_MS, open: 0, own: 'kept' },
    });
    const later = { open: 1, own: 'replaced', nowMs: NOW_MS + 30 * 86_400_000 } as const;
    expect(plan({ cadence: '2d', window: 'always', notBefore: '0' }, later, old)).toEqual([
      ['2026-11-26T10:00:00Z', OFFICE],
      ['2026-12-26T10:00:00Z', null],
      ['2026-12-28T10:00:00Z', null],
    ]);
  });
});

describe('timeWarnings', () => {
  const times = { nowMs: NOW_MS, open: 0, expiresMs: NOW_MS + 86_400_000 };

  it('names waves that could only open after the rollout expired', () => {
    const late = { ...wave(100), notBeforeMs: times.expiresMs };
    expect(timeWarnings([wave(5), late], times)).toEqual([
      expect.stringContaining('may not open before the rollout expires at 2026-11-27T10:00:00Z'),
    ]);
    expect(timeWarnings([wave(5), late], { ...times, open: 2 })).toEqual([]);
  });

  it('says that a cadence has passed', () => {
    const passed = WAVES.map((one) => ({ ...one, notBeforeMs: NOW_MS - 1000 }));
    expect(timeWarnings(passed, times)).toEqual([expect.stringContaining('--cadence plans new')]);
    expect(timeWarnings(passed, { ...times, open: 2 })).toEqual([]);
  });
});
