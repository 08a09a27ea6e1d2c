/**
 * How people read which anchor is meant, in refusals of whoever refuses.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { Anchor } from './anchor.ts';

/** An anchor, with its label where that is known: of one that left long ago it is not. */
export type NamedAnchor = Pick<Anchor, 'id'> & Partial<Pick<Anchor, 'label'>>;

const SHOWN_DIGITS = 16;

/** The label, if there is one, and the beginning of the id: `anchor "CA 1" (0123456789abcdef)`. */
export function anchorName({ id, label = '' }: NamedAnchor): string {
  const short = id.slice(0, SHOWN_DIGITS);
  return label === '' ? `anchor ${short}` : `anchor ${JSON.stringify(label)} (${short})`;
}

/** The refusal of what is wanted of an anchor: `LIFECYCLE`, with the whole id in the detail. */
export function refusedAnchor(anchor: NamedAnchor, what: string): KedgeError {
  const detail = { anchor: anchor.id };
  return new KedgeError('LIFECYCLE', `${anchorName(anchor)} ${what}`, { detail });
}
