/**
 * Structured logs. The port is a structural subset of pino's logger, so that a pino logger is one
 * without an adapter.
 *
 * Never log keys, passphrases, PEM bodies, tokens or whole documents: names, sequences, digests,
 * codes and counts only.
 *
 * @module
 */
import type { LogEvent } from './log-events.ts';

/** What a field may hold; an `Error` belongs under the name `err`. */
export type LogValue = string | number | boolean | readonly string[] | Error | undefined;

/** The fields of one line; numbers carry their unit in the name (`tookMs`, `bodyBytes`). */
export interface LogFields {
  readonly event: LogEvent;
  readonly [field: string]: LogValue;
}

/** Fields that every line of a child logger carries. */
export type LogBindings = Readonly<Record<string, LogValue>>;

/** Where lines go. Calls return at once, never throw and keep no reference to their arguments. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  /** Something is wrong that repairs itself or is somebody else's; nobody needs to get up. */
  warn(fields: LogFields, message: string): void;
  /** Somebody has to act; the message says on what. */
  error(fields: LogFields, message: string): void;
  /** A logger whose lines also carry `bindings`. */
  child(bindings: LogBindings): Logger;
}

/** A logger that drops everything: the default of whatever is embedded in a program. */
export const noLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => noLogger,
};
