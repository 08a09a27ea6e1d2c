/**
 * The log of `kedge node run`: pino behind the logger port.
 *
 * Errors are written as code, message and plain detail, their causes as name and message, never
 * with other properties: an error of a TLS or file library may carry what it choked on. Fields
 * whose name promises a secret are replaced, whoever passes them.
 *
 * @module
 */
import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import { KedgeError } from '../../core/errors.ts';
import type { NodeConfig } from '../../node/config.ts';
import type { Logger } from '../../ports/logger.ts';

/** What is written instead of a secret. */
const REDACTED = '[redacted]';
const SECRET_FIELDS = ['key', 'keyPem', 'privateKey', 'passphrase', 'password', 'token', 'pem'];
const CAUSES_MAX = 3;

/** Where log lines go; each call gets one line with its line feed. */
export interface LogSink {
  write(line: string): void;
}

/** A node's log and how to write out what is still buffered. */
export interface NodeLog {
  readonly logger: Logger;
  /** Writes out what is buffered; for the end of the process. */
  flush(): void;
}

/** Opens the log that a configuration asks for; without a sink it goes to standard output. */
export function openLog(config: Pick<NodeConfig, 'log' | 'node'>, sink?: LogSink): NodeLog {
  const lines: DestinationStream = sink ?? destination({ fd: 1, sync: true });
  const output = config.log.format === 'json' ? lines : textStream(lines);
  const logger: PinoLogger = pino(
    {
      level: config.log.level,
      base: { node: config.node.id, region: config.node.region },
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: REDACTED },
    },
    output,
  );
  return { logger, flush: () => logger.flush() };
}

/** What the log says about an error. */
function errorFields(thrown: unknown): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const fields: Record<string, unknown> = { name: thrown.name, message: thrown.message };
  if (thrown instanceof KedgeError) {
    fields['code'] = thrown.code;
    if (Object.keys(thrown.detail).length > 0) fields['detail'] = thrown.detail;
  }
  const code = thrown instanceof KedgeError ? thrown.code : 'BUG';
  if (code === 'BUG' && thrown.stack !== undefined) fields['stack'] = thrown.stack;
  const causes = causesOf(thrown);
  if (causes.length > 0) fields['causes'] = causes;
  return fields;
}

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  let cause = error.cause;
  while (cause instanceof Error && causes.length < CAUSES_MAX) {
    causes.push(`${cause.name}: ${cause.message}`);
    cause = cause.cause;
  }
  return causes;
}

/** Turns pino's JSON lines into lines for people: time, level, message, then the fields. */
function textStream(sink: DestinationStream): DestinationStream {
  return { write: (line) => sink.write(`${formatLine(line)}\n`) };
}

const SHOWN_APART = new Set(['level', 'time', 'message', 'event', 'node', 'region']);

function formatLine(line: string): string {
  const fields: unknown = JSON.parse(line);
  if (typeof fields !== 'object' || fields === null) return line.trimEnd();
  const entries = new Map<string, unknown>(Object.entries(fields));
  const time = entries.get('time');
  const at = typeof time === 'number' ? new Date(time).toISOString() : '';
  const level = String(entries.get('level')).toUpperCase().padEnd(5);
  const rest = [...entries]
    .filter(([name]) => !SHOWN_APART.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const text = [`${at} ${level} ${String(entries.get('message'))}`, ...rest].join(' ');
  return text.replaceAll('\n', ' ');
}
