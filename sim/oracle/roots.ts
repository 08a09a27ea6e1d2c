/**
 * Whether all nodes of a seed hold the same, and the wait until they do.
 *
 * @module
 */
import { isRollout, type StreamName } from '../../src/core/ids.ts';
import type { World } from '../world/world.ts';
import { Violation } from './violation.ts';

/** How often is looked, milliseconds. */
export const STEP_MS = 50;

/** Runs until all have the same roots; throws when that takes longer. Says how long it took. */
export function converge(
  world: World,
  invariant: 'healed' | 'converged',
  withinMs: number,
): number {
  const startMs = world.nowMs;
  while (!haveEqualRoots(world)) {
    if (world.nowMs > startMs + withinMs) {
      throw new Violation(invariant, world.nowMs, `roots differ: ${rootsText(world)}`);
    }
    world.runUntil(world.nowMs + STEP_MS);
  }
  return world.nowMs - startMs;
}

/** Says whether all that should run do and have the same root. */
export function haveEqualRoots(world: World): boolean {
  let first: string | undefined;
  for (const { driver } of world.core()) {
    if (driver === undefined) return false;
    const { root } = driver.machine.root;
    first ??= root;
    if (root !== first) return false;
  }
  return true;
}

/** The heads that each node holds, for a message. */
export function rootsText(world: World): string {
  return world
    .core()
    .map(({ identity, driver }) => {
      const rows = [...(driver?.machine.durable.streams.values() ?? [])].map((stream) =>
        stream.kind === 'open'
          ? `${nameOf(stream.stream)}${stream.head.sequence}`
          : `${nameOf(stream.stream)}!${stream.commonSequence}`,
      );
      const charter = driver?.machine.durable.charters.length ?? '-';
      return `${identity.nodeId} c${charter} ${rows.toSorted().join(' ')}`;
    })
    .join('; ');
}

/** `a`: the releases of the first bundle; `~a`: its rollouts. */
function nameOf(stream: StreamName): string {
  return `${isRollout(stream) ? '~' : ''}${stream.slice(8, 9)}`;
}
