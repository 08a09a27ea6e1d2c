/**
 * What a run over many seeds came to, and how the parts of a run add up.
 *
 * @module
 */
import type { Sometimes } from '../oracle/coverage.ts';
import type { Invariant } from '../oracle/violation.ts';

/** A seed that broke an invariant. */
export interface Failure {
  readonly seed: number;
  readonly invariant: Invariant;
  readonly atMs: number;
  readonly message: string;
  /** The faults that it takes. */
  readonly faults: readonly string[];
  /** The command that shows it again. */
  readonly replay: string;
}

/** What a run over seeds of one profile came to. */
export interface Summary {
  readonly seeds: number;
  /** Simulated time from start to end, times nodes; what runs twice counts once. */
  readonly nodeHours: number;
  readonly cpuSeconds: number;
  readonly events: number;
  readonly failures: readonly Failure[];
  /** How often what must come up came up. */
  readonly hits: ReadonlyMap<Sometimes, number>;
  /** In how many seeds it did. */
  readonly shown: ReadonlyMap<Sometimes, number>;
  /** From healing to equal roots, milliseconds, ascending. */
  readonly healMs: readonly number[];
}

const NOTHING: Summary = {
  seeds: 0,
  nodeHours: 0,
  cpuSeconds: 0,
  events: 0,
  failures: [],
  hits: new Map(),
  shown: new Map(),
  healMs: [],
};

/** Adds up what parts of a run came to. */
export function sumOf(summaries: Iterable<Summary>): Summary {
  return [...summaries].reduce(add, NOTHING);
}

function add(a: Summary, b: Summary): Summary {
  return {
    seeds: a.seeds + b.seeds,
    nodeHours: a.nodeHours + b.nodeHours,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    events: a.events + b.events,
    failures: [...a.failures, ...b.failures],
    hits: counted(a.hits, b.hits),
    shown: counted(a.shown, b.shown),
    healMs: [...a.healMs, ...b.healMs].toSorted((x, y) => x - y),
  };
}

function counted(a: Summary['hits'], b: Summary['hits']): Summary['hits'] {
  const sum = new Map(a);
  for (const [name, count] of b) sum.set(name, (sum.get(name) ?? 0) + count);
  return sum;
}
