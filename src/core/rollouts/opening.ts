/**
 * When a wave may open: not before a time, and only within hours of the week.
 *
 * Both are signed with the wave and in UTC, so nodes whose clocks are right come to the same.
 * Bound is the moment of opening: what is open stays open when the hours end. Spec sections 5 and
 * 13, RO-10 and DW-15.
 *
 * @module
 */
import type { CanonicalObject, CanonicalValue } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import { formatTimestamp, parseTimestamp, timestampMs } from '../ids.ts';
import type { ObjectReader } from '../reader.ts';

/** Hours of the week. */
export interface OpeningWindow {
  /** On which it begins, from 1 (Monday) to 7 (Sunday), ascending. */
  readonly days: readonly number[];
  /** When it begins, minutes after midnight. */
  readonly startMinute: number;
  /** How long it lasts, minutes; it may reach into the day after. */
  readonly minutes: number;
}

/** When a wave may open; both absent: at any time. */
export interface OpeningTimes {
  readonly notBeforeMs?: number;
  readonly window?: OpeningWindow;
}

/** From Monday on, as people write them. */
export const WEEKDAYS: readonly string[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;
const WEEK_DAYS = 7;
/** 1970 began on a Thursday. */
const FIRST_WEEKDAY = 3;

/** Says whether a wave has to wait for its time at all. */
export function isTimed({ notBeforeMs, window }: OpeningTimes): boolean {
  return notBeforeMs !== undefined || window !== undefined;
}

/** The first time from `nowMs` on at which a wave may open; `nowMs` itself: it may now. */
export function opensAtMs({ notBeforeMs = 0, window }: OpeningTimes, nowMs: number): number {
  const fromMs = Math.max(nowMs, notBeforeMs);
  if (window === undefined) return fromMs;
  const today = Math.floor(fromMs / DAY_MS);
  // That of yesterday may still last.
  for (let day = today - 1; day <= today + WEEK_DAYS; day += 1) {
    if (!window.days.includes(weekdayOf(day))) continue;
    const startMs = day * DAY_MS + window.startMinute * MINUTE_MS;
    if (fromMs < startMs + window.minutes * MINUTE_MS) return Math.max(fromMs, startMs);
  }
  throw new KedgeError('BUG', 'a window of no day of the week');
}

/** A window in words, for example `mon-thu 09:00-16:00`; in UTC like the window. */
export function formatWindow({ days, startMinute, minutes }: OpeningWindow): string {
  const ends = startMinute + minutes;
  const end = ends > DAY_MINUTES ? ends - DAY_MINUTES : ends;
  const which = days.length === WEEKDAYS.length ? 'daily' : daysText(days);
  return `${which} ${clockText(startMinute)}-${clockText(end)}`;
}

/** Reads the times of a wave (RO-10). Errors: `PARSE`, `LIMIT`. */
export function readOpening(wave: ObjectReader<'notBefore' | 'window'>): OpeningTimes {
  return {
    ...(wave.has('notBefore') && {
      notBeforeMs: timestampMs(wave.parsed('notBefore', parseTimestamp)),
    }),
    ...(wave.has('window') && { window: readWindow(wave) }),
  };
}

/** The reverse of {@link readOpening}. */
export function openingValue({ notBeforeMs, window }: OpeningTimes): CanonicalObject {
  return {
    ...(notBeforeMs !== undefined && { notBefore: formatTimestamp(notBeforeMs) }),
    ...(window !== undefined && {
      window: {
        days: window.days,
        minutes: window.minutes,
        startMinute: window.startMinute,
      },
    }),
  };
}

function readWindow(wave: ObjectReader<'notBefore' | 'window'>): OpeningWindow {
  const window = wave.object('window', { required: ['days', 'minutes', 'startMinute'] });
  const days = window.list('days', { min: 1, max: WEEK_DAYS }, readDay);
  const isSorted = days.every((day, index) => day > (days[index - 1] ?? 0));
  if (!isSorted) throw wrong(`${window.path}.days`, 'must ascend without repetition');
  return {
    days,
    startMinute: window.integer('startMinute', { min: 0, max: DAY_MINUTES - 1 }),
    minutes: window.integer('minutes', { min: 1, max: DAY_MINUTES }),
  };
}

function readDay(value: CanonicalValue, path: string): number {
  if (typeof value === 'number' && value >= 1 && value <= WEEK_DAYS) return value;
  throw wrong(path, `must be a day from 1 (Monday) to ${String(WEEK_DAYS)}`);
}

/** From 1 (Monday) on; `day` counts from 1970. */
function weekdayOf(day: number): number {
  return ((day + FIRST_WEEKDAY) % WEEK_DAYS) + 1;
}

function daysText(days: readonly number[]): string {
  const runs: number[][] = [];
  for (const day of days) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  const nameOf = (day: number | undefined): string => WEEKDAYS[(day ?? 1) - 1] ?? '';
  return runs
    .map((run) =>
      run.length < 3 ? run.map(nameOf).join(',') : `${nameOf(run[0])}-${nameOf(run.at(-1))}`,
    )
    .join(',');
}

function clockText(minute: number): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function wrong(path: string, what: string): KedgeError {
  return new KedgeError('PARSE', `${path} ${what}`, { detail: { path } });
}
