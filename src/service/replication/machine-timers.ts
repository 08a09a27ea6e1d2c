/**
 * The timers that the machine of a node arms; arming one again replaces it.
 *
 * @module
 */
import { type Timer, timerKey } from '../../core/gossip/timer.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';

/** The timers of one machine. */
export class MachineTimers implements Disposable {
  readonly #clock: Clock;
  readonly #onDue: (timer: Timer) => void;
  readonly #armed: Map<string, ClockTimer> = new Map();

  constructor(clock: Clock, onDue: (timer: Timer) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  arm(timer: Timer, delayMs: number): void {
    const key = timerKey(timer);
    this.#armed.get(key)?.[Symbol.dispose]();
    const armed = this.#clock.setTimer(delayMs, () => {
      this.#armed.delete(key);
      this.#onDue(timer);
    });
    this.#armed.set(key, armed);
  }

  /** Forgets all. */
  [Symbol.dispose](): void {
    for (const timer of this.#armed.values()) timer[Symbol.dispose]();
    this.#armed.clear();
  }
}
