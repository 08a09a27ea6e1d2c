/**
 * How much this node trusts itself: Lifeguard's local health.
 *
 * A node that is slow misses answers that were sent, and would call healthy members failed. So
 * each sign that the fault may be here (an answer that did not come, a helper that did not even say
 * no, a timer that came late, somebody who suspects us) makes it wait longer before it judges;
 * each answer that comes makes it bolder again. Source: Dadgar et al., Lifeguard, section IV-A.
 *
 * @module
 */

/** The local health multiplier. */
export class LocalHealth {
  readonly #scoreMax: number;
  #score = 0;

  /** `factorMax` bounds the factor. */
  constructor(factorMax: number) {
    this.#scoreMax = factorMax - 1;
  }

  /** What intervals and timeouts are multiplied with; 1 when all is well. */
  get factor(): number {
    return 1 + this.#score;
  }

  worsen(by: number): void {
    this.#score = Math.min(this.#scoreMax, this.#score + by);
  }

  improve(): void {
    if (this.#score > 0) this.#score -= 1;
  }
}
