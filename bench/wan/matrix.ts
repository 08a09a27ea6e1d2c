/**
 * How far regions are from each other, in milliseconds one way.
 *
 * @module
 */

/** One-way delays between regions. */
export interface DelayMatrix {
  readonly regions: readonly string[];
  /** Row = from, column = to; the diagonal is the way to a neighbour in the same region. */
  readonly oneWayMs: readonly (readonly number[])[];
}

/**
 * Ashburn, Frankfurt, Singapore, Sao Paulo, Sydney. A packet takes 2 ms and 1 ms for each 150 km of
 * great circle: light in fibre with the detours that cables make.
 */
export const FIVE_REGIONS: DelayMatrix = parseMatrix(`
  iad    fra    sin    gru    syd
  0.25   45.68  105.54 52.99  106.54
  45.68  0.25   70.52  67.31  111.98
  105.54 70.52  0.25   108.64 43.97
  52.99  67.31  108.64 0.25   91.11
  106.54 111.98 43.97  91.11  0.25
`);

/** Reads a line of names, then one line of numbers for each. Throws when it is not square. */
export function parseMatrix(text: string): DelayMatrix {
  const [regions = [], ...lines] = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== undefined && first !== '');
  const oneWayMs = lines.map((line) => line.map(Number));
  const isSquare =
    regions.length > 0 &&
    oneWayMs.length === regions.length &&
    oneWayMs.every((row) => row.length === regions.length);
  if (!isSquare) throw new Error('a delay matrix needs as many rows and columns as it has names');
  if (!oneWayMs.flat().every((delayMs) => delayMs >= 0 && delayMs < 10_000)) {
    throw new Error('a delay is from 0 to 10,000 milliseconds');
  }
  return { regions, oneWayMs };
}

/** The fastest way from one region to each, by whatever regions it leads; 0 to itself. */
export function shortestDelays({ oneWayMs }: DelayMatrix, from: number): readonly number[] {
  const best = oneWayMs.map((_, to) => (to === from ? 0 : Number.POSITIVE_INFINITY));
  for (let hops = 1; hops < best.length; hops += 1) {
    for (const [by, row] of oneWayMs.entries()) {
      for (const [to, delayMs] of row.entries()) {
        best[to] = Math.min(best[to] ?? 0, (best[by] ?? 0) + delayMs);
      }
    }
  }
  return best;
}

/** D: nobody can have news from a region everywhere sooner than this. */
export function farthestMs(matrix: DelayMatrix, from: number): number {
  return Math.max(...shortestDelays(matrix, from));
}
