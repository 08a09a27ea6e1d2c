/**
 * What may change from one release of a bundle to the next: the anchors' state machine.
 *
 * ```
 *   (new) ──► staged ──► active ◄──► retiring      staged, retiring ──► removed
 *                                                  staged, active, retiring ──► revoked
 * ```
 *
 * A program must never come to trust an anchor that nobody had time to look at, and never lose one
 * without a trace. How much may go at once is `blast-radius.ts`. Spec section 5.
 *
 * @module
 */
import type { Charter } from '../charter/charter.ts';
import { KedgeError } from '../errors.ts';
import type { AnchorId, Sequence } from '../ids.ts';
import { formatTimestamp } from '../ids.ts';
import type { ReleaseBody } from '../releases/body.ts';
import type { Anchor, Tombstone } from './anchor.ts';
import { requireBlastRadius } from './blast-radius.ts';
import { refusedAnchor } from './refusal.ts';

/** The charter's limits on change. */
export type Lifecycle = Charter['lifecycle'];

/** How two releases stand to each other, and who allowed the change. */
export interface LifecycleContext {
  readonly lifecycle: Lifecycle;
  /** `linked`: directly one after the other. `jump`: releases in between were not seen. */
  readonly gap: 'linked' | 'jump';
  /** `charter`: the quorum of the charter role signed too, which lifts the blast radius. */
  readonly authority: 'release' | 'charter';
}

/** What of a release's statement its lifecycle depends on. */
export interface ReleasePoint {
  readonly sequence: Sequence;
  readonly issuedMs: number;
}

/**
 * Checks that `next`, stated by `statement`, may follow `previous` (absent: nothing is held).
 * Errors: `LIFECYCLE`, `BLAST_RADIUS`.
 */
export function verifyLifecycle(
  previous: ReleaseBody | undefined,
  next: ReleaseBody,
  statement: ReleasePoint,
  context: LifecycleContext,
): void {
  const nextAnchors = byId(next.anchors);
  const nextTombstones = byId(next.tombstones);
  requireDisjoint(nextAnchors, nextTombstones);
  requireReplaces(next, statement);
  if (previous !== undefined) {
    requireTombstonesKept(previous, nextTombstones);
    requireNoneVanished(previous, nextAnchors, nextTombstones);
  }
  if (context.gap === 'jump') return;
  requireTombstonesEarned(previous, next, statement, context.lifecycle);
  requireTransitions(previous, next, statement, context);
  requireSuccessors(previous, next);
  if (previous !== undefined && context.authority === 'release') {
    requireBlastRadius(previous, next, context.lifecycle.blastRadiusPercent);
  }
}

/** LC-1: what has a tombstone is not listed. */
function requireDisjoint(
  anchors: ReadonlyMap<AnchorId, Anchor>,
  tombstones: ReadonlyMap<AnchorId, Tombstone>,
): void {
  for (const anchor of anchors.values()) {
    const tombstone = tombstones.get(anchor.id);
    if (tombstone === undefined) continue;
    throw refusedAnchor(
      anchor,
      `was ${tombstone.reason} and may not come back: use a new certificate`,
    );
  }
}

/** LC-2: `replaces` points back. */
function requireReplaces(next: ReleaseBody, statement: ReleasePoint): void {
  if (next.replaces === undefined || next.replaces < statement.sequence) return;
  throw new KedgeError(
    'LIFECYCLE',
    `a release may only put back an earlier one, not ${next.replaces}`,
  );
}

/** LC-3: tombstones never disappear or change. */
function requireTombstonesKept(
  previous: ReleaseBody,
  tombstones: ReadonlyMap<AnchorId, Tombstone>,
): void {
  for (const old of previous.tombstones) {
    const kept = tombstones.get(old.id);
    if (kept?.sequence === old.sequence && kept.reason === old.reason) continue;
    throw refusedAnchor(
      old,
      'has a tombstone that is missing or changed: tombstones stay as they are',
    );
  }
}

/** LC-4: an anchor leaves the list only through a tombstone. */
function requireNoneVanished(
  previous: ReleaseBody,
  anchors: ReadonlyMap<AnchorId, Anchor>,
  tombstones: ReadonlyMap<AnchorId, Tombstone>,
): void {
  for (const old of previous.anchors) {
    if (anchors.has(old.id) || tombstones.has(old.id)) continue;
    throw refusedAnchor(old, 'vanished without a tombstone: remove or revoke it instead');
  }
}

