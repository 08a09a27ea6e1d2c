/**
 * Random numbers that a seed repeats.
 */

/** Uniform in [0, 1); `KEDGE_SEED` repeats a run. */
export interface Random {
  readonly seed: number;
  next(): number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
}

/** Makes them (mulberry32); the seed is that of the environment, or a new one. */
export function seededRandom(): Random {
  const given = Number(process.env['KEDGE_SEED']);
  const seed = Number.isInteger(given) && given > 0 ? given : Date.now() % 2 ** 31;
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, next, below: (limit) => Math.floor(next() * limit) };
}
