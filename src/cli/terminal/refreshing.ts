/**
 * Showing something once, or again and again until somebody stops it.
 *
 * On a terminal each view takes the place of the one before; elsewhere it is one block of text, or
 * one line of JSON. A node that does not answer for a while does not end it: that is when somebody
 * is watching. On a terminal the last view stays then, below what is wrong.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { parseDurationSeconds } from '../durations.ts';
import { parseArgument } from '../help.ts';
import type { Json } from '../output.ts';
import type { Session } from '../session.ts';
import { printable } from './styles.ts';

/** The options of {@link addRefreshOptions}. */
export interface RefreshOptions {
  readonly watch?: boolean;
  readonly interval?: string;
}

/** What there is to show. */
export interface View {
  readonly json: Json;
  readonly text: string;
  /** What somebody should know beside it. */
  readonly warnings: readonly string[];
}

const INTERVAL_DEFAULT = '2s';
const INTERVAL_MAX_S = 3600;

/** Adds the options of {@link RefreshOptions}. */
export function addRefreshOptions(command: Command): Command {
  return command
    .option('--watch', 'show it again and again, until interrupted')
    .option(
      '--interval <duration>',
      'how often with --watch, for example 5s or 1m (default: "2s")',
    );
}

/** Shows what `look` sees. Errors: those of `look`; with `--watch` not `UNAVAILABLE`. */
export async function refresh(
  session: Session,
  options: RefreshOptions,
  look: () => Promise<View>,
): Promise<void> {
  const { interval = INTERVAL_DEFAULT } = options;
  const seconds = parseArgument('--interval', interval, parseDurationSeconds);
  if (seconds < 1 || seconds > INTERVAL_MAX_S) {
    throw new KedgeError('CONFIG', `--interval must be from 1s to ${String(INTERVAL_MAX_S)}s`);
  }
  if (options.watch !== true) {
    if (options.interval !== undefined) {
      throw new KedgeError('CONFIG', '--interval is how often --watch shows it', {
        detail: { hint: 'add --watch' },
      });
    }
    const { json, text, warnings } = await look();
    session.output.result(json, text);
    for (const warning of warnings) session.output.warn(warning);
    return;
  }
  const { output, context } = session;
  const { signal } = context;
  let last = 'nothing was seen yet';
  let silentSinceMs: number | undefined;
  while (!signal.aborted) {
    try {
      const { json, text, warnings } = await look();
      last = text;
      silentSinceMs = undefined;
      if (output.isLive) output.refresh(json, liveText(session, text, warnings, seconds));
      else {
        output.refresh(json, text);
        for (const warning of warnings) output.warn(warning);
      }
    } catch (thrown) {
      const { code, message } = KedgeError.from(thrown);
      if (code !== 'UNAVAILABLE') throw thrown;
      silentSinceMs ??= context.nowMs();
      const since = `no answer since ${formatTimestamp(silentSinceMs)}, below is the last one`;
      const warnings = [message, since];
      if (output.isLive) output.refresh({}, liveText(session, last, warnings, seconds));
      else output.warn(message);
    }
    await pause(seconds * 1000, signal);
  }
}

/** What is wrong first, then the view, both under the time: a view may be an old one. */
function liveText(
  { output, context }: Session,
  text: string,
  warnings: readonly string[],
  seconds: number,
): string {
  const { styles } = output;
  const time = formatTimestamp(context.nowMs());
  return [
    styles.dim(`${time}, every ${String(seconds)} s, Ctrl-C ends`),
    ...warnings.map((warning) => `${styles.yellow('warning:')} ${printable(warning)}`),
    '',
    text,
  ].join('\n');
}

/** Waits, or not so long when the signal comes. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
