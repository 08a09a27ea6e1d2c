/**
 * Runs one command line to its exit code. All failures end here, so that every one of them looks
 * the same and has a documented exit code.
 *
 * @module
 */
import { CommanderError } from 'commander';
import { KedgeError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { CONCLUSION_CODES, EXIT_CODES, EXIT_OK } from './exit-codes.ts';
import { failureJson, formatFailure } from './failures.ts';
import { buildProgram } from './program.ts';
import { COMMANDS, type CommandEntry } from './table/commands.ts';
import { colourKind, makeStyles } from './terminal/styles.ts';

/** Runs `kedge` with the arguments after the program's name; returns the exit code. */
export async function runCli(
  argv: readonly string[],
  context: CliContext,
  version: string,
): Promise<number> {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const { program, usage, session } = buildProgram(
    context,
    version,
    async (other, its) => await runCli(other, its, version),
  );
  try {
    await program.parseAsync([...words], { from: 'user' });
    return CONCLUSION_CODES[session.conclusion];
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT_OK;
    const error = toKedgeError(thrown, words);
    if (wantsJson(words)) {
      context.stderr.write(`${JSON.stringify(failureJson(error))}\n`);
    } else {
      const plain = words.includes('--no-color');
      const styles = makeStyles(plain ? 'plain' : colourKind(context.stderr, context.env));
      context.stderr.write(usage() + formatFailure(error, styles));
    }
    return EXIT_CODES[error.code];
  }
}

// Read from argv and not from the parsed options: the command line itself may be what is wrong.
function wantsJson(words: readonly string[]): boolean {
  return words.includes('--output=json') || words[words.indexOf('--output') + 1] === 'json';
}

function toKedgeError(thrown: unknown, words: readonly string[]): KedgeError {
  if (!(thrown instanceof CommanderError)) return KedgeError.from(thrown);
  const message =
    thrown.code === 'commander.help'
      ? 'a command is missing'
      : thrown.message.replace(/^error: /, '');
  return new KedgeError('CONFIG', message, {
    detail: { hint: `see ${['kedge', ...commandPath(words), '--help'].join(' ')}` },
  });
}

// The words that name a command, as far as they do.
function commandPath(words: readonly string[]): readonly string[] {
  const path: string[] = [];
  let level: readonly CommandEntry[] = COMMANDS;
  for (const word of words) {
    const entry = level.find(({ name }) => name === word);
    if (entry === undefined) continue;
    path.push(word);
    level = entry.commands ?? [];
  }
  return path;
}
