import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/ports/system-clock.ts';

describe('systemClock', () => {
  it('tells the time of the machine', () => {
    expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1000);
  });

  it('calls back once, not before the delay', async () => {
    const startMs = systemClock.monotonicMs();
    const keepAlive = setTimeout(() => undefined, 5000);
    await new Promise<void>((resolve) => {
      systemClock.setTimer(20, resolve);
    });
    clearTimeout(keepAlive);
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
  });

  it('does not call back after its timer was disposed, once or twice', async () => {
    let calls = 0;
    const timer = systemClock.setTimer(5, () => {
      calls += 1;
    });
    timer[Symbol.dispose]();
    timer[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toBe(0);
  });
});
