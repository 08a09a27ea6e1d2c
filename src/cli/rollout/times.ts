/**
 * When the waves of a rollout may open, from the command line: hours of the week, an earliest time,
 * and a cadence. All in UTC, like what is signed.
 *
 * A cadence is planned when a rollout is drafted: every wave gets an earliest time of its own, so
 * that whoever signs sees the days, and all nodes have the same ones.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp, parseTimestamp, timestampMs } from '../../core/ids.ts';
import type { Wave } from '../../core/rollouts/body.ts';
import {
  formatWindow,
  type OpeningTimes,
  type OpeningWindow,
  opensAtMs,
  WEEKDAYS,
} from '../../core/rollouts/opening.ts';
import { parseDurationSeconds } from '../durations.ts';
import { parseArgument } from '../help.ts';
import type { Json } from '../output.ts';

/** Options that say when waves may open. */
export interface TimeOptions {
  readonly window?: string;
  readonly notBefore?: string;
  readonly cadence?: string;
}

/** What the times of waves are planned from. */
export interface TimePlan {
  readonly options: TimeOptions;
  readonly nowMs: number;
  /** How many of the first waves are open: nothing is planned for them. */
  readonly open: number;
  /** What becomes of the times that waves have already, where the options say others. */
  readonly own: 'kept' | 'replaced';
}

const DAY_MINUTES = 1440;
const HOURS = /^([a-z,-]+) (\d{2}):([0-5]\d)-(\d{2}):([0-5]\d)$/;

/** Adds the options of {@link TimeOptions}. */
export function addTimeOptions(command: Command): Command {
  return command
    .option('--window <hours>', 'when waves may open, UTC: "mon-thu 09:00-16:00" (default: always)')
    .option('--not-before <time>', 'earliest opening of the next wave: 2h, or 2026-12-01T09:00:00Z')
    .option('--cadence <duration>', 'how far apart the earliest openings of waves are, such as 1d');
}

/** The waves with the times that the options mean. Errors: `CONFIG`. */
export function planTimes(waves: readonly Wave[], plan: TimePlan): readonly Wave[] {
  const { open, nowMs, own } = plan;
  const said = readOptions(plan);
  let beforeMs: number | undefined;
  return waves.map((wave, index) => {
    if (index < open) return wave;
    const { notBeforeMs, window, ...rest } = wave;
    const isOwn = said.window === undefined || (own === 'kept' && window !== undefined);
    const hours = isOwn ? window : said.window;
    const bounds = hours === undefined || hours === 'always' ? {} : { window: hours };
    const planned = beforeMs === undefined ? said.beginMs : nextMs(beforeMs, said.stepMs, bounds);
    const atMs = own === 'kept' ? (notBeforeMs ?? planned) : (planned ?? notBeforeMs);
    const times = { ...bounds, ...(atMs !== undefined && { notBeforeMs: atMs }) };
    beforeMs = opensAtMs(times, wholeSeconds(nowMs));
    return { ...rest, ...times };
  });
}

/** What is odd about the times of waves that are not open. */
export function timeWarnings(
  waves: readonly Wave[],
  { nowMs, open, expiresMs }: Pick<TimePlan, 'nowMs' | 'open'> & { readonly expiresMs: number },
): readonly string[] {
  const closed = waves.slice(open);
  const late = closed.filter((wave) => opensAtMs(wave, nowMs) >= expiresMs);
  const passed = closed.filter(({ notBeforeMs = Infinity }) => notBeforeMs <= nowMs);
  return [
    ...late.map(({ name }) => {
      const expires = formatTimestamp(expiresMs);
      return `wave ${name} may not open before the rollout expires at ${expires}: see --valid-for`;
    }),
    ...(passed.length < 2
      ? []
      : [
          `the earliest times of ${String(passed.length)} waves have passed: nothing but their ` +
            'gates keeps them apart; --cadence plans new times',
        ]),
  ];
}

/** When a wave may open, in words. */
export function timesText({ notBeforeMs, window }: OpeningTimes): string {
  const hours = window === undefined ? [] : [`${formatWindow(window)} UTC`];
  const begin = notBeforeMs === undefined ? [] : [`from ${formatTimestamp(notBeforeMs)}`];
  const parts = [...hours, ...begin];
  return parts.length === 0 ? 'at any time' : parts.join(', ');
}

/** The same for programs. */
export function timesJson({ notBeforeMs, window }: OpeningTimes): { readonly [key: string]: Json } {
  return {
    notBefore: notBeforeMs === undefined ? null : formatTimestamp(notBeforeMs),
    window: window === undefined ? null : formatWindow(window),
  };
}

/** Parses hours of the week, such as `mon-thu 09:00-16:00`. Errors: `CONFIG`. */
export function parseWindow(text: string): OpeningWindow {
  const [, days = '', ...digits] = HOURS.exec(text.trim().toLowerCase()) ?? [];
  const [hour = 99, minute = 0, endHour = 99, endMinute = 0] = digits.map(Number);
  const [start, end] = [hour * 60 + minute, endHour * 60 + endMinute];
  if (start >= DAY_MINUTES || end > DAY_MINUTES || start === end) throw wrongWindow(text);
  const minutes = end > start ? end - start : end + DAY_MINUTES - start;
  return { days: parseDays(days, text), startMinute: start, minutes };
}

/** Parses a time, or how long it is until then. Errors: `CONFIG`, `PARSE`. */
function parseTime(text: string, nowMs: number): number {
  if (/^\d{4}-/.test(text)) return timestampMs(parseTimestamp(text));
  return wholeSeconds(nowMs) + 1000 * parseDurationSeconds(text);
}

function readOptions({ options, nowMs }: TimePlan): {
  readonly window: OpeningWindow | 'always' | undefined;
  readonly beginMs: number | undefined;
  readonly stepMs: number | undefined;
} {
  const { window, notBefore, cadence } = options;
  return {
    window:
      window === undefined || window === 'always'
        ? window
        : parseArgument('--window', window, parseWindow),
    beginMs:
      notBefore === undefined
        ? undefined
        : parseArgument('--not-before', notBefore, (text) => parseTime(text, nowMs)),
    stepMs:
      cadence === undefined
        ? undefined
        : 1000 * parseArgument('--cadence', cadence, parseDurationSeconds),
  };
}

/** A step after the wave before, within the hours of the wave. */
function nextMs(
  beforeMs: number,
  stepMs: number | undefined,
  bounds: OpeningTimes,
): number | undefined {
  return stepMs === undefined ? undefined : opensAtMs(bounds, beforeMs + stepMs);
}

function parseDays(text: string, window: string): readonly number[] {
  if (text === 'daily') return WEEKDAYS.map((_, index) => index + 1);
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const ends = part.split('-').map((day) => WEEKDAYS.indexOf(day));
    const [first = -1, last = first] = ends;
    if (ends.length > 2 || first < 0 || last < 0) throw wrongWindow(window);
    const count = ((last - first + WEEKDAYS.length) % WEEKDAYS.length) + 1;
    for (let step = 0; step < count; step += 1) days.add(((first + step) % WEEKDAYS.length) + 1);
  }
  return [...days].sort((a, b) => a - b);
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function wrongWindow(text: string): KedgeError {
  return new KedgeError('CONFIG', `not hours of the week: ${JSON.stringify(text)}`, {
    detail: {
      hint:
        'write days and hours in UTC, for example "mon-thu 09:00-16:00", ' +
        '"sat,sun 22:00-04:00" or "daily 00:00-24:00"; or always',
    },
  });
}
