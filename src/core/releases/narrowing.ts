/**
 * Says whether a release does nothing but take trust away.
 *
 * The `revoke` role has a low threshold, so that an emergency needs few people. What it may sign
 * is therefore listed here, and everything that is not listed is refused. Spec rule NR-1.
 *
 * @module
 */
import type { Anchor, Constraint, Tombstone } from '../anchors/anchor.ts';
import type { AnchorId } from '../ids.ts';
import type { ReleaseBody } from './body.ts';
import { keyOf, type PlannedChange } from './planned.ts';

/** Says whether `next` only revokes anchors of `previous` or narrows what they are for. */
export function narrowsOnly(previous: ReleaseBody, next: ReleaseBody): boolean {
  if (previous.bundle !== next.bundle || next.replaces !== undefined) return false;
  // What takes trust away may not be made to wait.
  if (next.delivery !== undefined && previous.delivery === undefined) return false;
  const announced = new Set(previous.planned?.map(planText));
  if (next.planned?.some((plan) => !announced.has(planText(plan))) === true) return false;
  const before = new Map<AnchorId, Anchor>(previous.anchors.map((anchor) => [anchor.id, anchor]));
  const isNarrowed = next.anchors.every((anchor) => {
    const old = before.get(anchor.id);
    return old !== undefined && isNarrowing(old, anchor);
  });
  return isNarrowed && onlyRevokes(previous.tombstones, next.tombstones);
}

/** Announcements may go, but not come or change. */
function planText(plan: PlannedChange): string {
  return `${keyOf(plan)} ${plan.impact}`;
}

function isNarrowing(old: Anchor, anchor: Anchor): boolean {
  return (
    fixedText(old) === fixedText(anchor) &&
    anchor.purposes.every((purpose) => old.purposes.includes(purpose)) &&
    (anchor.distrustAfterMs ?? Infinity) <= (old.distrustAfterMs ?? Infinity) &&
    old.constraints.every((constraint) => isKept(constraint, anchor.constraints))
  );
}

function fixedText({ kind, label, state, sinceMs }: Anchor): string {
  return JSON.stringify([kind, label, state, sinceMs]);
}

/** A new constraint narrows; one that is there may neither go nor change. */
function isKept(old: Constraint, constraints: readonly Constraint[]): boolean {
  const now = constraints.find((constraint) => constraint.type === old.type);
  return (
    now !== undefined &&
    now.critical === old.critical &&
    now.values.length === old.values.length &&
    now.values.every((value, index) => value === old.values[index])
  );
}

function onlyRevokes(before: readonly Tombstone[], after: readonly Tombstone[]): boolean {
  const known = new Set(before.map((tombstone) => tombstone.id));
  return after.every((tombstone) => known.has(tombstone.id) || tombstone.reason === 'revoked');
}
