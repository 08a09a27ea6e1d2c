/**
 * One timer for many: what each of ten thousand streams would need timers for is looked at once a
 * second for all of them, in portions with a turn of the event loop between.
 *
 * @module
 */
import type { Clock } from '../../ports/clock.ts';

/** What is looked at once a second. */
export interface Swept {
  /** A second has passed. Must not throw. */
  tick(): void;
}

/** Between two looks. */
export const SWEEP_MS: number = 1_000;
/** Looked at between two turns of the event loop. */
const PORTION = 512;

/** Those that are looked at; the timer runs while there are some. */
export class Sweep {
  readonly #clock: Clock;
  readonly #all: Set<Swept> = new Set();
  #isRunning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(swept: Swept): void {
    this.#all.add(swept);
    if (!this.#isRunning) this.#arm();
  }

  delete(swept: Swept): void {
    this.#all.delete(swept);
  }

  #arm(): void {
    this.#isRunning = true;
    this.#clock.setTimer(SWEEP_MS, () => {
      this.#portion([...this.#all], 0);
      this.#isRunning = false;
      if (this.#all.size > 0) this.#arm();
    });
  }

  #portion(all: readonly Swept[], from: number): void {
    for (const swept of all.slice(from, from + PORTION)) {
      if (this.#all.has(swept)) swept.tick();
    }
    const next = from + PORTION;
    if (next < all.length) setImmediate(() => this.#portion(all, next));
  }
}
