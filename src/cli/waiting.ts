/**
 * `--wait` and `--timeout`: to wait for something, and for how long.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../core/errors.ts';
import { parseDurationSeconds } from './durations.ts';
import { parseArgument } from './help.ts';

/** The options of {@link addWaitOptions}. */
export interface WaitOptions {
  readonly wait?: boolean;
  readonly timeout?: string;
}

const TIMEOUT_DEFAULT = '60s';

/** Adds the options of {@link WaitOptions}; `what` is said of `--wait`. */
export function addWaitOptions(command: Command, what: string): Command {
  return command
    .option('--wait', what)
    .option('--timeout <duration>', `how long --wait waits (default: "${TIMEOUT_DEFAULT}")`);
}

/** How long to wait. Errors: `CONFIG`, also for a time without anything to wait for. */
export function readTimeoutMs({ wait, timeout }: WaitOptions): number {
  if (timeout !== undefined && wait !== true) {
    throw new KedgeError('CONFIG', '--timeout is how long --wait waits', {
      detail: { hint: 'add --wait' },
    });
  }
  return parseArgument('--timeout', timeout ?? TIMEOUT_DEFAULT, parseDurationSeconds) * 1000;
}
