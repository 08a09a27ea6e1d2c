/**
 * How long to wait before the next attempt: exponential, capped, with jitter.
 *
 * "Decorrelated" variants spread well but have no memory-free upper bound on the first waits; this
 * is "equal jitter": half of the step is certain, half is random, so that a fleet that lost one
 * node at the same instant comes back spread out, and nobody ever hammers (conformance H10).
 *
 * A step counts from the beginning of an attempt, as gRPC's connection backoff does: who has waited
 * in the queue of a busy node and was let go comes back to it soon, and does not leave it idle.
 *
 * @module
 */

/** The bounds of a {@link Backoff}. */
export interface BackoffOptions {
  /** The first step, milliseconds. */
  readonly initialMs: number;
  /** The largest step, milliseconds. */
  readonly maxMs: number;
  /** A random number from 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/**
 * Waits that double from `initialMs` to `maxMs`, each between one half and the whole of its step.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /**
   * The next wait, milliseconds, after an attempt that took `tookMs`. `askedMs` is what the other
   * side asked for, which is there and knows better: the wait is that, between `initialMs` and
   * `maxMs`, spread over those that were asked for the same, and the waits start over (as gRPC's
   * asked for the same, and the waits start over (as gRPC's retry pushback does, gRFC A6).
   */
  nextMs({ tookMs, askedMs }: { readonly tookMs: number; readonly askedMs?: number }): number {
    const { initialMs, maxMs, random } = this.#options;
    if (askedMs !== undefined) {
      this.#attempts = 0;
      return Math.round(Math.min(maxMs, Math.max(initialMs, askedMs) * (1 + random() / 4)));
    }
    const step = Math.min(maxMs, initialMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    const spread = (1 + random()) / 2;
    return Math.round(Math.max(step * spread - tookMs, Math.min(step, initialMs) * spread));
  }

  /** Starts over: call it when an attempt has proven good, not when it merely connected. */
  reset(): void {
    this.#attempts = 0;
  }
}
