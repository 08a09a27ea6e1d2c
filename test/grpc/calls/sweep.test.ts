import { describe, expect, it } from 'vitest';
import { SWEEP_MS, Sweep } from '../../../src/grpc/calls/sweep.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

describe('Sweep', () => {
  it('looks at all of them once a second, with one timer', () => {
    const clock = new SimulatedClock();
    const sweep = new Sweep(clock);
    const ticks: string[] = [];
    sweep.add({ tick: () => void ticks.push('first') });
    sweep.add({ tick: () => void ticks.push('second') });
    expect(clock.pendingTimers).toBe(1);
    clock.advance(2 * SWEEP_MS);
    expect(ticks).toEqual(['first', 'second', 'first', 'second']);
  });

  it('forgets one that is taken out while others are looked at', () => {
    const clock = new SimulatedClock();
    const sweep = new Sweep(clock);
    let ticks = 0;
    const second = { tick: () => void (ticks += 1) };
    sweep.add({ tick: () => sweep.delete(second) });
    sweep.add(second);
    clock.advance(SWEEP_MS);
    expect(ticks).toBe(0);
  });

  it('has no timer while there is nobody', () => {
    const clock = new SimulatedClock();
    const sweep = new Sweep(clock);
    const one = { tick: () => undefined };
    sweep.add(one);
    sweep.delete(one);
    clock.advance(SWEEP_MS);
    expect(clock.pendingTimers).toBe(0);
  });
});
