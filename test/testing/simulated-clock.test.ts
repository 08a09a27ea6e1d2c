import { describe, expect, it } from 'vitest';
import { SimulatedClock, TEST_EPOCH_MS } from '../../src/testing/simulated-clock.ts';

describe('SimulatedClock', () => {
  it('stands still until it is moved', () => {
    const clock = new SimulatedClock();
    expect(clock.nowMs()).toBe(TEST_EPOCH_MS);
    clock.advance(1500);
    expect(clock.nowMs()).toBe(TEST_EPOCH_MS + 1500);
    expect(clock.monotonicMs()).toBe(1500);
  });

  it('runs timers in the order in which they are due, at their own time', () => {
    const clock = new SimulatedClock(0);
    const seen: string[] = [];
    clock.setTimer(20, () => seen.push(`b at ${clock.nowMs()}`));
    clock.setTimer(10, () => {
      seen.push(`a at ${clock.nowMs()}`);
      clock.setTimer(5, () => seen.push(`nested at ${clock.nowMs()}`));
    });
    clock.setTimer(20, () => seen.push('c after b'));
    clock.advance(100);
    expect(seen).toEqual(['a at 10', 'nested at 15', 'b at 20', 'c after b']);
    expect(clock.nowMs()).toBe(100);
  });

  it('never runs a timer inside setTimer', () => {
    const clock = new SimulatedClock();
    let ran = 0;
    clock.setTimer(0, () => (ran += 1));
    expect(ran).toBe(0);
    clock.advance(0);
    expect(ran).toBe(1);
  });

  it('forgets a timer that is disposed', () => {
    const clock = new SimulatedClock();
    let ran = 0;
    const timer = clock.setTimer(10, () => (ran += 1));
    timer[Symbol.dispose]();
    clock.advance(20);
    expect(ran).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets wall time jump without moving timers', () => {
    const clock = new SimulatedClock(1000);
    let ran = 0;
    clock.setTimer(10, () => (ran += 1));
    clock.setWallTime(0);
    expect(clock.nowMs()).toBe(0);
    expect(clock.nextDueMs).toBe(10);
    clock.advance(10);
    expect(ran).toBe(1);
    expect(clock.nowMs()).toBe(10);
  });

  it('lets promises run between timers', async () => {
    const clock = new SimulatedClock();
    const seen: number[] = [];
    const repeat = async (): Promise<void> => {
      for (let i = 0; i < 3; i += 1) {
        await new Promise<void>((resolve) => clock.setTimer(10, resolve));
        seen.push(clock.monotonicMs());
      }
    };
    const done = repeat();
    await clock.advanceAsync(30);
    await done;
    expect(seen).toEqual([10, 20, 30]);
  });
});
