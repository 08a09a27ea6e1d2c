/**
 * Puts the content of an earlier release back as a new one: sequences never go down, content may.
 *
 * Not everything can come back: an anchor that has a tombstone stays away, and one that programs
 * trust by now leaves through retirement, not at once. Spec section 5.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { AnchorId, Sequence } from '../ids.ts';
import type { ReleaseBody } from './body.ts';
import {
  activateAnchor,
  changeAnchor,
  deliveredAtOnce,
  type EditPoint,
  nextBody,
  removeAnchor,
  retireAnchor,
} from './edit.ts';

/** An earlier release of the bundle. */
export interface EarlierRelease {
  readonly sequence: Sequence;
  readonly body: ReleaseBody;
}

/**
 * Makes the body that brings `current` as near to `earlier` as the lifecycle allows: anchors that
 * came later are removed when staged or retiring and retired when active; the others get their
 * state back (never to staged) and their attributes. It waits for no rollout, whatever the two did:
 * going back is for everybody. Errors: `LIFECYCLE` when an anchor of `earlier` has left since.
 */
export function rollBack(
  current: ReleaseBody,
  earlier: EarlierRelease,
  point: EditPoint,
): ReleaseBody {
  const wanted = new Map(earlier.body.anchors.map((anchor) => [anchor.id, anchor]));
  requireNoneLeft(current, wanted);
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

function requireNoneLeft(current: ReleaseBody, wanted: ReadonlyMap<AnchorId, unknown>): void {
  const left = current.tombstones.filter(({ id }) => wanted.has(id));
  if (left.length === 0) return;
  const ids = left.map(({ id }) => id);
  throw new KedgeError('LIFECYCLE', `${ids.join(', ')} left since and may not come back`, {
    detail: {
      anchors: ids.slice(0, 16),
      // From there on none of them is missing any more.
      leftBy: Math.max(...left.map(({ sequence }) => sequence)),
    },
  });
}
