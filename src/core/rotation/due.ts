/**
 * Which anchors need a successor, and when to begin, so that rotations do not fall together.
 *
 * Each has to be over some time before its anchor expires. Two that would begin in the same week
 * are moved apart, always to earlier: CAs that are renewed together expire together, and then one
 * bad week breaks everything (as in May 2020 and September 2021 on the public web).
 *
 * @module
 */
import type { Anchor } from '../anchors/anchor.ts';
import type { Lifecycle } from '../anchors/lifecycle.ts';

/** An anchor with the dates of its certificate. */
export interface DatedAnchor {
  readonly anchor: Anchor;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** An anchor that needs a successor. */
export interface DueRotation extends DatedAnchor {
  /** Why it is listed. */
  readonly reason: 'expired' | 'expires' | 'old';
  /** When its rotation should begin; not before now. */
  readonly beginMs: number;
  /** `late`: it should have begun. */
  readonly urgency: 'late' | 'soon' | 'planned';
  /** Other trusted anchors of the bundle that expire within a week of it. */
  readonly together: readonly Anchor[];
}

/** By what anchors are judged. */
export interface DueQuestion {
  readonly anchors: readonly DatedAnchor[];
  readonly lifecycle: Lifecycle;
  readonly nowMs: number;
  /** Anchors that expire within this time are listed. */
  readonly withinMs: number;
  /** Anchors whose certificate is older are listed too; absent: age does not matter. */
  readonly maxAgeMs?: number;
}

const DAY_MS = 86_400_000;
/** Begins are this far apart, and closer expiries are told. */
const APART_MS = 7 * DAY_MS;
/** For issuing leaves anew, and for what goes wrong. */
const SPARE_MS = 30 * DAY_MS;

/** Lists what is due, the first to begin first. */
export function dueRotations(question: DueQuestion): readonly DueRotation[] {
  const { lifecycle, nowMs, withinMs, maxAgeMs } = question;
  const trusted = question.anchors.filter(({ anchor }) => anchor.state === 'active');
  const leadMs = (lifecycle.holdDownSeconds + lifecycle.overlapSeconds) * 1000 + SPARE_MS;
  const listed = trusted.flatMap((dated) => {
    const reason = reasonOf(dated, nowMs, withinMs, maxAgeMs);
    return reason === undefined ? [] : [{ dated, reason }];
  });
  // From the last to the first, so that who expires last keeps its date.
  let before = Number.POSITIVE_INFINITY;
  const due = listed
    .toSorted((a, b) => deadline(b.dated, leadMs) - deadline(a.dated, leadMs))
    .map(({ dated, reason }): DueRotation => {
      const wishMs = reason === 'old' ? nowMs : deadline(dated, leadMs);
      const beginMs = Math.min(wishMs, before - APART_MS);
      before = beginMs;
      const late = beginMs <= nowMs ? 'late' : 'planned';
      return {
        ...dated,
        reason,
        beginMs: Math.max(beginMs, nowMs),
        urgency: reason === 'old' ? 'soon' : beginMs <= nowMs + APART_MS ? soonOr(late) : late,
        together: trusted.filter((other) => isTogether(dated, other)).map(({ anchor }) => anchor),
      };
    });
  return due.toReversed();
}

function soonOr(urgency: 'late' | 'planned'): 'late' | 'soon' {
  return urgency === 'late' ? 'late' : 'soon';
}

function deadline({ notAfterMs }: DatedAnchor, leadMs: number): number {
  return notAfterMs - leadMs;
}

function reasonOf(
  { notBeforeMs, notAfterMs }: DatedAnchor,
  nowMs: number,
  withinMs: number,
  maxAgeMs: number | undefined,
): DueRotation['reason'] | undefined {
  if (notAfterMs <= nowMs) return 'expired';
  if (notAfterMs <= nowMs + withinMs) return 'expires';
  return maxAgeMs !== undefined && nowMs - notBeforeMs > maxAgeMs ? 'old' : undefined;
}

function isTogether(one: DatedAnchor, other: DatedAnchor): boolean {
  return one !== other && Math.abs(one.notAfterMs - other.notAfterMs) < APART_MS;
}
