/**
 * What one read of the store may ask for.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { parseSequence, type Sequence } from '../core/ids.ts';

/** Items in one read call. */
const READ_MAX = 1000;

/** The sequences of a range, both ends included. */
export function ascending(first: number, last: number): Sequence[] {
  return Array.from({ length: last - first + 1 }, (_, index) => parseSequence(first + index));
}

/** Requires a count that one read may ask for. Errors: `LIMIT`. */
export function requireLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= READ_MAX) return limit;
  throw new KedgeError('LIMIT', `read from 1 to ${String(READ_MAX)} items, not ${String(limit)}`);
}
