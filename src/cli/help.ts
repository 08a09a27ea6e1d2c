/**
 * Small helpers for what commands say about themselves.
 *
 * @module
 */
import type { Command } from 'commander';
import { type ErrorCode, KedgeError } from '../core/errors.ts';
import { parseSequence, type Sequence } from '../core/ids.ts';

/** Adds a section of examples to a command's help; one command line per entry. */
export function addExamples(command: Command, examples: readonly string[]): void {
  command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/**
 * Collects the values `<name>=…` of an option that may be given once for each name; a second one of
 * a name is refused, as one of them would count for nothing. `remedy` says what to do about a name.
 * Errors: `CONFIG`.
 */
export function collectNamed(
  option: string,
  remedy: (name: string) => string,
): (value: string, before?: readonly string[]) => readonly string[] {
  const nameOf = (text: string): string => (text.split('=')[0] ?? '').trim();
  return (value, before = []) => {
    const name = nameOf(value);
    if (!before.some((text) => nameOf(text) === name)) return [...before, value];
    throw new KedgeError('CONFIG', `${option}: ${name} is given twice`, {
      detail: { hint: remedy(name) },
    });
  };
}

/** Parses a value of the command line; what `parse` refuses becomes `CONFIG` with the option. */
export function parseArgument<Value>(
  name: string,
  text: string,
  parse: (text: string) => Value,
): Value {
  try {
    return parse(text);
  } catch (cause) {
    const error = KedgeError.from(cause);
    const hint = error.detail['hint'];
    throw new KedgeError('CONFIG', `${name}: ${error.message}`, {
      cause,
      detail: typeof hint === 'string' ? { hint } : {},
    });
  }
}

/** Parses the sequence of an earlier release. Errors: `CONFIG`. */
export function sequenceArgument(text: string): Sequence {
  if (/^[1-9]\d{0,14}$/.test(text)) return parseSequence(Number(text));
  throw new KedgeError('CONFIG', `not a sequence: ${JSON.stringify(text)}`, {
    detail: { hint: 'give a whole number; see kedge release history' },
  });
}

/** Advice, or what makes it from the error. */
type Hint = string | ((error: KedgeError) => string);

/** Does something; an error with one of the codes gets this advice instead of the general one. */
export async function hinted<Value>(
  hints: Partial<Readonly<Record<ErrorCode, Hint>>>,
  action: () => Promise<Value>,
): Promise<Value> {
  try {
    return await action();
  } catch (thrown) {
    const error = KedgeError.from(thrown);
    const { code, message, detail } = error;
    const given = hints[code];
    if (given === undefined) throw thrown;
    const hint = typeof given === 'string' ? given : given(error);
    throw new KedgeError(code, message, { detail: { ...detail, hint }, cause: thrown });
  }
}
