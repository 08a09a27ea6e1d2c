/**
 * Which rotations seem to be under way in a bundle: read off the states of its anchors, because no
 * release says what it is a part of.
 *
 * A staged anchor takes over from the one that serves a purpose of it for longest (a retiring one
 * before an active one); a retiring anchor gives way to the one that became active last. Between
 * activation and retirement both are active, and nothing shows: only whoever began it knows then.
 *
 * @module
 */
import type { Anchor } from '../anchors/anchor.ts';
import type { AnchorId } from '../ids.ts';
import type { ReleaseBody } from '../releases/body.ts';

/** A rotation that the states suggest. */
export interface SuggestedPair {
  readonly from: AnchorId;
  readonly to: AnchorId;
}

/** Lists the rotations under way. An anchor with nothing to take over from is on no path. */
export function runningRotations({ anchors }: ReleaseBody): readonly SuggestedPair[] {
  const staged = anchors.filter(({ state }) => state === 'staged');
  const leaving = anchors.filter(({ state }) => state === 'retiring');
  const active = anchors.filter(({ state }) => state === 'active');
  const begun = staged.flatMap((to): SuggestedPair[] => {
    const from = firstOf(serving(leaving, to)) ?? firstOf(serving(active, to));
    return from === undefined ? [] : [{ from: from.id, to: to.id }];
  });
  const ending = leaving
    .filter(({ id }) => begun.every(({ from }) => from !== id))
    .flatMap((from): SuggestedPair[] => {
      const to = firstOf(serving(active, from), 'newest');
      return to === undefined ? [] : [{ from: from.id, to: to.id }];
    });
  return [...begun, ...ending];
}

function serving(anchors: readonly Anchor[], { purposes }: Anchor): readonly Anchor[] {
  return anchors.filter((anchor) => anchor.purposes.some((purpose) => purposes.includes(purpose)));
}

function firstOf(
  anchors: readonly Anchor[],
  which: 'oldest' | 'newest' = 'oldest',
): Anchor | undefined {
  const sign = which === 'oldest' ? 1 : -1;
  return anchors.toSorted((a, b) => sign * (a.sinceMs - b.sinceMs))[0];
}
