/**
 * Whether something grows: the straight line through measured values, and what is left of them.
 *
 * @module
 */

/** A line through points. */
export interface Line {
  /** Growth of y for each unit of x. */
  readonly slope: number;
  /** Standard deviation of the points from the line. */
  readonly noise: number;
}

/** Least squares; NaN for fewer than three points. */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): Line {
  const count = points.length;
  if (count < 3) return { slope: Number.NaN, noise: Number.NaN };
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, noise: Math.sqrt(rest / (count - 2)) };
}
