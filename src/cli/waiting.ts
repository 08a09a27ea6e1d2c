/**
 * `--wait` and `--timeout`: to wait for something, and for how long.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../core/errors.ts';
import { systemClock } from '../ports/system-clock.ts';
import { parseDurationSeconds } from './durations.ts';
import { hintOf } from './failures.ts';
import { parseArgument } from './help.ts';
import type { Session } from './session.ts';
import { pause } from './terminal/refreshing.ts';

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

/** One wait that ends when its time is over or somebody interrupts it, and says what it is for. */
export class Patience {
  readonly #session: Session;
  readonly #everyMs: number;
  readonly #untilMs: number;
  #told: string = '';

  constructor(session: Session, options: WaitOptions, everyMs: number) {
    this.#session = session;
    this.#everyMs = everyMs;
    // Real time: a look at a node that does not answer takes longer than the pause after it.
    this.#untilMs = systemClock.monotonicMs() + readTimeoutMs(options);
  }

  get isOver(): boolean {
    return this.#session.context.signal.aborted || systemClock.monotonicMs() >= this.#untilMs;
  }

  /** Says what it waits for, unless it said so last, and waits for the next look. */
  async waitFor(what: string | KedgeError): Promise<void> {
    const { output, context } = this.#session;
    // To wait helps against few of the causes why a node does not answer.
    const text = typeof what === 'string' ? what : `${what.message}\n  what to do: ${hintOf(what)}`;
    if (text !== this.#told) output.note(`waiting: ${text}`);
    this.#told = text;
    await pause(this.#everyMs, context.signal);
  }
}