/** LC-5: a new tombstone is for an anchor that left in this release, in an allowed way. */
function requireTombstonesEarned(
  previous: ReleaseBody | undefined,
  next: ReleaseBody,
  statement: ReleasePoint,
  lifecycle: Lifecycle,
): void {
  const before = byId(previous?.anchors ?? []);
  const known = byId(previous?.tombstones ?? []);
  for (const tombstone of next.tombstones) {
    if (known.has(tombstone.id)) continue;
    const old = before.get(tombstone.id);
    if (old === undefined) throw refusedAnchor(tombstone, 'has a tombstone but was never listed');
    if (tombstone.sequence !== statement.sequence) {
      throw refusedAnchor(old, 'has a tombstone that names another release');
    }
    if (tombstone.reason === 'removed') requireRemovable(old, statement, lifecycle);
  }
}

/** LC-6: only what is staged, or has been retiring for the overlap, is removed. */
function requireRemovable(old: Anchor, statement: ReleasePoint, lifecycle: Lifecycle): void {
  if (old.state === 'staged') return;
  if (old.state === 'active') {
    throw refusedAnchor(old, 'is active: retire it before you remove it, or revoke it');
  }
  const readyMs = old.sinceMs + lifecycle.overlapSeconds * 1000;
  if (statement.issuedMs >= readyMs) return;
  throw tooEarly(old, 'be removed', readyMs, 'overlap');
}

/** LC-7 to LC-10: every listed anchor came to its state in an allowed way and time. */
function requireTransitions(
  previous: ReleaseBody | undefined,
  next: ReleaseBody,
  statement: ReleasePoint,
  context: LifecycleContext,
): void {
  const before = byId(previous?.anchors ?? []);
  for (const anchor of next.anchors) {
    const old = before.get(anchor.id);
    if (old === undefined) requireEntry(anchor, statement, context);
    else if (old.state !== anchor.state) requireStep(old, anchor, statement, context);
    const sinceMs = old?.state === anchor.state ? old.sinceMs : statement.issuedMs;
    if (anchor.sinceMs === sinceMs) continue;
    throw refusedAnchor(
      anchor,
      `says that it is ${anchor.state} since ${formatTimestamp(anchor.sinceMs)}; ` +
        `it is so since ${formatTimestamp(sinceMs)}`,
    );
  }
}

/** LC-7: a new anchor enters as staged; as active only where nobody could have waited. */
function requireEntry(anchor: Anchor, statement: ReleasePoint, context: LifecycleContext): void {
  if (anchor.state === 'staged') return;
  const isFirst = statement.sequence === 1;
  if (anchor.state === 'active' && (isFirst || context.lifecycle.holdDownSeconds === 0)) return;
  throw refusedAnchor(anchor, `may not enter as ${anchor.state}: stage it first`);
}

/** LC-8 and LC-9: staged to active after the hold-down; active to retiring and back. */
function requireStep(
  old: Anchor,
  anchor: Anchor,
  statement: ReleasePoint,
  context: LifecycleContext,
): void {
  const step = `${old.state} to ${anchor.state}`;
  if (step === 'active to retiring' || step === 'retiring to active') return;
  if (step !== 'staged to active') throw refusedAnchor(anchor, `may not go from ${step}`);
  const readyMs = old.sinceMs + context.lifecycle.holdDownSeconds * 1000;
  if (statement.issuedMs >= readyMs) return;
  throw tooEarly(old, 'become active', readyMs, 'hold-down');
}

/** LC-11: an anchor retires only while another active one serves each of its purposes. */
function requireSuccessors(previous: ReleaseBody | undefined, next: ReleaseBody): void {
  const before = byId(previous?.anchors ?? []);
  const served = new Set<string>();
  for (const anchor of next.anchors) {
    if (anchor.state === 'active') for (const purpose of anchor.purposes) served.add(purpose);
  }
  for (const anchor of next.anchors) {
    if (anchor.state !== 'retiring' || before.get(anchor.id)?.state === 'retiring') continue;
    const unserved = anchor.purposes.filter((purpose) => !served.has(purpose));
    if (unserved.length === 0) continue;
    throw refusedAnchor(
      anchor,
      `may not retire: no other active anchor serves ${unserved.join(', ')}; activate one first`,
    );
  }
}

function byId<Item extends { readonly id: AnchorId }>(
  items: readonly Item[],
): ReadonlyMap<AnchorId, Item> {
  return new Map(items.map((item) => [item.id, item]));
}

/** Both times are signed ones, of drafts: a draft that is too early stays so. */
function tooEarly(
  old: Anchor,
  step: 'be removed' | 'become active',
  readyMs: number,
  wait: 'overlap' | 'hold-down',
): KedgeError {
  return refusedAnchor(
    old,
    `may not ${step} before ${formatTimestamp(readyMs)}: the ${wait} is counted from ` +
      `${formatTimestamp(old.sinceMs)}, when the release that made it ${old.state} was drafted, ` +
      'to the draft of the next one; draft that again then',
  );
}
