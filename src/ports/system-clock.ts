/**
 * The machine's own clock: the {@link Clock} of every real process.
 *
 * @module
 */
import type { Clock } from './clock.ts';

/** Reads the machine's clocks; its timers do not keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, onDue) => {
    const timer = setTimeout(onDue, delayMs);
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
