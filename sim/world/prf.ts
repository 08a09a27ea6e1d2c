/**
 * Randomness as a function: the same seed, purpose, subject and count give the same number.
 *
 * There is no shared generator, so that taking one fault away does not shift the draws of anything
 * else: each node, pair of nodes and fault counts for itself. The mixing steps are those of
 * MurmurHash3 (public domain); nothing here is secret.
 *
 * @module
 */

/** What a draw is for; two purposes never share numbers. */
export const PURPOSES = {
  plan: 1,
  faults: 2,
  machine: 3,
  network: 4,
  disk: 5,
  admin: 6,
  byzantine: 7,
  frameFault: 8,
  identity: 9,
  anchor: 10,
  model: 11,
  rollout: 12,
} as const;

/** A key of {@link PURPOSES}. */
export type Purpose = keyof typeof PURPOSES;

/** A number in [0, 1). */
export function draw(seed: number, purpose: Purpose, subject: number, count: number): number {
  let mixed = mix(seed ^ 0x9e3779b9, PURPOSES[purpose]);
  mixed = mix(mixed, subject);
  mixed = mix(mixed, count);
  mixed ^= mixed >>> 16;
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  return (mixed >>> 0) / 0x1_0000_0000;
}

function mix(state: number, value: number): number {
  let word = Math.imul(value, 0xcc9e2d51);
  word = (word << 15) | (word >>> 17);
  const mixed = state ^ Math.imul(word, 0x1b873593);
  return Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64;
}

/** The draws of one purpose and subject, one after the other. */
export class Draws {
  readonly #seed: number;
  readonly #purpose: Purpose;
  readonly #subject: number;
  #count = 0;

  constructor(seed: number, purpose: Purpose, subject: number = 0) {
    this.#seed = seed;
    this.#purpose = purpose;
    this.#subject = subject;
  }

  /** In [0, 1). */
  next(): number {
    this.#count += 1;
    return draw(this.#seed, this.#purpose, this.#subject, this.#count);
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** An integer in [low, high]. */
  integer(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.next());
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the items, which must be some. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(items.length * this.next())];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** `count` different integers below `limit`, in random order; at most all of them. */
  sample(count: number, limit: number): readonly number[] {
    const all = Array.from({ length: limit }, (_, index) => index);
    const picked: number[] = [];
    while (picked.length < count && all.length > 0) {
      picked.push(...all.splice(Math.floor(all.length * this.next()), 1));
    }
    return picked;
  }
}
