/**
 * What a command may touch of its process: streams, environment, directory, time, prompts.
 *
 * Commands get this instead of `process`, so that tests run them in their own process with
 * captured output. Only `main.ts` builds one from the real process.
 *
 * @module
 */

/** Where text goes; `process.stdout` and `process.stderr` fit. */
export interface Sink {
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal. */
  readonly columns?: number | undefined;
  /** Its height. */
  readonly rows?: number | undefined;
  write(chunk: string | Uint8Array): unknown;
}

/** Asks the person at the terminal. Absent answers are `CONFIG` errors, never defaults. */
export interface Prompter {
  /** Reads a secret without echo. */
  secret(question: string): Promise<string>;
  /** Asks for a decision; anything but `y` or `yes` means no. */
  confirm(question: string): Promise<'yes' | 'no'>;
}

/** The surroundings of one run of the CLI. */
export interface CliContext {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths on the command line start here. */
  readonly cwd: string;
  /** Absent when nobody can be asked (standard input is not a terminal). */
  readonly prompter: Prompter | undefined;
  /** Aborted by the first SIGINT or SIGTERM; a command that reads it must end by itself then. */
  readonly signal: AbortSignal;
  nowMs(): number;
  /** The whole of standard input, at most `maxBytes`; for `-` as a file name. */
  readStdin(maxBytes: number): Promise<Uint8Array>;
}
