/**
 * A clock that stands still until a test moves it: the {@link Clock} of tests and simulations.
 *
 * Timers run in the order in which they are due, each at exactly its time, and in the order of
 * their creation when several are due at once, so that a run repeats itself.
 *
 * @module
 */
import type { Clock, ClockTimer } from '../ports/clock.ts';

/** Where simulated time begins by default: 2026-11-23T10:00:00Z. */
export const TEST_EPOCH_MS: number = Date.UTC(2026, 10, 23, 10, 0, 0);

interface PendingTimer {
  readonly id: number;
  readonly dueMs: number;
  readonly onDue: () => void;
}

/** A clock with wall time, monotonic time and timers under the control of a test. */
export class SimulatedClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #nextId = 1;
  readonly #timers = new Map<number, PendingTimer>();

  constructor(startMs: number = TEST_EPOCH_MS) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return Math.floor(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, onDue: () => void): ClockTimer {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#timers.set(id, { id, dueMs: this.#monotonicMs + Math.max(0, delayMs), onDue });
    return { [Symbol.dispose]: () => void this.#timers.delete(id) };
  }

  /** How many timers are pending. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, on the monotonic clock. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Moves both clocks forward and runs what falls due on the way. */
  advance(byMs: number): void {
    const endMs = this.#monotonicMs + byMs;
    for (let timer = this.#next(); timer !== undefined; timer = this.#next()) {
      if (timer.dueMs > endMs) break;
      this.#run(timer);
    }
    this.#moveTo(endMs);
  }

  /** Like {@link advance}, and lets pending promises and I/O callbacks run after each timer. */
  async advanceAsync(byMs: number): Promise<void> {
    const endMs = this.#monotonicMs + byMs;
    await settle();
    for (let timer = this.#next(); timer !== undefined; timer = this.#next()) {
      if (timer.dueMs > endMs) break;
      this.#run(timer);
      await settle();
    }
    this.#moveTo(endMs);
    await settle();
  }

  /** Sets wall time as an administrator or NTP would; monotonic time and timers do not notice. */
  setWallTime(ms: number): void {
    this.#wallMs = ms;
  }

  #next(): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#timers.values()) {
      if (first === undefined || timer.dueMs < first.dueMs) first = timer;
    }
    return first;
  }

  #run(timer: PendingTimer): void {
    this.#timers.delete(timer.id);
    this.#moveTo(timer.dueMs);
    timer.onDue();
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
