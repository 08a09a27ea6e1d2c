/**
 * An announced change in one line.
 *
 * @module
 */
import { formatTimestamp } from '../core/ids.ts';
import type { PlannedChange } from '../core/releases/planned.ts';
import { printable } from './styles.ts';

/** `remove of 3f2a9c01… at 2027-03-01T09:00:00Z: move to the new CA before`. */
export function formatAnnounced({ what, anchor, atMs, impact }: PlannedChange): string {
  const line = `${what} of ${anchor.slice(0, 16)} at ${formatTimestamp(atMs)}`;
  return impact === '' ? line : `${line}: ${printable(impact)}`;
}
