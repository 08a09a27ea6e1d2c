/**
 * Small helpers for what commands say about themselves.
 *
 * @module
 */
import type { Command } from 'commander';
import { KedgeError } from '../core/errors.ts';

/** Adds a section of examples to a command's help; one command line per entry. */
export function addExamples(command: Command, examples: readonly string[]): void {
  command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
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
