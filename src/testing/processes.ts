/**
 * Real child processes with their output as lines.
 *
 * Every process is ended by its own id, by whoever started it, when the handle is disposed. When a
 * wait fails, the error shows the last lines that the process wrote, so that a failing test says
 * why.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How a process ended: exactly one of the two is set. */
export interface ProcessExit {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** What to start. */
export interface ProcessOptions {
  /** Node's arguments: the script and its own arguments. */
  readonly argv: readonly string[];
  /** Another program than Node. */
  readonly program?: string;
  /** Added to the environment of this process; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** For messages; default: the first argument. */
  readonly name?: string;
}

/** Options of waiting for a line. */
export interface LineOptions {
  /** Default 20 s. */
  readonly timeoutMs?: number;
  /** Lines before this index do not count; default 0. */
  readonly fromIndex?: number;
}

const LINES_MAX = 20_000;
const WAIT_MS = 20_000;
const STOP_MS = 10_000;
const SHOWN_LINES = 25;

/** A running child process; disposing it kills it if it still runs. */
export class TestProcess implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Settles when the process has ended and its output is complete; never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #lineListeners = new Set<(line: string) => void>();
  #exit: ProcessExit | undefined;

  /** For {@link startProcess}: takes over a child that has been spawned. */
  constructor(name: string, child: ChildProcess, pid: number) {
    this.name = name;
    this.pid = pid;
    this.#child = child;
    this.#capture(child.stdout, this.#stdout);
    this.#capture(child.stderr, this.#stderr);
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#exit = { code: code ?? undefined, signal: signal ?? undefined };
        this.#notify();
        resolve(this.#exit);
      });
    });
  }

  /** Complete lines of standard output so far, oldest first. */
  get stdout(): readonly string[] {
    return this.#stdout;
  }

  /** Complete lines of standard error so far, oldest first. */
  get stderr(): readonly string[] {
    return this.#stderr;
  }

  /** How it ended, if it has. */
  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  /** Waits for a line of standard output or standard error; lines already there count. */
  async waitForLine(pattern: RegExp | string, options: LineOptions = {}): Promise<string> {
    const { timeoutMs = WAIT_MS, fromIndex = 0 } = options;
    const matches = (line: string): boolean =>
      typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line);
    const find = (): string | undefined =>
      this.#stdout.slice(fromIndex).find(matches) ?? this.#stderr.slice(fromIndex).find(matches);
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const line = find();
      if (line !== undefined) return line;
      if (this.#exit !== undefined) throw this.#failure(`ended before it wrote ${String(pattern)}`);
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw this.#failure(`did not write ${String(pattern)} in ${timeoutMs} ms`);
      await this.#change(leftMs);
    }
  }

  /** Calls `listener` for each complete line from now on, of both outputs, also beyond a limit. */
  onLine(listener: (line: string) => void): void {
    this.#lineListeners.add(listener);
  }

  /** Sends a signal at once and waits until the process has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProcessExit> {
    if (this.#exit === undefined) this.#child.kill(signal);
    return this.exited;
  }

  /** Asks the process to end (SIGTERM), insists after a while (SIGKILL), and waits. */
  async stop(timeoutMs: number = STOP_MS): Promise<ProcessExit> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs);
    try {
      return await this.kill('SIGTERM');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes to standard input; a line end is added. */
  writeLine(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Closes standard input. */
  closeInput(): void {
    this.#child.stdin?.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
  }

  #capture(stream: NodeJS.ReadableStream | null, lines: string[]): void {
    if (stream === null) return;
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      if (lines.length < LINES_MAX) lines.push(line);
      for (const listener of this.#lineListeners) listener(line);
      this.#notify();
    });
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#listeners.add(done);
    });
  }

  #failure(what: string): Error {
    const ended =
      this.#exit === undefined ? '' : ` (exit ${this.#exit.code ?? this.#exit.signal ?? ''})`;
    const shown = [...this.#stdout.slice(-SHOWN_LINES), ...this.#stderr.slice(-SHOWN_LINES)];
    return new Error([`${this.name} ${what}${ended}; it wrote:`, ...shown].join('\n  '));
  }
}

/** Starts a process; it has been spawned when this returns, not more. */
export async function startProcess(options: ProcessOptions): Promise<TestProcess> {
  const { argv, program = process.execPath, env = {}, cwd, name = argv[0] ?? program } = options;
  const child = spawn(program, argv, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Writing to a process that has just ended is not an error of the test.
  child.stdin.on('error', () => undefined);
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error(`${name} has no process id`);
  return new TestProcess(name, child, child.pid);
}

/** What a finished process left. */
export interface ProcessResult extends ProcessExit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a process to its end, or kills it after `timeoutMs` (default 60 s). */
export async function runProcess(
  options: ProcessOptions & { readonly input?: string; readonly timeoutMs?: number },
): Promise<ProcessResult> {
  await using running = await startProcess(options);
  if (options.input !== undefined) running.writeLine(options.input);
  running.closeInput();
  const timer = setTimeout(() => void running.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  const exit = await running.exited;
  clearTimeout(timer);
  return { ...exit, stdout: running.stdout.join('\n'), stderr: running.stderr.join('\n') };
}
