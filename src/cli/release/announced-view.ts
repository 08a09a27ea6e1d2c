/**
 * An announced change in one line.
 *
 * @module
 */
import { formatTimestamp } from '../../core/ids.ts';
import type { PlannedChange } from '../../core/releases/planned.ts';
import { countOf, printable } from '../terminal/styles.ts';

const DAY_MS = 86_400_000;

/** An announcement, with the label of its anchor where that is known. */
export type Announced = PlannedChange & { readonly label?: string };

/** `remove of "CA 2024" (3f2a9c01…) at 2027-03-01T09:00:00Z: move to the new CA before`. */
export function formatAnnounced({ what, anchor, atMs, impact, label }: Announced): string {
  const id = anchor.slice(0, 16);
  const name = label === undefined ? id : `"${printable(label)}" (${id})`;
  const line = `${what} of ${name} at ${formatTimestamp(atMs)}`;
  return impact === '' ? line : `${line}: ${printable(impact)}`;
}

/** `18 days before its date`; absent when that has come. */
export function formatEarly({ atMs }: PlannedChange, nowMs: number): string | undefined {
  const days = Math.ceil((atMs - nowMs) / DAY_MS);
  return days <= 0 ? undefined : `${countOf(days, 'day')} before its date`;
}
