/**
 * The timers of one process: arming one with the same name replaces it.
 *
 * @module
 */
import { type Timer, timerKey } from '../../src/core/gossip/timer.ts';

/** What timers need: that something happens later, and whom to tell when one is due. */
export interface TimersParts {
  readonly after: (delayMs: number, run: () => void) => void;
  readonly due: (timer: Timer) => void;
}

interface Slot {
  /** Which arming counts. */
  number: number;
  isArmed: boolean;
  /** Its name in the table, where it is forgotten once it was due. */
  readonly once: string | undefined;
}

/** Armed timers by name. */
export class Timers {
  readonly #parts: TimersParts;
  readonly #slots: Map<string, Slot> = new Map();
  #count = 0;

  constructor(parts: TimersParts) {
    this.#parts = parts;
  }

  /** How many are armed. */
  get count(): number {
    return this.#count;
  }

  arm(timer: Timer, delayMs: number): void {
    const slot = this.#slotOf(timer);
    if (!slot.isArmed) this.#count += 1;
    slot.isArmed = true;
    const number = ++slot.number;
    this.#parts.after(delayMs, () => {
      if (slot.number === number) this.#due(timer, slot);
    });
  }

  #due(timer: Timer, slot: Slot): void {
    slot.isArmed = false;
    this.#count -= 1;
    if (slot.once !== undefined) this.#slots.delete(slot.once);
    this.#parts.due(timer);
  }

  #slotOf(timer: Timer): Slot {
    const key = timerKey(timer);
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    // Those for one fetch or peer are many.
    const once = key === timer.name ? undefined : key;
    const slot = { number: 0, isArmed: false, once };
    this.#slots.set(key, slot);
    return slot;
  }
}
