/**
 * How many messages a caller may send on one stream: a burst, then a steady rate (token bucket).
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { Clock } from '../../ports/clock.ts';

/** A bucket's size and how fast it fills. */
export interface RateLimitOptions {
  readonly burst: number;
  readonly perSecond: number;
}

/** Counts messages of one stream. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #options: RateLimitOptions;
  #tokens: number;
  #filledAtMs: number;

  constructor(clock: Clock, options: RateLimitOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Counts one message. Errors: `LIMIT` when there were too many. */
  take(): void {
    const { burst, perSecond } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    const filled = this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * perSecond;
    this.#tokens = Math.min(burst, filled);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) {
      throw new KedgeError('LIMIT', `more than ${perSecond} messages per second on one stream`);
    }
    this.#tokens -= 1;
  }
}
