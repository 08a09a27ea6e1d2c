/**
 * What one read of the store may ask for.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { parseSequence, type Sequence } from '../core/ids.ts';
import type { StatementRange } from '../ports/store.ts';

/** Items in one read call. */
const READ_MAX = 1000;

/** The sequences of a range, both ends included. */
export function ascending(first: number, last: number): Sequence[] {
  return Array.from({ length: last - first + 1 }, (_, index) => parseSequence(first + index));
}

/** Which sequences before `end` a range asks for; none when `last` is before `first`. */
export function boundsOf(
  range: StatementRange,
  end: number,
): {
  readonly first: number;
  readonly last: number;
  readonly order: 'ascending' | 'descending';
} {
  const limit = requireLimit(range.limit);
  const upTo = 'from' in range ? end : Math.min(range.before ?? end, end);
  const first = 'from' in range ? range.from : Math.max(1, upTo - limit);
  const last = Math.min(upTo - 1, first + limit - 1);
  return { first, last, order: 'from' in range ? 'ascending' : 'descending' };
}

/** Requires a count that one read may ask for. Errors: `LIMIT`. */
export function requireLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= READ_MAX) return limit;
  throw new KedgeError('LIMIT', `read from 1 to ${String(READ_MAX)} items, not ${String(limit)}`);
}
