/**
 * What the admins of a bundle mean to change, and when: announced in a release, so that whoever
 * watches the bundle hears of it signed. It binds nobody and changes nothing by itself, and is over
 * when the change is made, also before its time.
 *
 * Spec rule RB-9.
 *
 * @module
 */
import type { CanonicalObject, CanonicalValue } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import {
  type AnchorId,
  formatTimestamp,
  parseSha256,
  parseTimestamp,
  timestampMs,
} from '../ids.ts';
import { PLANNED_MAX } from '../limits.ts';
import { readObject, requireAscending } from '../reader.ts';
import type { ReleaseBody } from './body.ts';

/** One announced change. */
export interface PlannedChange {
  /** For example `activate`, `retire` or `remove`; readers need not know it. */
  readonly what: string;
  /** The anchor that it is about; it need not be listed yet. */
  readonly anchor: AnchorId;
  /** When it is meant to happen. */
  readonly atMs: number;
  /** What it means for whom, for people. */
  readonly impact: string;
}

const WHAT = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Reads one entry. Errors: `PARSE`, `LIMIT`. */
export function readPlanned(value: CanonicalValue, path: string): PlannedChange {
  const entry = readObject(value, path, { required: ['anchor', 'at', 'impact', 'what'] });
  return {
    what: entry.parsed('what', parseWhat),
    anchor: entry.parsed('anchor', parseSha256),
    atMs: entry.parsed('at', (text) => timestampMs(parseTimestamp(text))),
    impact: entry.text('impact'),
  };
}

/** Writes one entry. */
export function writePlanned({ what, anchor, atMs, impact }: PlannedChange): CanonicalObject {
  return { anchor, at: formatTimestamp(atMs), impact, what };
}

/** RB-9: by time, anchor and what, each once. Errors: `PARSE`. */
export function requirePlannedOrder(planned: readonly PlannedChange[], path: string): void {
  requireAscending(planned.map(keyOf), path);
}

/** Names the kind of a change. Errors: `PARSE`. */
export function parseWhat(text: string): string {
  if (WHAT.test(text)) return text;
  throw new KedgeError('PARSE', `must match ${WHAT.source}`);
}

/** Tells announcements apart: two with one key are the same one. */
export function keyOf({ what, anchor, atMs }: PlannedChange): string {
  return `${formatTimestamp(atMs)} ${anchor} ${what}`;
}

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
