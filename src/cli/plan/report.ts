/**
 * A plan with all that belongs to it, and what follows from it for whoever is about to sign.
 *
 * What was asked for and could not be looked at never counts as good.
 *
 * @module
 */
import type { Blocker } from '../../core/adoption/findings.ts';
import { formatTimestamp } from '../../core/ids.ts';
import type { Plan, UnreadChain } from '../../preflight/plan.ts';
import type { ListReport, ListUse } from '../../preflight/revocations.ts';
import type { PlannedChange } from './planned-change.ts';
import type { Readiness } from './readiness.ts';

/**
 * What follows. `breaks`: do not sign; `unknown`: something was not looked at; `unproven`: nothing
 * breaks, and clients have not shown yet that they do without what is to go; `safe`.
 */
export type PlanVerdict = 'breaks' | 'unknown' | 'unproven' | 'safe';

/** All that there is to tell. */
export interface PlanReport {
  readonly change: PlannedChange;
  readonly plan: Plan;
  readonly instants: readonly number[];
  readonly readiness: Readiness;
  /** Of files and servers: chains and revocation lists. */
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
  const unread = [...failed, ...plan.unread, ...uselessLists(plan)];
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
  const blockers = blockersOf(readiness);
  if (isBroken || blockers.some(isBreakage)) return 'breaks';
  const isUnasked = readiness.kind === 'unknown' && readiness.attempt === 'asked';
  const isUnlisted = plan.unlisted.length > 0 || uselessLists(plan).length > 0;
  const isUnread = failed.length > 0 || plan.unread.length > 0;
  if (isUnasked || isUnread || isUnlisted) return 'unknown';
  return blockers.length > 0 ? 'unproven' : 'safe';
}

/** What speaks against removals; a revocation does not wait for anybody. */
function blockersOf(readiness: Readiness): readonly Blocker[] {
  if (readiness.kind === 'unknown') return [];
  return readiness.leaving
    .filter(({ reason }) => reason === 'removed')
    .flatMap(({ judged }) => judged.blockers);
}

/** The rest is evidence that is missing: who used it lately may have moved on since. */
function isBreakage({ kind }: Blocker): boolean {
  return kind === 'not-retiring' || kind === 'no-successor';
}

/** Revocation lists that somebody gave in vain; one of a CA that nobody showed is no harm. */
function uselessLists({ lists }: Plan): readonly UnreadChain[] {
  return lists.flatMap(({ name, use, issuer = '', list }): readonly UnreadChain[] => {
    if (use === 'used' || use === 'unused') return [];
    return [{ name, reason: `the revocation list of "${issuer}" ${whyUseless(use, list)}` }];
  });
}

function whyUseless(
  use: Exclude<ListUse, 'used' | 'unused'>,
  { thisUpdateMs, nextUpdateMs = thisUpdateMs }: ListReport['list'],
): string {
  switch (use) {
    case 'forged':
      return 'is not signed by it, or in a way that can be forged';
    case 'not-allowed':
      return 'is signed by it, and its certificate does not allow that (key usage)';
    case 'ended':
      return `ended on ${formatTimestamp(nextUpdateMs)}: get the newest one`;
    case 'early':
      return `is of ${formatTimestamp(thisUpdateMs)}, which is still to come`;
  }
}
