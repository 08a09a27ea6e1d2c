/**
 * Durations as people write them: `0`, `90s`, `15m`, `24h`, `7d`.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { VALIDITY_MAX_DAYS } from '../core/limits.ts';

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);
/** A hundred years; times stay far from where dates end. */
const SECONDS_MAX = 36_525 * 86_400;
const DURATION = /^(\d{1,9})([smhd])$/;

/** Parses a duration into whole seconds. Errors: `CONFIG`. */
export function parseDurationSeconds(text: string): number {
  if (text === '0') return 0;
  const match = DURATION.exec(text);
  const unit = UNIT_SECONDS.get(match?.[2] ?? '');
  if (match === null || unit === undefined) {
    throw new KedgeError('CONFIG', `not a duration: ${JSON.stringify(text)}`, {
      detail: { hint: 'write a number and a unit, for example 90s, 15m, 24h or 7d; or 0' },
    });
  }
  const seconds = Number(match[1]) * unit;
  if (seconds <= SECONDS_MAX) return seconds;
  throw new KedgeError('CONFIG', `${text} is more than a hundred years`);
}

/** Parses how long a document is valid into whole days, rounding up. Errors: `CONFIG`. */
export function parseDurationDays(text: string): number {
  const days = Math.ceil(parseDurationSeconds(text) / 86_400);
  if (days <= VALIDITY_MAX_DAYS) return days;
  throw new KedgeError('CONFIG', `${text} is more than the ${VALIDITY_MAX_DAYS} days allowed`);
}

/** Formats seconds with the largest unit that leaves no rest, for example `24h` or `90s`. */
export function formatSeconds(seconds: number): string {
  if (seconds === 0) return '0';
  for (const unit of ['d', 'h', 'm']) {
    const size = UNIT_SECONDS.get(unit) ?? 1;
    if (seconds % size === 0 && seconds >= (unit === 'd' ? 2 * size : size)) {
      return `${seconds / size}${unit}`;
    }
  }
  return `${seconds}s`;
}

/** Says roughly how far a time lies from now: `in 3 days`, `2 hours ago`. */
export function formatDistance(timeMs: number, nowMs: number): string {
  const seconds = Math.round(Math.abs(timeMs - nowMs) / 1000);
  if (seconds < 5) return timeMs > nowMs ? 'in a moment' : 'just now';
  const [size, unit] =
    seconds >= 2 * 86_400
      ? [86_400, 'days']
      : seconds >= 2 * 3600
        ? [3600, 'hours']
        : seconds >= 120
          ? [60, 'minutes']
          : [1, 'seconds'];
  const count = `${Math.round(seconds / size)} ${unit}`;
  return timeMs >= nowMs ? `in ${count}` : `${count} ago`;
}
