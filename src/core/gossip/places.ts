/**
 * Places in streams that can be asked for.
 *
 * @module
 */
import { CHARTER_STREAM, NO_PREVIOUS, parseSequence } from '../ids.ts';
import type { FetchRequest } from './frames.ts';
import { heldIn, type Row } from './rows.ts';

/** Says whether a row names a place that can be asked for; a peer may say anything. */
export function isPlace({ sequence, forked }: Row): boolean {
  const at = forked ? sequence + 1 : sequence;
  return at >= 1 && Number.isSafeInteger(at);
}

/** From where to fetch: after our head, or the peer's own statement where we differ. */
export function requestFor(ours: Row | undefined, theirs: Row): FetchRequest {
  const held = ours === undefined ? 0 : heldIn(ours);
  const { stream, sequence } = theirs;
  if (heldIn(theirs) > held) {
    const fromSequence = parseSequence(held + 1);
    // What a peer that has not heard of the fork holds beyond it is of no use.
    if (ours?.forked !== true || theirs.forked) return { stream, fromSequence };
    return { stream, fromSequence, toSequence: parseSequence(ours.sequence) };
  }
  const at = parseSequence(theirs.forked ? sequence + 1 : sequence);
  return { stream, fromSequence: at, toSequence: at };
}

/** A charter that somebody refers to; its digest is not known yet. */
export function charterRow(version: number): Row {
  return { stream: CHARTER_STREAM, sequence: version, digest: NO_PREVIOUS, forked: false };
}
