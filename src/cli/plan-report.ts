/**
 * A plan with all that belongs to it, and what follows from it for whoever is about to sign.
 *
 * What was asked for and could not be looked at never counts as good.
 *
 * @module
 */
import type { Plan, UnreadChain } from '../preflight/plan.ts';
import type { Readiness } from './plan-readiness.ts';
import type { PlannedChange } from './planned-change.ts';

/** What follows. `breaks`: do not sign; `unknown`: something was not looked at; `safe`. */
export type PlanVerdict = 'breaks' | 'unknown' | 'safe';

/** All that there is to tell. */
export interface PlanReport {
  readonly change: PlannedChange;
  readonly plan: Plan;
  readonly instants: readonly number[];
  readonly readiness: Readiness;
  /** Of files and servers. */
  readonly unread: readonly UnreadChain[];
  readonly verdict: PlanVerdict;
}

/** Puts the report together; `failed` are the servers that were asked in vain. */
export function reportPlan(parts: {
  readonly change: PlannedChange;
  readonly plan: Plan;
  readonly instants: readonly number[];
  readonly readiness: Readiness;
  readonly failed: readonly UnreadChain[];
}): PlanReport {
  const { change, plan, instants, readiness, failed } = parts;
  const unread = [...failed, ...plan.unread];
  return { change, plan, instants, readiness, unread, verdict: verdictOf(parts) };
}

function verdictOf({
  change,
  plan,
  readiness,
  failed,
}: Parameters<typeof reportPlan>[0]): PlanVerdict {
  const { breaks, expires, broken } = plan.counts;
  // Without a change the question is what breaks by itself.
  const isBroken = change.next === undefined ? breaks + expires + broken > 0 : breaks > 0;
  const isBlocked =
    readiness.kind === 'known' &&
    readiness.leaving.some(({ reason, judged }) => {
      return reason === 'removed' && judged.verdict === 'blocked';
    });
  if (isBroken || isBlocked) return 'breaks';
  const isUnasked = readiness.kind === 'unknown' && readiness.attempt === 'asked';
  return isUnasked || failed.length > 0 || plan.unread.length > 0 ? 'unknown' : 'safe';
}
