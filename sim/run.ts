/**
 * Runs many seeds and adds up what they showed.
 *
 * @module
 */
import type { GossipOptions } from '../src/core/gossip/machine.ts';
import { Coverage, type Sometimes } from './coverage.ts';
import type { Machine } from './driver.ts';
import { faultText } from './faults.ts';
import { HashTrace } from './hash-trace.ts';
import { planSeed, type SeedPlan } from './plan.ts';
import { createPool } from './pool.ts';
import { runSeed, type SeedResult } from './seed.ts';
import { shrinkFaults } from './shrink.ts';
import { Truth } from './truth.ts';
import type { Invariant } from './violation.ts';
import type { Trace, WorldOptions } from './world.ts';

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

/** What a run over many seeds came to. */
export interface Summary {
  readonly seeds: number;
  readonly nodeHours: number;
  readonly cpuSeconds: number;
  readonly events: number;
  readonly failures: readonly Failure[];
  readonly coverage: Coverage;
  readonly missing: readonly Sometimes[];
  /** From healing to equal roots, milliseconds, ascending. */
  readonly healMs: readonly number[];
}

/** What a run works with. */
export interface RunOptions {
  /** Default: the production machine. */
  readonly makeMachine?: (options: GossipOptions) => Machine;
  /** Called when a seed fails. */
  readonly onFailure?: (failure: Failure) => void;
}

/** Every so many seeds one runs twice. */
const TWICE_EVERY = 128;
/** A run that finds this many failures has found enough. */
const FAILURES_MAX = 20;

/** Runs seeds with one pool of signed documents. */
export class Runner {
  readonly #options: RunOptions;
  readonly #world: WorldOptions;

  constructor(options: RunOptions = {}) {
    this.#options = options;
    const pool = createPool();
    const { makeMachine } = options;
    const truth = new Truth(pool);
    this.#world = { pool, truth, ...(makeMachine !== undefined && { makeMachine }) };
  }

  /** The plan of a seed; `only`: the faults to keep. */
  plan(seed: number, only?: readonly number[]): SeedPlan {
    return planSeed(seed, this.#world.pool, only);
  }

  runPlan(plan: SeedPlan, trace?: Trace): SeedResult {
    return runSeed(plan, { ...this.#world, ...(trace !== undefined && { trace }) });
  }

  /** Runs seeds until there are no more, or too many have failed. */
  run(seeds: Iterable<number>): Summary {
    const startedUs = process.cpuUsage();
    const coverage = new Coverage();
    const failures: Failure[] = [];
    const healMs: number[] = [];
    let [count, nodeMs, events] = [0, 0, 0];
    for (const seed of seeds) {
      const plan = this.plan(seed);
      const result = count % TWICE_EVERY === 0 ? this.#runTwice(plan) : this.runPlan(plan);
      count += 1;
      nodeMs += result.nodeMs;
      events += result.events;
      coverage.add(result.coverage);
      if (result.healMs !== undefined) healMs.push(result.healMs);
      if (result.violation === undefined) continue;
      const failure = this.#explain(plan, result.violation);
      failures.push(failure);
      this.#options.onFailure?.(failure);
      if (failures.length >= FAILURES_MAX) break;
    }
    const { user, system } = process.cpuUsage(startedUs);
    return {
      seeds: count,
      nodeHours: nodeMs / 3_600_000,
      cpuSeconds: (user + system) / 1e6,
      events,
      failures,
      coverage,
      missing: coverage.missing(),
      healMs: healMs.toSorted((a, b) => a - b),
    };
  }

  #runTwice(plan: SeedPlan): SeedResult {
    const [first, second] = [new HashTrace(), new HashTrace()];
    const result = this.runPlan(plan, first);
    const again = this.runPlan(plan, second);
    if (first.value === second.value) return result;
    const { seed, coverage, events, nodeMs } = again;
    const message = `two runs of seed ${seed} gave ${first.value} and ${second.value}`;
    return {
      seed,
      coverage,
      events,
      nodeMs,
      violation: { invariant: 'deterministic', atMs: 0, message },
    };
  }

  #explain(plan: SeedPlan, violation: NonNullable<SeedResult['violation']>): Failure {
    const { seed } = plan;
    const { invariant } = violation;
    const all = plan.faults.map(({ id }) => id);
    const kept = shrinkFaults(
      all,
      (ids) => this.runPlan(this.plan(seed, ids)).violation?.invariant === invariant,
    );
    const shrunk = this.plan(seed, kept);
    const { atMs, message } = this.runPlan(shrunk).violation ?? violation;
    const list = kept.length === 0 ? 'none' : kept.join(',');
    return {
      seed,
      invariant,
      atMs: Math.round(atMs),
      message,
      faults: shrunk.faults.map(faultText),
      replay: `npm run sim -- --seed ${seed} --faults ${list}`,
    };
  }
}
