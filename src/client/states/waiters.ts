/**
 * Callers that wait for a condition: until it holds, their time is over, or the source closes.
 *
 * @module
 */
import type { Clock } from '../../ports/clock.ts';

/** How long one caller waits. */
export interface WaitOptions {
  /** Absent: for ever. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The callers that wait for one source. */
export class Waiters {
  readonly #clock: Clock;
  readonly #closed: AbortSignal;
  readonly #wakes: Set<() => void> = new Set();

  /** `closed` ends all waits once {@link wake} is called. */
  constructor(clock: Clock, closed: AbortSignal) {
    this.#clock = clock;
    this.#closed = closed;
  }

  /** Something changed. */
  wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }

  /** Resolves with nothing when the condition holds, else with why it will not. */
  wait(isMet: () => boolean, { timeoutMs, signal }: WaitOptions): Promise<string | undefined> {
    return new Promise((resolve) => {
      const settle = (why: string | undefined): void => {
        timer?.[Symbol.dispose]();
        signal?.removeEventListener('abort', onAbort);
        this.#wakes.delete(wake);
        resolve(why);
      };
      const onAbort = (): void => settle('aborted');
      const wake = (): void => {
        if (isMet()) settle(undefined);
        else if (this.#closed.aborted) settle('the source was closed');
      };
      const timer =
        timeoutMs === undefined
          ? undefined
          : this.#clock.setTimer(timeoutMs, () => settle(`after ${timeoutMs} ms`));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#wakes.add(wake);
      if (signal?.aborted === true) onAbort();
      else wake();
    });
  }
}
