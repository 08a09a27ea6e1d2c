/**
 * Runs one seed: safety under faults, then healing, then liveness.
 *
 * @module
 */
import { CHARTER_STREAM, type StreamName } from '../../src/core/ids.ts';
import type { Evidence } from '../../src/core/trusted/state.ts';
import { SEED_DELAY_MAX_MS } from '../network/regions.ts';
import { requireCopiesFound, restartOriginals } from '../oracle/copies-found.ts';
import type { Coverage } from '../oracle/coverage.ts';
import { COSIGNED_MAX_MS, IDLE_MS, requireAttested, requireQuiet } from '../oracle/quiet.ts';
import { converge, haveEqualRoots, rootsText, STEP_MS } from '../oracle/roots.ts';
import { type Invariant, Violation } from '../oracle/violation.ts';
import type { Published } from '../people/pool.ts';
import { doSignersLeave, type SeedPlan } from './plan.ts';
import { World, type WorldOptions } from './world.ts';

/** What became of a seed. */
export interface SeedResult {
  readonly seed: number;
  readonly violation?: {
    readonly invariant: Invariant;
    readonly atMs: number;
    readonly message: string;
  };
  readonly coverage: Coverage;
  readonly events: number;
  readonly nodeMs: number;
  /** From healing to equal roots; absent when that was not measured. */
  readonly healMs?: number;
}

/** Equal roots may take this long after the last publication. */
const CONVERGE_MAX_MS = 60_000;
/** Every two nodes have compared their proposals by then. */
const PROPOSED_MAX_MS = 300_000;
const CLOSING_MAX_MS = 400_000;
/** A decision may bring up a fork that lay above. */
const DECISIONS_MAX = 12;

/** Runs a seed to its end or to the first broken invariant. */
export function runSeed(plan: SeedPlan, options: WorldOptions): SeedResult {
  const world = new World(plan, options);
  let healMs: number | undefined;
  let violation: SeedResult['violation'];
  try {
    healMs = live(world);
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    const { invariant, atMs, message } = thrown;
    violation = { invariant, atMs, message };
  }
  return {
    seed: plan.seed,
    coverage: world.coverage,
    events: world.eventCount,
    nodeMs: world.nowMs * plan.hosts.length,
    ...(violation !== undefined && { violation }),
    ...(healMs !== undefined && { healMs }),
  };
}

/** The bar for {@link SeedResult.healMs}: five seconds and two round trips. */
export function healBarMs(): number {
  return 5000 + 4 * SEED_DELAY_MAX_MS;
}

function live(world: World): number | undefined {
  const { plan, pool } = world;
  world.runUntil(plan.healAtMs);
  world.chaos.heal();
  // Where signers have left, a node that is behind needs one more release to follow.
  const healMs = doSignersLeave(plan, pool) ? undefined : converge(world, 'healed', healBarMs());
  keepProposed(world);
  world.admin.close();
  const closeByMs = world.nowMs + CLOSING_MAX_MS;
  while (!world.admin.isDone && world.nowMs < closeByMs) world.runUntil(world.nowMs + STEP_MS);
  converge(world, 'converged', CONVERGE_MAX_MS);
  decideForks(world);
  requireComplete(world);
  world.runUntil(Math.max(plan.endMs, world.nowMs + 2 * IDLE_MS));
  requireCopiesFound(world);
  requireQuiet(world);
  world.robbery.run(world, haveEqualRoots, rootsText);
  requireAttested(world, COSIGNED_MAX_MS);
  restartOriginals(world);
  return healMs;
}

/** What any honest node keeps of proposals gets to all of them, and is published when whole. */
function keepProposed(world: World): void {
  const { proposer } = world;
  proposer.close();
  const kept = proposer.kept();
  const byMs = world.nowMs + PROPOSED_MAX_MS;
  let what = proposer.lacking(kept);
  for (; what !== undefined && world.nowMs < byMs; what = proposer.lacking(kept)) {
    world.runUntil(world.nowMs + STEP_MS);
  }
  if (what !== undefined) throw new Violation('proposed', world.nowMs, what);
}

/**
 * The charter quorum decides about all that is forked, and statements are published on top; again
 * where a liar shows the other side of a place only then.
 */
function decideForks(world: World): void {
  const { decider } = world;
  let onTop: readonly Published[] | undefined;
  for (let round = 0; round < DECISIONS_MAX; round += 1) {
    if (decider.close() || decider.isBusy) {
      onTop = undefined;
      settle(world);
      continue;
    }
    if (onTop !== undefined) return requireDecided(world, onTop);
    onTop = publishOnTop(world);
  }
  throw new Violation('decided', world.nowMs, `forks go on after ${DECISIONS_MAX} rounds`);
}

function requireDecided(world: World, onTop: readonly Published[]): void {
  for (const { identity, disk } of world.core()) {
    for (const { stream, sequence, digest } of [...world.decider.inForce, ...onTop]) {
      if (disk.entry(stream, sequence)?.digest === digest) continue;
      const what = `${identity.nodeId} does not hold ${stream} ${sequence} as it was decided`;
      throw new Violation('decided', world.nowMs, what);
    }
  }
}

/** A release and a rollout more of each decided bundle. */
function publishOnTop(world: World): readonly Published[] {
  const releases = world.decider.publishOnTop('release');
  settle(world);
  const rollouts = world.decider.publishOnTop('rollout');
  settle(world);
  return [...releases, ...rollouts];
}

/** What was signed is durable somewhere, and then everywhere. */
function settle(world: World): void {
  const byMs = world.nowMs + CLOSING_MAX_MS;
  while (world.decider.isBusy && world.nowMs < byMs) world.runUntil(world.nowMs + STEP_MS);
  converge(world, 'converged', CONVERGE_MAX_MS);
}

/** What was acknowledged is everywhere, and every fork is known to everybody. */
function requireComplete(world: World): void {
  const { acknowledged } = world.oracle;
  const { contested } = world.oracle.agreement;
  for (const host of world.core()) {
    for (const [digest, { stream, sequence }] of acknowledged) {
      if (host.disk.entry(stream, sequence)?.digest === digest) continue;
      if (world.decider.hasFallen({ stream, digest })) continue;
      const fork = host.disk.fork(stream) ?? charterFork(world, host.index);
      if (fork !== undefined && isBeyond(fork, stream, sequence)) continue;
      const what = `${host.identity.nodeId} lacks ${stream} ${sequence}, which was acknowledged`;
      throw new Violation('complete', world.nowMs, what);
    }
    for (const [stream, sequence] of contested) {
      if (world.decider.inForce.some((one) => one.stream === stream)) continue;
      const fork = host.disk.fork(stream);
      if (fork !== undefined && fork.sequence <= sequence) continue;
      const what = `${host.identity.nodeId} does not know that ${stream} forked at ${sequence}`;
      throw new Violation('frozen', world.nowMs, what);
    }
  }
  if (contested.size > 0) world.coverage.hit('fork-heals');
}

/** Says whether a fork takes back or keeps out a statement. */
function isBeyond(fork: Evidence, stream: StreamName, sequence: number): boolean {
  return fork.sequence <= sequence || fork.stream !== stream;
}

function charterFork(world: World, index: number): Evidence | undefined {
  return world.hosts[index]?.disk.fork(CHARTER_STREAM);
}
