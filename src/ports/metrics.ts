/**
 * Counters and gauges, whoever collects them.
 *
 * Names are `kedge_<noun>_<unit>` and, for counters, end in `_total`; units are base units
 * (seconds, bytes), and a number of things has none. Label values come from small closed sets
 * (bundle, region, node, code), never from callers, so that the number of series stays bounded.
 *
 * @module
 */

/** A metric's name. */
export type MetricName = `kedge_${string}`;

/** Label names and values of one series. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Where measurements go. Calls return at once and never throw. */
export interface Metrics {
  /** Adds `by` (default 1, never negative) to a counter. */
  increment(name: MetricName, labels?: MetricLabels, by?: number): void;
  /** Sets a gauge. */
  set(name: MetricName, value: number, labels?: MetricLabels): void;
}

/** One value of one series, at the time somebody asks. */
export interface MetricSample {
  readonly name: MetricName;
  readonly value: number;
  readonly labels?: MetricLabels;
}

/** Metrics that nobody collects. */
export const noMetrics: Metrics = {
  increment: () => undefined,
  set: () => undefined,
};
