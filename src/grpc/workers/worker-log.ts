/**
 * What workers log through their node: a closed list of events, plain fields.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { LogEvent } from '../../ports/log-events.ts';
import type { LogFields, Logger } from '../../ports/logger.ts';
import { recordIn, recordOf } from './plain.ts';

type Level = 'debug' | 'warn';

const LEVELS: ReadonlySet<unknown> = new Set<Level>(['debug', 'warn']);
/** What listeners log; `LogFields` has it as its type. */
const EVENTS: ReadonlySet<unknown> = new Set<LogEvent>([
  'address.refused',
  'connection.cut',
  'connection.refused',
]);
/** Longer ones are cut off. */
const TEXT_MAX_CHARS = 2048;
const FIELDS_MAX = 8;

/** A logger whose lines are handed to `send`, as text. */
export function sendingLogger(send: (text: string) => void): Logger {
  const log =
    (level: Level) =>
    (fields: LogFields, message: string): void => {
      send(JSON.stringify({ level, fields, message }));
    };
  const never = (fields: LogFields): void => {
    throw new KedgeError('BUG', `workers do not log ${fields.event} at this level`);
  };
  const logger: Logger = {
    debug: log('debug'),
    info: never,
    warn: log('warn'),
    error: never,
    child: () => logger,
  };
  return logger;
}

/** Logs what a worker sent. Errors: `PARSE`. */
export function logFor(logger: Logger, text: string): void {
  const { level, fields, message } = parse(text);
  logger[level](fields, message);
}

function parse(text: string): {
  readonly level: Level;
  readonly fields: LogFields;
  readonly message: string;
} {
  const line = recordIn(text);
  const fields = recordOf(line['fields']);
  const { level, message } = line;
  const { event } = fields;
  if (!isLevel(level) || !isEvent(event) || typeof message !== 'string') throw unknown();
  const entries = Object.entries(fields).slice(0, FIELDS_MAX);
  const plain = Object.fromEntries(entries.map(([name, value]) => [name, asPlain(value)]));
  return { level, fields: { ...plain, event }, message: message.slice(0, TEXT_MAX_CHARS) };
}

function asPlain(value: unknown): string | number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value.slice(0, TEXT_MAX_CHARS);
  throw unknown();
}

function isLevel(value: unknown): value is Level {
  return LEVELS.has(value);
}

function isEvent(value: unknown): value is LogEvent {
  return EVENTS.has(value);
}

function unknown(): KedgeError {
  return new KedgeError('PARSE', 'a worker logs what it may not');
}
