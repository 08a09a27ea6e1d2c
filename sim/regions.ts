/**
 * Where simulated nodes are.
 *
 * @module
 */

/** The regions and the one-way delays between them, milliseconds. */
export const REGIONS: readonly string[] = ['iad', 'fra', 'sin', 'gru', 'syd'];
/** Rows and columns as in {@link REGIONS}. */
export const DELAYS_MS: readonly (readonly number[])[] = [
  [0.4, 45, 112, 60, 100],
  [45, 0.4, 80, 101, 140],
  [112, 80, 0.4, 163, 46],
  [60, 101, 163, 0.4, 160],
  [100, 140, 46, 160, 0.4],
];
