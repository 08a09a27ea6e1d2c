/**
 * A bounded amount of work per time: a burst, refilled at a steady rate.
 *
 * @module
 */

/** A token bucket; starts full. */
export class Budget {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number | undefined;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** Takes `amount` if so much is left; says whether it was. */
  take(amount: number, nowMs: number): boolean {
    const sinceMs = Math.max(0, nowMs - (this.#atMs ?? nowMs));
    this.#atMs = nowMs;
    this.#left = Math.min(this.#burst, this.#left + (sinceMs * this.#perSecond) / 1000);
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}
