/**
 * What the releases of a bundle say of its rotations: each that `kedge rotate` made names the two
 * anchors in its signed note, also where their states show nothing.
 *
 * @module
 */
import type { AnchorId } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { isNoteOf } from '../../core/rotation/note.ts';
import type { SuggestedPair } from '../../core/rotation/running.ts';
import { readBodies } from '../release/history.ts';
import { type Known, leftIn } from './look.ts';

/** What lies further back is not looked at. */
const RELEASES_MAX = 64;

/** The rotations that releases name and that are not over, the newest first. */
export async function notedRotations(known: Known): Promise<readonly SuggestedPair[]> {
  const { realm, head, bundle } = known;
  const here = new Map(head.body.anchors.map(({ id, state }) => [id, state]));
  const found: SuggestedPair[] = [];
  if (here.size < 2) return found;
  for await (const { body } of readBodies(realm, { ...head, bundle }, RELEASES_MAX)) {
    const pair = pairIn(body);
    if (pair === undefined || here.get(pair.to) === undefined) continue;
    const isOver = here.get(pair.from) === undefined || here.get(pair.to) === 'retiring';
    const isKnown = found.some(({ from, to }) => from === pair.from || to === pair.to);
    if (!isOver && !isKnown) found.push(pair);
  }
  return found;
}

/** An anchor that people called so, and that has left; absent: there was none. */
export async function findGone(known: Known, label: string): Promise<AnchorId | undefined> {
  const { realm, head, bundle } = known;
  for await (const { body } of readBodies(realm, { ...head, bundle }, RELEASES_MAX)) {
    const named = body.anchors.find((one) => one.label === label);
    if (named !== undefined && leftIn(head.body, named.id) !== undefined) return named.id;
  }
  return undefined;
}

function pairIn({ anchors, note }: ReleaseBody): SuggestedPair | undefined {
  for (const from of anchors) {
    const to = anchors.find((one) => isNoteOf(note, { from: from.label, to: one.label }));
    if (to !== undefined && to !== from) return { from: from.id, to: to.id };
  }
  return undefined;
}
