/**
 * What every command gets: its context, its output, and the profile, resolved when first needed.
 *
 * @module
 */
import { isAbsolute, relative, resolve } from 'node:path';
import { KedgeError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import type { Conclusion } from './exit-codes.ts';
import { Output, type OutputFormat } from './output.ts';
import type { Profile } from './profile.ts';
import { colourKind, makeStyles } from './terminal/styles.ts';

/** The options that every command takes. */
export interface GlobalOptions {
  readonly output?: OutputFormat;
  readonly profile?: string;
  readonly color?: boolean;
}

/** Runs another command line, in the context of a command; returns its exit code. */
export type RunCommand = (argv: readonly string[], context: CliContext) => Promise<number>;

/** One run of one command. */
export class Session {
  readonly context: CliContext;
  /** For commands that run others, each in a context of its own. */
  readonly run: RunCommand;
  readonly #globals: () => GlobalOptions;
  #output: Output | undefined;
  #profile: Promise<Profile> | undefined;
  #conclusion: Conclusion = 'good';

  constructor(context: CliContext, globals: () => GlobalOptions, run: RunCommand) {
    this.context = context;
    this.run = run;
    this.#globals = globals;
  }

  /** Prints in the format that `--output` asks for. */
  get output(): Output {
    this.#output ??= new Output({
      format: this.#globals().output ?? 'text',
      styles: makeStyles(this.#colour()),
      stdout: this.context.stdout,
      stderr: this.context.stderr,
    });
    return this.#output;
  }

  /** What a command came to; all but `good` end with their own exit code. */
  get conclusion(): Conclusion {
    return this.#conclusion;
  }

  /** Says what a command came to. */
  conclude(conclusion: Conclusion): void {
    this.#conclusion = conclusion;
  }

  /** The profile file, or an empty one. */
  profile(): Promise<Profile> {
    this.#profile ??= this.#loadProfile();
    return this.#profile;
  }

  /** Makes a path of the command line absolute. */
  path(path: string): string {
    return isAbsolute(path) ? path : resolve(this.context.cwd, path);
  }

  /** A path as the person would write it: relative when it is below the current directory. */
  shown(path: string): string {
    const short = relative(this.context.cwd, path);
    return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
  }

  /** Asks before something that cannot be undone, unless `--yes` was given. Errors: `CONFIG`. */
  async confirm(question: string, options: { readonly yes?: boolean | undefined }): Promise<void> {
    if (options.yes === true) return;
    const { prompter } = this.context;
    if (prompter === undefined) {
      throw new KedgeError('CONFIG', `this needs a decision and nobody can be asked: ${question}`, {
        detail: { hint: 'run it in a terminal, or give --yes when you have read what it prints' },
      });
    }
    if ((await prompter.confirm(question)) === 'yes') return;
    throw new KedgeError('CONFIG', 'not confirmed; nothing was done', {
      detail: { hint: 'run the command again when you are sure' },
    });
  }

  #colour(): 'plain' | 'ansi' {
    if (this.#globals().color === false) return 'plain';
    // Reviews go to stderr and results to stdout; both are made with these styles.
    const { stdout, stderr, env } = this.context;
    return stderr.isTTY === true ? colourKind(stdout, env) : 'plain';
  }

  async #loadProfile(): Promise<Profile> {
    const { loadProfile } = await import('./profile.ts');
    return loadProfile(this.context, this.#globals().profile);
  }
}
