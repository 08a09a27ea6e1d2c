/**
 * The times that a plan looks at: now, and some time from now.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp, parseTimestamp, timestampMs } from '../../core/ids.ts';
import { PLAN_INSTANTS_MAX } from '../../core/limits.ts';
import { parseDurationSeconds } from '../durations.ts';
import { parseArgument } from '../help.ts';

const DEFAULTS = ['30d', '60d', '90d'];
const DAY_MS = 86_400_000;

/** Ascending from now on; each text is a duration from now or a time. Errors: `CONFIG`. */
export function readInstants(
  texts: readonly string[] | undefined,
  nowMs: number,
): readonly number[] {
  const later = (texts ?? DEFAULTS).map((text) =>
    parseArgument('--at', text, (each) => timeOf(each, nowMs)),
  );
  const instants = [...new Set([nowMs, ...later])].sort((a, b) => a - b);
  if (instants.length > PLAN_INSTANTS_MAX) {
    throw new KedgeError('CONFIG', `--at: at most ${PLAN_INSTANTS_MAX - 1} times`);
  }
  if (instants[0] === nowMs) return instants;
  throw new KedgeError('CONFIG', '--at: a plan does not look back', {
    detail: { hint: 'give times that are to come, or durations such as 30d' },
  });
}

/** `now`, `+30 days`, or the day. */
export function nameInstant(atMs: number, nowMs: number): string {
  if (atMs === nowMs) return 'now';
  const days = (atMs - nowMs) / DAY_MS;
  return Number.isInteger(days) ? `+${days} days` : formatTimestamp(atMs);
}

function timeOf(text: string, nowMs: number): number {
  if (/^\d{4}-/.test(text)) return timestampMs(parseTimestamp(text));
  return nowMs + parseDurationSeconds(text) * 1000;
}
