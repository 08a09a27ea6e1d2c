/**
 * What becomes of copies of stores when all is well again: who runs on one has learnt it, and whose
 * store was copied while it ran is not taken for the copy, also after its next start.
 *
 * @module
 */

import type { World } from '../world/world.ts';
import { STEP_MS } from './roots.ts';
import { type Invariant, Violation } from './violation.ts';

/** Peers have compared several times by then. */
const FOUND_MAX_MS = 120_000;
const RESTART_MS = 400;
/** Every peer has greeted the next process by then, and shown what it keeps. */
const SHOWN_MS = 40_000;

/**
 * Every honest peer that keeps the proof of a copy has shown it to the node, and keeps a mark with
 * all that is on each disk now, which would prove the next one.
 */
export function requireCopiesFound(world: World): void {
  const { copies } = world.oracle;
  requireSoon('copy-found', () => copies.unfound() ?? copies.overtaken());
  requireSoon('lines-asked', () => copies.lines.unheard());
  requireSoon('store-marked', () => copies.untold());

  function requireSoon(invariant: Invariant, lacking: () => string | undefined): void {
    const byMs = world.nowMs + FOUND_MAX_MS;
    let what = lacking();
    for (; what !== undefined && world.nowMs < byMs; what = lacking()) {
      world.runUntil(world.nowMs + STEP_MS);
    }
    if (what !== undefined) throw new Violation(invariant, world.nowMs, what);
  }
}

/**
 * Whose store counts beyond all that was signed on copies of it goes on with it after a start.
 * Where somebody lies, what he keeps of them is not known.
 */
export function restartOriginals(world: World): void {
  if (world.hosts.some(({ isHonest }) => !isHonest)) return;
  const originals = world.oracle.copies.originals();
  if (originals.length === 0) return;
  const stores = originals.map((host) => ({ host, storeId: host.disk.storeId }));
  for (const host of originals) host.die();
  world.runUntil(world.nowMs + RESTART_MS);
  for (const host of originals) host.boot();
  world.runUntil(world.nowMs + SHOWN_MS);
  for (const { host, storeId } of stores) {
    world.coverage.hit('original-goes-on');
    if (host.disk.storeId === storeId) continue;
    const what = `${host.identity.nodeId} is taken for a copy of itself after a start`;
    throw new Violation('copy-outrun', world.nowMs, what);
  }
}
