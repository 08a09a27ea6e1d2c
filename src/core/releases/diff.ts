/**
 * What changes from one release to the next, as a typed list: what a signer reads before signing.
 *
 * Complete by construction of the tests: two bodies with no described change are equal.
 *
 * @module
 */
import {
  type Anchor,
  type AnchorState,
  type Constraint,
  isTrusted,
  type TombstoneReason,
} from '../anchors/anchor.ts';
import type { AnchorId, Sequence } from '../ids.ts';
import { isMade } from './announcing.ts';
import type { ReleaseBody } from './body.ts';
import { keyOf, type PlannedChange } from './planned.ts';

/** One change. `label` is the anchor's label in the newer release that lists it. */
export type Change =
  | { readonly kind: 'added'; readonly anchor: Anchor }
  | {
      readonly kind: 'left';
      readonly anchor: Anchor;
      /** `vanished`: without a tombstone; the release will be refused. */
      readonly reason: TombstoneReason | 'vanished';
    }
  | ({ readonly kind: 'state' } & Step<AnchorState>)
  | ({ readonly kind: 'label' } & Step<string>)
  | ({ readonly kind: 'purposes' } & Step<readonly string[]>)
  | ({ readonly kind: 'constraints' } & Step<readonly Constraint[]>)
  | ({ readonly kind: 'distrust-after' } & Step<number | undefined>)
  | ({ readonly kind: 'since' } & Step<number>)
  | {
      readonly kind: 'tombstone';
      readonly id: AnchorId;
      /** `new`: of an anchor that `previous` does not list. Directly after it, all are refused. */
      readonly what: 'new' | 'changed' | 'dropped';
    }
  | { readonly kind: 'bundle'; readonly from: string; readonly to: string }
  | { readonly kind: 'note'; readonly from: string; readonly to: string }
  /** The release puts back the content of an earlier one: a rollback. Absent: it no longer does. */
  | { readonly kind: 'replaces'; readonly sequence: Sequence | undefined }
  /** How the release comes to programs: to all at once, or in the waves of a rollout. */
  | { readonly kind: 'delivery'; readonly to: 'waves' | 'at-once' }
  /** Something to come is announced. */
  | ({ readonly kind: 'planned' } & Announcement)
  /**
   * It is announced no longer. `made`: this release makes the change; `done`: an earlier one did;
   * else it was withdrawn, or its time has passed.
   */
  | ({ readonly kind: 'unplanned'; readonly why: 'made' | 'done' | 'withdrawn' } & Announcement);

interface Announcement {
  readonly plan: PlannedChange;
  /** Of its anchor, where that is listed. */
  readonly label?: string;
}

interface Step<Value> {
  readonly id: AnchorId;
  readonly label: string;
  readonly from: Value;
  readonly to: Value;
}

/** Counts for a one-line summary. */
export interface ChangeCounts {
  readonly added: number;
  readonly left: number;
  readonly changed: number;
  /** Trusted anchors before and after. */
  readonly trustedBefore: number;
  readonly trustedAfter: number;
}

/** Lists what `next` changes; anchors in the order of their ids, then tombstones, then the rest. */
export function describeChange(
  previous: ReleaseBody | undefined,
  next: ReleaseBody,
): readonly Change[] {
  return [
    ...anchorChanges(previous, next),
    ...tombstoneChanges(previous, next),
    ...restChanges(previous, next),
  ];
}

/** Counts what `next` changes. */
export function countChanges(previous: ReleaseBody | undefined, next: ReleaseBody): ChangeCounts {
  const changes = anchorChanges(previous, next);
  const changed = changes.filter((change) => change.kind !== 'added' && change.kind !== 'left');
  return {
    added: changes.filter((change) => change.kind === 'added').length,
    left: changes.filter((change) => change.kind === 'left').length,
    changed: new Set(changed.map((change) => ('id' in change ? change.id : ''))).size,
    trustedBefore: (previous?.anchors ?? []).filter(isTrusted).length,
    trustedAfter: next.anchors.filter(isTrusted).length,
  };
}

function anchorChanges(previous: ReleaseBody | undefined, next: ReleaseBody): readonly Change[] {
  const before = new Map((previous?.anchors ?? []).map((anchor) => [anchor.id, anchor]));
  const after = new Map(next.anchors.map((anchor) => [anchor.id, anchor]));
  const reasons = new Map(next.tombstones.map((tombstone) => [tombstone.id, tombstone.reason]));
  const changes: Change[] = [];
  for (const id of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const old = before.get(id);
    const anchor = after.get(id);
    if (anchor === undefined) {
      if (old === undefined) continue;
      changes.push({ kind: 'left', anchor: old, reason: reasons.get(id) ?? 'vanished' });
    } else if (old === undefined) changes.push({ kind: 'added', anchor });
    else changes.push(...fieldChanges(old, anchor));
  }
  return changes;
}

