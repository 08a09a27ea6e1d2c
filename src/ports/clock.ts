/**
 * Time, as everything outside the core sees it. Nobody but an implementation of this port calls
 * `Date.now` or `setTimeout`, so that tests and simulations own time.
 *
 * @module
 */

/** A pending call; disposing it twice, or after it ran, does nothing. */
export interface ClockTimer {
  [Symbol.dispose](): void;
}

/** Wall time, monotonic time and timers. Nothing here throws. */
export interface Clock {
  /** Wall time: milliseconds since 1970, whole; may jump either way when somebody sets it. */
  nowMs(): number;

  /** Milliseconds since an arbitrary start; never goes back. For durations and deadlines. */
  monotonicMs(): number;

  /**
   * Calls `onDue` once, not before `delayMs` monotonic milliseconds from now, never synchronously.
   *
   * `delayMs` is from 0 to 2^31 - 1. The timer belongs to the caller, which disposes it; a pending
   * timer does not keep a process alive by itself. `onDue` must not throw.
   */
  setTimer(delayMs: number, onDue: () => void): ClockTimer;
}
