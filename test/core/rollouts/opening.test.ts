import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OpeningWindow, opensAtMs } from '../../../src/core/rollouts/opening.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const OFFICE: OpeningWindow = { days: [1, 2, 3, 4], startMinute: 540, minutes: 420 };
/** Saturday and Sunday from 22:00 on, into the next morning. */
const NIGHTS: OpeningWindow = { days: [6, 7], startMinute: 1320, minutes: 360 };

/** In the week of Monday, 2026-11-23. */
function at(day: number, time: string): number {
  return Date.parse(`2026-11-${String(22 + day)}T${time}:00Z`);
}

describe('opensAtMs', () => {
  it('is now without times, and in the window', () => {
    expect(opensAtMs({}, at(1, '03:00'))).toBe(at(1, '03:00'));
    expect(opensAtMs({ window: OFFICE }, at(1, '09:00'))).toBe(at(1, '09:00'));
    expect(opensAtMs({ window: OFFICE }, at(4, '15:59'))).toBe(at(4, '15:59'));
  });

  it('is the next begin outside of the window, over days that it leaves out', () => {
    expect(opensAtMs({ window: OFFICE }, at(1, '08:59'))).toBe(at(1, '09:00'));
    expect(opensAtMs({ window: OFFICE }, at(1, '16:00'))).toBe(at(2, '09:00'));
    expect(opensAtMs({ window: OFFICE }, at(4, '16:00'))).toBe(at(8, '09:00'));
    const tuesdays = { ...OFFICE, days: [2] };
    expect(opensAtMs({ window: tuesdays }, at(2, '16:00'))).toBe(at(9, '09:00'));
  });

  it('goes on after midnight, also from Sunday into Monday', () => {
    expect(opensAtMs({ window: NIGHTS }, at(7, '03:59'))).toBe(at(7, '03:59'));
    expect(opensAtMs({ window: NIGHTS }, at(7, '04:00'))).toBe(at(7, '22:00'));
    expect(opensAtMs({ window: NIGHTS }, at(8, '03:59'))).toBe(at(8, '03:59'));
    expect(opensAtMs({ window: NIGHTS }, at(1, '04:00'))).toBe(at(6, '22:00'));
  });

  it('is not before the earliest time, and then in the window', () => {
    const notBeforeMs = at(2, '20:00');
    expect(opensAtMs({ notBeforeMs }, at(1, '10:00'))).toBe(notBeforeMs);
    expect(opensAtMs({ notBeforeMs }, at(3, '01:00'))).toBe(at(3, '01:00'));
    expect(opensAtMs({ notBeforeMs, window: OFFICE }, at(1, '10:00'))).toBe(at(3, '09:00'));
  });

  it('is the first minute of the week that the window has, whatever the window', () => {
    const days = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
    const window = fc.record({
      days: days.map((all) => all.toSorted((a, b) => a - b)),
      startMinute: fc.nat(DAY_MINUTES - 1),
      minutes: fc.integer({ min: 1, max: DAY_MINUTES }),
    });
    fc.assert(
      fc.property(window, fc.nat(3 * 7 * DAY_MINUTES), (one, minute) => {
        const nowMs = at(1, '00:00') + minute * MINUTE_MS;
        const opens = opensAtMs({ window: one }, nowMs);
        expect(isWithin(one, opens)).toBe(true);
        for (let before = nowMs; before < opens; before += 7 * MINUTE_MS) {
          expect(isWithin(one, before)).toBe(false);
        }
        if (opens > nowMs) expect(isWithin(one, opens - MINUTE_MS)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

/** By the names that the calendar of the machine gives days. */
function isWithin({ days, startMinute, minutes }: OpeningWindow, ms: number): boolean {
  return [0, 1].some((back) => {
    const day = new Date(ms - back * DAY_MINUTES * MINUTE_MS);
    const began = Date.UTC(
      day.getUTCFullYear(),
      day.getUTCMonth(),
      day.getUTCDate(),
      0,
      startMinute,
    );
    const isDay = days.includes(day.getUTCDay() === 0 ? 7 : day.getUTCDay());
    return isDay && ms >= began && ms < began + minutes * MINUTE_MS;
  });
}
