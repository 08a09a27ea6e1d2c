/**
 * What commands print: results on stdout as text or JSON, notes and warnings on stderr.
 *
 * In JSON mode stdout carries JSON and nothing else: one document per command, or one per line for
 * commands that stream. Notes go to stderr in both modes, so that a pipe stays clean.
 *
 * @module
 */
import type { Sink } from './context.ts';
import { screenOf } from './terminal/screen.ts';
import type { Styles } from './terminal/styles.ts';

/** A value that JSON can carry; `undefined` members are left out. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** The formats of `--output`. */
export type OutputFormat = 'text' | 'json';

/** Prints for one command. */
export class Output {
  readonly format: OutputFormat;
  readonly styles: Styles;
  readonly #stdout: Sink;
  readonly #stderr: Sink;

  constructor(options: {
    readonly format: OutputFormat;
    readonly styles: Styles;
    readonly stdout: Sink;
    readonly stderr: Sink;
  }) {
    this.format = options.format;
    this.styles = options.styles;
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
  }

  /** Prints the one result of a command. */
  result(value: Json, text: string): void {
    this.#stdout.write(
      this.format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`,
    );
  }

  /** Prints one of many results: a line of text, or one line of JSON. */
  event(value: Json, text: string): void {
    this.#stdout.write(this.format === 'json' ? `${JSON.stringify(value)}\n` : `${text}\n`);
  }

  /** Prints the next view of something that changes: in place of the last one on a terminal. */
  refresh(value: Json, text: string): void {
    if (this.format === 'json') return this.event(value, text);
    this.#stdout.write(this.isLive ? screenOf(text, this.#stdout) : `${text}\n\n`);
  }

  /** Says whether each {@link refresh} takes the place of the one before. */
  get isLive(): boolean {
    return this.format === 'text' && this.#stdout.isTTY === true;
  }

  /** Writes bytes or text as they are; for exports. */
  raw(content: string | Uint8Array): void {
    this.#stdout.write(content);
  }

  /** Tells what happens, for example progress; stderr, text mode only. */
  note(text: string): void {
    if (this.format === 'text') this.#stderr.write(`${text}\n`);
  }

  /** Shows what somebody must read before deciding, in both modes; stderr. */
  show(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  /** Tells what somebody should know, in both modes; stderr. */
  warn(text: string): void {
    this.#stderr.write(
      this.format === 'json'
        ? `${JSON.stringify({ warning: text })}\n`
        : `${this.styles.yellow('warning:')} ${text}\n`,
    );
  }
}

/** A plain value as JSON: what is no JSON value (functions, symbols, `undefined`) is left out. */
export function asJson(value: unknown): Json {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, asJson(item)]));
}
