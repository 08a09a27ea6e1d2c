/**
 * Announcements in the content of a bundle: made, taken back, and over once their change is made.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { PLANNED_MAX } from '../limits.ts';
import type { ReleaseBody } from './body.ts';
import { keyOf, type PlannedChange } from './planned.ts';

/** Announces a change, in place of what was announced for the same anchor and kind. */
export function planChange(body: ReleaseBody, change: PlannedChange): ReleaseBody {
  const others = withdrawPlan(body, change).planned ?? [];
  const planned = [...others, change].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  if (planned.length <= PLANNED_MAX) return { ...body, planned };
  throw new KedgeError('LIMIT', `at most ${PLANNED_MAX} changes can be announced`, {
    detail: { max: PLANNED_MAX },
  });
}

/** Takes the announcement for an anchor and kind back, if there is one. */
export function withdrawPlan(
  body: ReleaseBody,
  { anchor, what }: Pick<PlannedChange, 'anchor' | 'what'>,
): ReleaseBody {
  return keepPlanned(body, (plan) => plan.anchor !== anchor || plan.what !== what);
}

/** Drops announcements whose time has come, and those of changes that are made. */
export function dropPastPlans(body: ReleaseBody, nowMs: number): ReleaseBody {
  return keepPlanned(body, (plan) => plan.atMs > nowMs && !isMade(plan, body));
}

/** What is announced and still to come; releases of others may list what is made already. */
export function pendingPlans(body: ReleaseBody): readonly PlannedChange[] {
  return body.planned?.filter((plan) => !isMade(plan, body)) ?? [];
}

/**
 * Whether a body is as the announcement says it will be. Nothing can become of an anchor that left
 * any more, so then it is, whatever was announced.
 */
export function isMade({ what, anchor }: PlannedChange, body: ReleaseBody): boolean {
  if (body.tombstones.some(({ id }) => id === anchor)) return true;
  const entry = body.anchors.find(({ id }) => id === anchor);
  switch (what) {
    case 'stage':
      return entry !== undefined;
    case 'activate':
      return entry?.state === 'active';
    case 'retire':
      return entry?.state === 'retiring';
    default:
      return false;
  }
}

/** The announcements of `previous` that `next` makes true. */
export function plansMadeBy(
  previous: ReleaseBody | undefined,
  next: ReleaseBody,
): readonly PlannedChange[] {
  return previous === undefined ? [] : pendingPlans(previous).filter((one) => isMade(one, next));
}

function keepPlanned(body: ReleaseBody, keeps: (plan: PlannedChange) => boolean): ReleaseBody {
  const { planned, ...rest } = body;
  const kept = planned?.filter(keeps) ?? [];
  return kept.length === 0 ? rest : { ...rest, planned: kept };
}
