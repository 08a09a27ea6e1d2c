/**
 * Wakes a connection when something that it verified is over.
 *
 * What is over is told by the time of `RegionView`, which neither runs like a timer nor with the
 * clock of this machine alone: so it looks again at a steady pace until the date, however far that
 * is, and does nothing while there is none.
 *
 * @module
 */
import type { Clock, ClockTimer } from '../../ports/clock.ts';

/** The longest time between two looks at a clock that somebody may set. */
const LOOK_MS = 10_000;

/** What a {@link LapseTimer} works with. */
export interface LapseTimerOptions {
  readonly clock: Clock;
  /** In how many milliseconds something is over; absent: there is nothing. */
  readonly leftMs: () => number | undefined;
  /** Something is over. Must not throw. */
  readonly onLapse: () => void;
}

/** A timer for the next date. */
export class LapseTimer implements Disposable {
  readonly #options: LapseTimerOptions;
  #timer: ClockTimer | undefined;
  #isClosed = false;

  constructor(options: LapseTimerOptions) {
    this.#options = options;
  }

  /** The date may be another one. */
  arm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const leftMs = this.#options.leftMs();
    if (leftMs === undefined || this.#isClosed) return;
    const waitMs = Math.max(1, Math.min(leftMs, LOOK_MS));
    this.#timer = this.#options.clock.setTimer(waitMs, () => this.#look());
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #look(): void {
    const { leftMs, onLapse } = this.#options;
    const left = leftMs();
    if (left !== undefined && left <= 0) onLapse();
    else this.arm();
  }
}