function fieldChanges(old: Anchor, anchor: Anchor): readonly Change[] {
  const { id, label } = anchor;
  const changes: Change[] = [];
  if (old.state !== anchor.state) {
    changes.push({ kind: 'state', id, label, from: old.state, to: anchor.state });
  } else if (old.sinceMs !== anchor.sinceMs) {
    changes.push({ kind: 'since', id, label, from: old.sinceMs, to: anchor.sinceMs });
  }
  if (old.label !== label) changes.push({ kind: 'label', id, label, from: old.label, to: label });
  if (!isSame(old.purposes, anchor.purposes)) {
    changes.push({ kind: 'purposes', id, label, from: old.purposes, to: anchor.purposes });
  }
  if (!isSame(old.constraints, anchor.constraints)) {
    changes.push({ kind: 'constraints', id, label, from: old.constraints, to: anchor.constraints });
  }
  if (old.distrustAfterMs !== anchor.distrustAfterMs) {
    const [from, to] = [old.distrustAfterMs, anchor.distrustAfterMs];
    changes.push({ kind: 'distrust-after', id, label, from, to });
  }
  return changes;
}

function tombstoneChanges(previous: ReleaseBody | undefined, next: ReleaseBody): readonly Change[] {
  const listed = new Set((previous?.anchors ?? []).map((anchor) => anchor.id));
  const before = new Map((previous?.tombstones ?? []).map((entry) => [entry.id, entry]));
  const after = new Map(next.tombstones.map((entry) => [entry.id, entry]));
  const changes: Change[] = [];
  for (const id of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const old = before.get(id);
    const now = after.get(id);
    if (now === undefined) changes.push({ kind: 'tombstone', id, what: 'dropped' });
    else if (old === undefined) {
      if (!listed.has(id)) changes.push({ kind: 'tombstone', id, what: 'new' });
    } else if (old.reason !== now.reason || old.sequence !== now.sequence) {
      changes.push({ kind: 'tombstone', id, what: 'changed' });
    }
  }
  return changes;
}

function restChanges(previous: ReleaseBody | undefined, next: ReleaseBody): readonly Change[] {
  const changes: Change[] = [];
  if (previous !== undefined && previous.bundle !== next.bundle) {
    changes.push({ kind: 'bundle', from: previous.bundle, to: next.bundle });
  }
  const note = previous?.note ?? '';
  if (note !== next.note) changes.push({ kind: 'note', from: note, to: next.note });
  if (previous?.replaces !== undefined || next.replaces !== undefined) {
    changes.push({ kind: 'replaces', sequence: next.replaces });
  }
  if (previous?.delivery !== next.delivery) {
    changes.push({ kind: 'delivery', to: next.delivery ?? 'at-once' });
  }
  return [...changes, ...planChanges(previous, next)];
}

function planChanges(previous: ReleaseBody | undefined, next: ReleaseBody): readonly Change[] {
  const [before, after] = [previous?.planned ?? [], next.planned ?? []];
  const lacks = (plans: readonly PlannedChange[], plan: PlannedChange): boolean =>
    !plans.some((other) => keyOf(other) === keyOf(plan) && other.impact === plan.impact);
  const listed = [...(previous?.anchors ?? []), ...next.anchors];
  const labels = new Map(listed.map(({ id, label }) => [id, label]));
  const announcement = (plan: PlannedChange): Announcement => {
    const label = labels.get(plan.anchor);
    return { plan, ...(label !== undefined && { label }) };
  };
  const come = after.filter((plan) => lacks(before, plan));
  const gone = before.filter((plan) => lacks(after, plan));
  return [
    ...come.map((plan): Change => ({ kind: 'planned', ...announcement(plan) })),
    ...gone.map((plan): Change => {
      return { kind: 'unplanned', why: whyGone(plan, previous, next), ...announcement(plan) };
    }),
  ];
}

function whyGone(
  plan: PlannedChange,
  previous: ReleaseBody | undefined,
  next: ReleaseBody,
): 'made' | 'done' | 'withdrawn' {
  if (previous !== undefined && isMade(plan, previous)) return 'done';
  return isMade(plan, next) ? 'made' : 'withdrawn';
}

/** Purposes and constraints are in canonical order, so that equal content has equal text. */
function isSame(a: readonly (string | Constraint)[], b: readonly (string | Constraint)[]): boolean {
  return JSON.stringify(a.map(plain)) === JSON.stringify(b.map(plain));
}

function plain(item: string | Constraint): unknown {
  return typeof item === 'string' ? item : [item.type, item.critical, item.values];
}
