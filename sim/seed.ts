/**
 * Runs one seed: safety under faults, then healing, then liveness.
 *
 * @module
 */
import { CHARTER_STREAM, type StreamName } from '../src/core/ids.ts';
import type { Evidence } from '../src/core/trusted/state.ts';
import type { Coverage } from './coverage.ts';
import { dueText } from './delivery-plan.ts';
import type { SimNode } from './node.ts';
import { doSignersLeave, type SeedPlan } from './plan.ts';
import type { Published } from './pool.ts';
import { SEED_DELAY_MAX_MS } from './regions.ts';
import { converge, haveEqualRoots, rootsText, STEP_MS } from './roots.ts';
import { type Invariant, Violation } from './violation.ts';
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
/** A region's key waits no longer for a seed that never answers. */
const KEY_WAITS_MAX_MS = 620_000;
/** What it says then has come to all by then. */
const COSIGNED_MAX_MS = 10_000;
/** Peers have compared several times by then. */
const FOUND_MAX_MS = 120_000;
const CLOSING_MAX_MS = 400_000;
/** A decision may bring up a fork that lay above. */
const DECISIONS_MAX = 12;
/** What a quiet node may send, bytes per second: `idle` in the bars. */
const IDLE_MAX_BYTES = 1024;
const IDLE_MS = 30_000;

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
  return healMs;
}

/** Every honest peer that keeps the proof that a store went back has told its node. */
function requireCopiesFound(world: World): void {
  const { copies } = world.oracle;
  const byMs = world.nowMs + FOUND_MAX_MS;
  let what = copies.unfound();
  for (; what !== undefined && world.nowMs < byMs; what = copies.unfound()) {
    world.runUntil(world.nowMs + STEP_MS);
  }
  if (what !== undefined) throw new Violation('copy-found', world.nowMs, what);
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

/** Everybody reaches everybody, nothing is left to do, and only comparisons are sent. */
function requireQuiet(world: World): void {
  const core = world.core();
  requireConnected(world);
  requireServing(world);
  requireAttested(world);
  requireAlike(world);
  for (const { identity, driver } of core) {
    const left = (driver?.writer.size ?? 0) + (driver?.fetcher.size ?? 0);
    if (left > 0 && world.hosts.every((host) => host.isHonest)) {
      throw new Violation(
        'drained',
        world.nowMs,
        `${identity.nodeId} still has ${left} things to do`,
      );
    }
  }
  if (!haveEqualRoots(world)) {
    throw new Violation('converged', world.nowMs, `roots differ again: ${rootsText(world)}`);
  }
  if (world.hosts.some((host) => !host.isHonest)) return;
  const before = bytesOf(world);
  world.runUntil(world.nowMs + IDLE_MS);
  const perNode = (bytesOf(world) - before) / core.length / (IDLE_MS / 1000);
  if (perNode <= IDLE_MAX_BYTES) return;
  throw new Violation('drained', world.nowMs, `idle nodes send ${Math.round(perNode)} B/s each`);
}

/**
 * What a region that still attests said last is known to everybody. Its key waits for a while where
 * a seed is dead, behind which somebody may be who would know better.
 */
function requireAttested(world: World): void {
  const lastMs = world.nowMs + KEY_WAITS_MAX_MS;
  const until = new Map<SimNode, number>();
  for (let lacking = [...unattested(world)]; lacking.length > 0; lacking = [...unattested(world)]) {
    for (const { host, what } of lacking) {
      const isWaiting = host.driver?.standing.isWaiting === true;
      if (isWaiting) until.set(host, Math.min(lastMs, world.nowMs + COSIGNED_MAX_MS));
      if (world.nowMs < (until.get(host) ?? 0)) continue;
      throw new Violation('attested', world.nowMs, what);
    }
    world.runUntil(world.nowMs + STEP_MS);
  }
}

/** What is not known to somebody, and whose region said it. */
function* unattested(world: World): Generator<{ readonly host: SimNode; readonly what: string }> {
  for (const [host, { stream, size, root }] of world.oracle.attested) {
    if (!host.attests) continue;
    for (const { identity, driver } of world.core()) {
      const heads = driver?.machine.attestations.cosigned(stream) ?? [];
      if (heads.some(({ checkpoint: at }) => at.size === size && at.root === root)) continue;
      const by = host.identity.nodeId;
      yield { host, what: `${identity.nodeId} lacks what ${by} cosigned of ${stream} ${size}` };
    }
  }
}

/** What is due to programs follows from the statements alone. */
function requireAlike(world: World): void {
  const [first, ...others] = world
    .core()
    .filter(({ driver }) => driver?.machine.holding === undefined)
    .map(({ identity, disk, driver }) => ({
      nodeId: identity.nodeId,
      due: driver === undefined ? '' : dueText(disk, driver.machine.durable),
    }));
  const other = others.find(({ due }) => due !== first?.due);
  if (first === undefined || other === undefined) return;
  const what = `${first.nodeId} gives ${first.due}, ${other.nodeId} gives ${other.due}`;
  throw new Violation('delivered-alike', world.nowMs, what);
}

/** Comparing takes two others that serve. */
function requireServing(world: World): void {
  const core = world.core();
  const waiting = core.filter(({ driver }) => driver?.machine.holding !== undefined);
  const [first] = waiting;
  if (first === undefined || core.length - waiting.length < 2) return;
  const reason = first.driver?.machine.holding ?? '';
  const what = `${first.identity.nodeId} serves nobody: ${reason}`;
  throw new Violation('serving', world.nowMs, what);
}

function requireConnected(world: World): void {
  const core = world.core();
  const reached = new Set(core.slice(0, 1));
  for (const host of reached) {
    const machine = host.driver?.machine;
    for (const other of core) {
      if (machine?.isLinked(other.identity.nodeId) === true) reached.add(other);
    }
  }
  const lost = core.filter((host) => !reached.has(host)).map(({ identity }) => identity.nodeId);
  if (lost.length === 0) return;
  throw new Violation('connected', world.nowMs, `no way to ${lost.join(', ')}`);
}

function bytesOf(world: World): number {
  return [...world.traffic.values()].reduce((sum, { bytes }) => sum + bytes, 0);
}
