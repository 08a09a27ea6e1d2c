import { describe, expect, it } from 'vitest';
import {
  advanceClock,
  type QuorumClock,
  readClock,
  startClock,
} from '../../../src/core/log/clock.ts';

const T = 1_795_428_000_000;
const YEAR_MS = 365 * 86_400_000;

/** Quorum times that come one after the other, each with the local time. */
function fed(clock: QuorumClock, ...times: readonly (readonly [number, number])[]): QuorumClock {
  return times.reduce((now, [quorumMs, localMs]) => advanceClock(now, quorumMs, localMs), clock);
}

describe('advanceClock', () => {
  it('never lowers the floor', () => {
    const clock = fed(startClock(T, T), [T - 1, T], [T - YEAR_MS, T + 5]);
    expect(clock.floorMs).toBe(T);
  });

  it('suspects no clock after one old quorum time, nor before a minute has passed', () => {
    const local = T + YEAR_MS;
    const clock = fed(startClock(0, local), [T, local], [T + 30_000, local + 30_000]);
    expect(readClock(clock, local + 30_000).verdict).toBe('right');
  });

  it('suspects a clock when old quorum times move on at its pace (D06)', () => {
    const local = T + YEAR_MS;
    const clock = fed(startClock(0, local), [T, local], [T + 61_000, local + 60_000]);
    expect(readClock(clock, local + 60_000).verdict).toBe('ahead');
  });

  it('suspects none when they come faster or slower than time passes', () => {
    const local = T + YEAR_MS;
    for (const step of [76_000, 44_000, 3_600_000]) {
      const clock = fed(startClock(0, local), [T, local], [T + step, local + 60_000]);
      expect(readClock(clock, local + 60_000).verdict).toBe('right');
    }
  });

  it('measures anew when the local clock goes back', () => {
    const local = T + 2 * YEAR_MS;
    const clock = fed(
      startClock(0, local),
      [T, local],
      [T + 60_000, local - YEAR_MS],
      [T + 120_000, local - YEAR_MS + 60_000],
    );
    expect(readClock(clock, local - YEAR_MS + 60_000).verdict).toBe('ahead');
  });

  it('forgets the suspicion with the first quorum time that fits', () => {
    const local = T + YEAR_MS;
    const clock = fed(startClock(0, local), [T, local], [T + 60_000, local + 60_000]);
    const healed = advanceClock(clock, T + 90_000, T + 91_000);
    expect(readClock(healed, T + 91_000)).toMatchObject({ verdict: 'right', nowMs: T + 91_000 });
  });
});

describe('readClock', () => {
  it('is right at once when the clock is put right (D06)', () => {
    const local = T + YEAR_MS;
    const clock = fed(startClock(0, local), [T, local], [T + 60_000, local + 60_000]);
    const ahead = readClock(clock, local + 61_000);
    expect(ahead.verdict).toBe('ahead');
    expect(readClock(ahead.clock, T + 62_000)).toMatchObject({ verdict: 'right' });
  });

  it('does not count a leap forward as a span that passed', () => {
    const leaped = readClock(startClock(T, T), T + YEAR_MS).clock;
    expect(readClock(leaped, T + 1000).nowMs).toBeLessThanOrEqual(T + 300_000);
  });

  it('starts from the floor that was stored (D05)', () => {
    const { nowMs, verdict } = readClock(startClock(T, T - YEAR_MS), T - YEAR_MS + 1000);
    expect({ nowMs, verdict }).toEqual({ nowMs: T + 1000, verdict: 'behind' });
  });

  it('bears a clock that is a little behind', () => {
    expect(readClock(startClock(T, T - 300_000), T - 300_000)).toMatchObject({
      nowMs: T,
      verdict: 'right',
    });
  });
});
