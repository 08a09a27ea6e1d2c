/**
 * Puts the content of an earlier release back as a new one: sequences never go down, content may.
 *
 * Not everything can come back: an anchor that has a tombstone stays away, and one that programs
 * trust by now leaves through retirement, not at once. Spec section 5.
 *
 * @module
 */

import { type Anchor, type Constraint, isTrusted, type Tombstone } from '../anchors/anchor.ts';
import { anchorName } from '../anchors/refusal.ts';
import { KedgeError } from '../errors.ts';
import type { Sequence } from '../ids.ts';
import type { ReleaseBody } from './body.ts';
import {
  activateAnchor,
  changeAnchor,
  deliveredAtOnce,
  type EditPoint,
  nextBody,
  removeAnchor,
  retireAnchor,
  revokeAnchor,
} from './edit.ts';

/** An earlier release of the bundle. */
export interface EarlierRelease {
  readonly sequence: Sequence;
  readonly body: ReleaseBody;
}

/**
 * Makes the body that brings `current` as near to `earlier` as the lifecycle allows: anchors that
 * came later are removed when staged or retiring and retired when active; the others get their
 * state back (never to staged) and their attributes. What has left since stays away ({@link
 * leftSince}). It waits for no rollout, whatever the two did: going back is for everybody. Errors:
 * `LIFECYCLE` when all that `earlier` trusted has left since.
 */
export function rollBack(
  current: ReleaseBody,
  earlier: EarlierRelease,
  point: EditPoint,
): ReleaseBody {
  const wanted = new Map(earlier.body.anchors.map((anchor) => [anchor.id, anchor]));
  requireSomeLeft(current, earlier.body);
  let body = deliveredAtOnce(nextBody(current));
  for (const anchor of current.anchors) {
    const old = wanted.get(anchor.id);
    if (old === undefined) {
      const leave = anchor.state === 'active' ? retireAnchor : removeAnchor;
      body = leave(body, anchor.id, point);
      continue;
    }
    if (anchor.state === 'retiring' && old.state === 'active') {
      body = activateAnchor(body, anchor.id, point);
    } else if (anchor.state === 'active' && old.state !== 'active') {
      body = retireAnchor(body, anchor.id, point);
    }
    const { label, purposes, constraints, distrustAfterMs = 'never' } = old;
    body = changeAnchor(body, anchor.id, { label, purposes, constraints, distrustAfterMs });
  }
  return { ...body, replaces: earlier.sequence };
}

/**
 * Makes the body that takes away what `earlier` did not trust, and nothing else, so that the
 * `revoke` role alone may sign it (NR-1): anchors that are trusted since are revoked, for ever;
 * purposes, limits and times of `earlier` come back where that narrows. What is only staged stays,
 * and so do {@link loosened} limits. Errors: `LIFECYCLE` when there is nothing to take away.
 */
export function narrowBack(
  current: ReleaseBody,
  earlier: EarlierRelease,
  point: EditPoint,
): ReleaseBody {
  const trusted = new Map(earlier.body.anchors.filter(isTrusted).map((one) => [one.id, one]));
  let body = deliveredAtOnce(nextBody(current));
  for (const anchor of current.anchors.filter(isTrusted)) {
    const old = trusted.get(anchor.id);
    const purposes = anchor.purposes.filter((purpose) => old?.purposes.includes(purpose) === true);
    body =
      old === undefined || purposes.length === 0
        ? revokeAnchor(body, anchor.id, point)
        : changeAnchor(body, anchor.id, { purposes, ...narrowedLimits(anchor, old) });
  }
  if (JSON.stringify(body.anchors) !== JSON.stringify(current.anchors)) return body;
  throw new KedgeError(
    'LIFECYCLE',
    `there is nothing to take away since release ${String(earlier.sequence)}`,
  );
}

/**
 * Anchors with limits that are others than in `earlier`: NR-1 lets a limit that is there neither go
 * nor change, so {@link narrowBack} leaves them as they are, however wide.
 */
export function loosened(current: ReleaseBody, earlier: ReleaseBody): readonly Anchor[] {
  const before = new Map(earlier.anchors.filter(isTrusted).map((one) => [one.id, one]));
  return current.anchors.filter(({ id, constraints }) =>
    constraints.some((now) => {
      const old = before.get(id)?.constraints.find(({ type }) => type === now.type);
      return old !== undefined && JSON.stringify(limitOf(old)) !== JSON.stringify(limitOf(now));
    }),
  );
}

function limitOf({ critical, values }: Constraint): readonly unknown[] {
  return [critical, ...values];
}

/** Limits that `old` had come beside those of now; of two times the earlier one counts. */
function narrowedLimits(
  { constraints, distrustAfterMs = Infinity }: Anchor,
  old: Anchor,
): { readonly constraints: readonly Constraint[]; readonly distrustAfterMs?: number } {
  const known = new Set(constraints.map(({ type }) => type));
  const both = [...constraints, ...old.constraints.filter(({ type }) => !known.has(type))];
  const endsMs = Math.min(distrustAfterMs, old.distrustAfterMs ?? Infinity);
  return { constraints: both, ...(endsMs < Infinity && { distrustAfterMs: endsMs }) };
}

/** Anchors of `earlier` that have left since and stay away, with how they left. */
export function leftSince(current: ReleaseBody, earlier: ReleaseBody): readonly Tombstone[] {
  const listed = new Set(earlier.anchors.map(({ id }) => id));
  return current.tombstones.filter(({ id }) => listed.has(id));
}

function requireSomeLeft(current: ReleaseBody, earlier: ReleaseBody): void {
  const left = leftSince(current, earlier);
  const ids = left.map(({ id }) => id);
  const gone = new Set(ids);
  const trusted = earlier.anchors.filter(isTrusted);
  if (trusted.length === 0 || trusted.some(({ id }) => !gone.has(id))) return;
  const names = earlier.anchors.filter(({ id }) => gone.has(id)).map(anchorName);
  throw new KedgeError('LIFECYCLE', `${names.join(', ')} left since and may not come back`, {
    detail: {
      anchors: ids.slice(0, 16),
      // From there on none of them is missing any more.
      leftBy: Math.max(...left.map(({ sequence }) => sequence)),
    },
  });
}
