/**
 * Remembers what a pure function returned, so that the same work is not done twice.
 *
 * A node sees one statement several times within a moment: when it is opened, judged, forwarded and
 * written, and again from each peer. The key names the input wholly (its SHA-256), so a result
 * found here is the one that the function would give; what throws is not remembered. Bounded by
 * weight; the oldest goes first.
 *
 * @module
 */

/** Results by the digest of what they follow from. */
export class Memo<Value> {
  readonly #maxWeight: number;
  readonly #entries: Map<string, { readonly value: Value; readonly weight: number }> = new Map();
  #weight = 0;

  /** `maxWeight`: of all that is remembered together; the unit is the caller's. */
  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Remembers a result; one that weighs more than a quarter of all is not worth its room. */
  set(key: string, value: Value, weight: number): Value {
    if (4 * weight > this.#maxWeight || this.#entries.has(key)) return value;
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const [oldest, entry] of this.#entries) {
      if (this.#weight <= this.#maxWeight) break;
      this.#entries.delete(oldest);
      this.#weight -= entry.weight;
    }
    return value;
  }
}
