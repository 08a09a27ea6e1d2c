/**
 * Runs many seeds and adds up what they showed.
 *
 * @module
 */
import type { GossipOptions } from '../../src/core/gossip/machine.ts';
import { faultText } from '../faults/faults.ts';
import type { Machine } from '../nodes/node.ts';
import { Coverage } from '../oracle/coverage.ts';
import { Truth } from '../oracle/truth.ts';
import { createPool } from '../people/pool.ts';
import type { PoolContent } from '../people/pool-waves.ts';
import { contentOf, type Profile, planSeed, type SeedPlan } from '../world/plan.ts';
import { runSeed, type SeedResult } from '../world/seed.ts';
import type { WorldOptions } from '../world/world.ts';
import { HashTrace } from './hash-trace.ts';
import { shrinkFaults } from './shrink.ts';
import type { Failure, Summary } from './summary.ts';
import type { Trace } from './trace.ts';

/** What a run works with. */
export interface RunOptions {
  /** Default: the production machine. */
  readonly makeMachine?: (options: GossipOptions) => Machine;
  /** Called when a seed fails. */
  readonly onFailure?: (failure: Failure) => void;
}

/** The option that names one seed. */
const SEED_OPTIONS: Readonly<Record<Profile, string>> = {
  dense: '--seed',
  long: '--long-seed',
  copied: '--copied-seed',
};
/** Seeds that divide by this run twice. */
const TWICE_EVERY: Readonly<Record<Profile, number>> = { dense: 128, long: 16, copied: 128 };
/** Callers that a failure names. */
const STACK_DEPTH = 8;
/** A run that finds this many failures has found enough. */
const FAILURES_MAX = 20;

/** Runs seeds, each with one of the two pools of signed documents. */
export class Runner {
  readonly #options: RunOptions;
  readonly #worlds: Map<PoolContent, WorldOptions> = new Map();

  constructor(options: RunOptions = {}) {
    this.#options = options;
  }

  /** The plan of a seed; `only`: the faults to keep. */
  plan(seed: number, only?: readonly number[], profile: Profile = 'dense'): SeedPlan {
    return planSeed({ profile, seed }, this.#worldOf(seed).pool, only);
  }

  runPlan(plan: SeedPlan, trace?: Trace): SeedResult {
    return runSeed(plan, { ...this.#worldOf(plan.seed), ...(trace !== undefined && { trace }) });
  }

  /** Runs seeds until there are no more, or too many have failed. */
  run(seeds: Iterable<number>, profile: Profile = 'dense'): Summary {
    const startedUs = process.cpuUsage();
    const coverage = new Coverage();
    const failures: Failure[] = [];
    const healMs: number[] = [];
    let [count, nodeMs, events] = [0, 0, 0];
    for (const seed of seeds) {
      const plan = this.plan(seed, undefined, profile);
      const isTwice = seed % TWICE_EVERY[profile] === 0;
      const result = isTwice ? this.#runTwice(plan) : this.runPlan(plan);
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
      hits: coverage.hits,
      shown: coverage.seeds,
      healMs: healMs.toSorted((a, b) => a - b),
    };
  }

  /** What the worlds of such seeds share; made when the first one comes. */
  #worldOf(seed: number): WorldOptions {
    const content = contentOf(seed);
    const known = this.#worlds.get(content);
    if (known !== undefined) return known;
    const pool = createPool(content);
    const { makeMachine } = this.#options;
    const made = {
      pool,
      truth: new Truth(pool),
      ...(makeMachine !== undefined && { makeMachine }),
    };
    this.#worlds.set(content, made);
    return made;
  }

  /** A bug is found sooner with the place where it was thrown. */
  #runWithStacks(plan: SeedPlan): SeedResult {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = STACK_DEPTH;
    try {
      return this.runPlan(plan);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
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
    const { seed, profile } = plan;
    const { invariant } = violation;
    const all = plan.faults.map(({ id }) => id);
    const kept = shrinkFaults(
      all,
      (ids) => this.runPlan(this.plan(seed, ids, profile)).violation?.invariant === invariant,
    );
    const shrunk = this.plan(seed, kept, profile);
    const { atMs, message } = this.#runWithStacks(shrunk).violation ?? violation;
    const list = kept.length === 0 ? 'none' : kept.join(',');
    return {
      seed,
      invariant,
      atMs: Math.round(atMs),
      message,
      faults: shrunk.faults.map(faultText),
      replay: `npm run sim -- ${SEED_OPTIONS[profile]} ${seed} --faults ${list}`,
    };
  }
}
