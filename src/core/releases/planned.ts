/**
 * What the admins of a bundle mean to change, and when: announced in a release, so that whoever
 * watches the bundle hears of it signed. It binds nobody and changes nothing by itself, and is over
 * when the change is made, also before its time.
 *
 * Spec rule RB-9.
 *
 * @module
 */
import type { CanonicalObject, CanonicalValue } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import {
  type AnchorId,
  formatTimestamp,
  parseSha256,
  parseTimestamp,
  timestampMs,
} from '../ids.ts';
import { readObject, requireAscending } from '../reader.ts';

/** One announced change. */
export interface PlannedChange {
  /** For example `activate`, `retire` or `remove`; readers need not know it. */
  readonly what: string;
  /** The anchor that it is about; it need not be listed yet. */
  readonly anchor: AnchorId;
  /** When it is meant to happen. */
  readonly atMs: number;
  /** What it means for whom, for people. */
  readonly impact: string;
}

const WHAT = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Reads one entry. Errors: `PARSE`, `LIMIT`. */
export function readPlanned(value: CanonicalValue, path: string): PlannedChange {
  const entry = readObject(value, path, { required: ['anchor', 'at', 'impact', 'what'] });
  return {
    what: entry.parsed('what', parseWhat),
    anchor: entry.parsed('anchor', parseSha256),
    atMs: entry.parsed('at', (text) => timestampMs(parseTimestamp(text))),
    impact: entry.text('impact'),
  };
}

/** Writes one entry. */
export function writePlanned({ what, anchor, atMs, impact }: PlannedChange): CanonicalObject {
  return { anchor, at: formatTimestamp(atMs), impact, what };
}

/** RB-9: by time, anchor and what, each once. Errors: `PARSE`. */
export function requirePlannedOrder(planned: readonly PlannedChange[], path: string): void {
  requireAscending(planned.map(keyOf), path);
}

/** Names the kind of a change. Errors: `PARSE`. */
export function parseWhat(text: string): string {
  if (WHAT.test(text)) return text;
  throw new KedgeError('PARSE', `must match ${WHAT.source}`);
}

/** Tells announcements apart: two with one key are the same one. */
export function keyOf({ what, anchor, atMs }: PlannedChange): string {
  return `${formatTimestamp(atMs)} ${anchor} ${what}`;
}
