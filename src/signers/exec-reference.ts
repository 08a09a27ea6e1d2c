/**
 * References to a command that signs: `exec:<words>[?spki=<file>&timeout=<seconds>]`.
 *
 * The words go to the command as they are: there is no shell, so no variable, pattern or pipe. They
 * are split at blanks; `'…'` holds anything but `'`, `"…"` takes `\"` and `\\`, and `\` outside of
 * quotes takes the next character. The first `?` outside of quotes starts the options.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';

/** A parsed reference. */
export interface ExecReference {
  readonly command: string;
  readonly args: readonly string[];
  /** File with the public key; absent: the command is asked for it. */
  readonly spkiFile?: string;
  readonly timeoutMs: number;
}

const TEXT_MAX_CHARS = 8192;
const TIMEOUT_MS = 60_000;
const TIMEOUT_MAX_SECONDS = 600;
const BLANK = ' ';
/** The words, then where the options begin. */
interface Split {
  readonly words: readonly string[];
  readonly options: string | undefined;
}

/** Parses a reference that starts with `exec:`. Errors: `CONFIG`. */
export function parseExecReference(text: string): ExecReference {
  if (text.length > TEXT_MAX_CHARS) throw wrong(`it has more than ${TEXT_MAX_CHARS} characters`);
  // A NUL would end an argument early.
  if (text.includes('\0')) throw wrong('it has a NUL character');
  const { words, options } = splitWords(text.slice('exec:'.length));
  const [command, ...args] = words;
  if (command === undefined || command === '') throw wrong('it names no command');
  return { command, args, timeoutMs: TIMEOUT_MS, ...parseOptions(options) };
}

function parseOptions(text: string | undefined): Partial<ExecReference> {
  let found: { spkiFile?: string; timeoutMs?: number } = {};
  for (const part of text === undefined ? [] : text.split('&')) {
    const [, name, value = ''] = /^([a-z]+)=(.+)$/s.exec(part) ?? [];
    if (name === 'spki' && found.spkiFile === undefined) found = { ...found, spkiFile: value };
    else if (name === 'timeout' && found.timeoutMs === undefined) {
      found = { ...found, timeoutMs: parseTimeout(value) };
    } else throw wrong(`not an option, or there twice: ${JSON.stringify(part)}`);
  }
  return found;
}

function parseTimeout(text: string): number {
  const [, digits] = /^(\d{1,3})s?$/.exec(text) ?? [];
  const seconds = Number(digits);
  if (seconds >= 1 && seconds <= TIMEOUT_MAX_SECONDS) return seconds * 1000;
  throw wrong(`timeout must be from 1s to ${TIMEOUT_MAX_SECONDS}s`);
}

function splitWords(text: string): Split {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === '\\' && takesNext(text.charAt(i + 1), quote)) {
      i += 1;
      word = (word ?? '') + text.charAt(i);
    } else if (quote === '' ? char === "'" || char === '"' : char === quote) {
      quote = quote === '' ? char : '';
      word ??= '';
    } else if (quote === '' && char === '?') {
      return { words: ended(words, word), options: text.slice(i + 1) };
    } else if (quote === '' && (char === BLANK || char === '\t' || char === '\n')) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') throw wrong(`the quote ${quote} is never closed`);
  return { words: ended(words, word), options: undefined };
}

function takesNext(next: string, quote: string): boolean {
  if (quote === '"') return next === '"' || next === '\\';
  if (quote === "'") return false;
  if (next === '') throw wrong('it ends with a backslash');
  return true;
}

function ended(words: readonly string[], word: string | undefined): readonly string[] {
  return word === undefined ? words : [...words, word];
}

function wrong(why: string): KedgeError {
  return new KedgeError('CONFIG', `not a command that signs: ${why}`, {
    detail: { hint: "for example 'exec:./sign-with-kms.sh alias/ana?spki=ana.pub'" },
  });
}
