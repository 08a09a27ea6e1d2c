/**
 * What a claim is: something that Kedge says about itself, measured, with the bars that it must
 * clear.
 *
 * @module
 */

/** One limit and what was measured against it. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly met: boolean;
}

/** What measuring a claim gave. */
export interface Measurement {
  readonly figures: Readonly<Record<string, number>>;
  readonly bars: readonly Bar[];
  /** What must be known to read the figures: what was used, what was skipped and why. */
  readonly notes?: readonly string[];
}

/** What a claim that has many parts collects on the way. */
export interface Report extends Measurement {
  readonly figures: Record<string, number>;
  readonly bars: Bar[];
  readonly notes: string[];
}

/** A claim that can be measured. */
export interface Claim {
  readonly name: string;
  /** One line for `list`. */
  readonly summary: string;
  measure(): Promise<Measurement>;
}

/** Compares a value with the most that is allowed. */
export function atMost(name: string, value: number, limit: number): Bar {
  return { name, value, limit, met: value <= limit };
}

/** The value below which a share of all values lies (nearest rank); NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** A number with one decimal, enough for milliseconds and megabytes. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
