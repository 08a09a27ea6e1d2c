/**
 * Time of a test realm: stands still until the test moves it.
 *
 * @module
 */
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import { SimulatedClock } from '../simulated-clock.ts';

/**
 * A clock under the control of a test. It begins at the machine's time, so that what `tls` says of
 * certificates and what the SDK says of releases agree at first.
 */
export class TestClock implements Clock {
  readonly #clock: SimulatedClock = new SimulatedClock(Math.floor(Date.now() / 1000) * 1000);

  nowMs(): number {
    return this.#clock.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  setTimer(delayMs: number, onDue: () => void): ClockTimer {
    return this.#clock.setTimer(delayMs, onDue);
  }

  /** Moves time forward; resolves when everything that fell due on the way has been done. */
  async advance(byMs: number): Promise<void> {
    await this.#clock.advanceAsync(byMs);
  }

  /** Sets wall time as NTP or an administrator would; timers and durations do not notice. */
  setWallTime(ms: number): void {
    this.#clock.setWallTime(ms);
  }
}
