/**
 * What holds of a cluster in which nothing happens any more: everybody reaches and serves
 * everybody, nothing is left to do, and only comparisons are sent.
 *
 * @module
 */
import { rowsOf } from '../../src/core/gossip/rows.ts';
import { isSameLog, logOrigin } from '../../src/core/log/log-name.ts';
import type { CosignedHead } from '../../src/core/log/regions.ts';
import { logOf } from '../../src/core/trusted/decisions.ts';
import { dueText } from '../nodes/delivery-plan.ts';
import type { SimNode } from '../nodes/node.ts';
import type { World } from '../world/world.ts';
import { haveEqualRoots, rootsText, STEP_MS } from './roots.ts';
import { Violation } from './violation.ts';

/** How long it is watched, milliseconds. */
export const IDLE_MS = 30_000;
/** What a quiet node may send, bytes per second: `idle` in the bars. */
const IDLE_MAX_BYTES = 1024;
/** A region's key waits no longer for a seed that never answers. */
const KEY_WAITS_MAX_MS = 620_000;
/** What it says then has come to all by then. */
export const COSIGNED_MAX_MS = 10_000;

/** Everybody reaches everybody, nothing is left to do, and only comparisons are sent. */
export function requireQuiet(world: World): void {
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
 * What a region that still attests holds it has cosigned, in the log that its charters say, and
 * everybody knows that within some time. Its key waits for a while where a seed is dead, behind
 * which somebody may be who would know better.
 */
export function requireAttested(world: World, withinMs: number = 0): void {
  const [firstMs, lastMs] = [world.nowMs + withinMs, world.nowMs + KEY_WAITS_MAX_MS];
  const until = new Map<SimNode, number>();
  for (let lacking = [...unattested(world)]; lacking.length > 0; lacking = [...unattested(world)]) {
    for (const { host, what } of lacking) {
      const isWaiting = host.driver?.standing.isWaiting === true;
      if (isWaiting) until.set(host, Math.min(lastMs, world.nowMs + COSIGNED_MAX_MS));
      if (world.nowMs < Math.max(firstMs, until.get(host) ?? 0)) continue;
      throw new Violation('attested', world.nowMs, what);
    }
    world.runUntil(world.nowMs + STEP_MS);
  }
}

/** A region lacks something, or somebody of what it said. */
interface Lacking {
  readonly host: SimNode;
  readonly what: string;
}

/** What is not cosigned, or not known to somebody. */
function* unattested(world: World): Generator<Lacking> {
  yield* uncosigned(world);
  for (const [host, said] of world.oracle.attested) {
    if (!host.attests) continue;
    const { stream, size, root } = said;
    for (const { identity, driver } of world.core()) {
      const heads = driver?.machine.attestations.cosigned(stream) ?? [];
      const isSaid = ({ checkpoint: at }: CosignedHead): boolean =>
        at.size === size && at.root === root && isSameLog(at, said);
      if (heads.some(isSaid)) continue;
      const by = host.identity.nodeId;
      yield { host, what: `${identity.nodeId} lacks what ${by} cosigned of ${stream} ${size}` };
    }
  }
}

/** Heads that are not forked, and that the region of their node did not cosign. */
function* uncosigned(world: World): Generator<Lacking> {
  for (const host of world.core()) {
    const state = host.driver?.machine.durable;
    if (!host.attests || state === undefined) continue;
    for (const { stream, sequence, forked } of rowsOf(state).values()) {
      if (forked || sequence === 0) continue;
      const log = logOf(state, stream);
      const said = world.oracle.attested.newest(host, stream);
      if (said?.size === sequence && isSameLog(said, log)) continue;
      const what = `${host.identity.nodeId} did not cosign ${logOrigin(log)} ${sequence}`;
      yield { host, what };
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
