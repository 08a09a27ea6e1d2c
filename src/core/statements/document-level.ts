/**
 * How new a reader has to be for what is signed, as one number that nodes tell each other.
 *
 * A reader refuses signed documents with keys or of kinds that it does not know, and cannot go on
 * after them. So whoever signs such a one wants to know who would refuse it. Whoever adds a kind or
 * a key counts `DOCUMENT_LEVEL` up, and says here what needs it. It is advice: nothing is decided
 * by it.
 *
 * @module
 */
import { parseCanonical } from '../canonical.ts';
import { BODY_MAX_BYTES } from '../limits.ts';
import type { Statement } from './statement.ts';

/** What this version understands. Versions that say nothing understand at least level 0. */
export const DOCUMENT_LEVEL: number = 1;

/** Keys of a body that came after the first version; with level 1, which was the first to tell. */
const SINCE_1: Readonly<Record<'charter' | 'release', readonly string[]>> = {
  charter: ['policy', 'resolutions', 'revealed'],
  release: ['delivery', 'planned', 'replaces'],
};

/** From which level on a document is understood. Errors: `PARSE`, `LIMIT`. */
export function levelNeeded(kind: Statement['kind'], body: Uint8Array): number {
  if (kind === 'rollout') return 1;
  const value = parseCanonical(body, { maxBytes: BODY_MAX_BYTES, what: `${kind} body` });
  const isObject = typeof value === 'object' && !Array.isArray(value);
  return isObject && SINCE_1[kind].some((key) => Object.hasOwn(value, key)) ? 1 : 0;
}
