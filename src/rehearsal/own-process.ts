/**
 * A `kedge` process of a rehearsal: started, ready when it says so, ended as a power cut would or
 * in order, or by itself when this process is gone, whose end of a pipe closes then.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { KedgeError } from '../core/errors.ts';

const START_MAX_MS = 30_000;
const END_MAX_MS = 5000;

/** What is started, and how one sees that it runs. */
export interface Started {
  /** For people. */
  readonly name: string;
  /** The program and all its arguments. */
  readonly argv: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Where what it prints goes. */
  readonly logFile: string;
  /** A line that contains this says that it is ready. */
  readonly ready: string;
}

/** A process that runs, or ran. */
export class OwnProcess implements AsyncDisposable {
  readonly #started: Started;
  #child: ChildProcess | undefined;
  /** What it printed since it was started last. */
  #printed: string[] = [];

  constructor(started: Started) {
    this.#started = started;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** The newest line that it printed since it was started last, and that contains this. */
  printed(mark: string): string | undefined {
    return this.#printed.findLast((line) => line.includes(mark));
  }

  /** Starts it and waits until it is ready. Errors: `UNAVAILABLE` with the error that it told. */
  async start(): Promise<void> {
    const { name, argv, env = process.env, cwd, logFile, ready: mark } = this.#started;
    const [command = '', ...rest] = argv;
    const child = spawn(command, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // A Ctrl-C goes to the whole group; the rehearsal alone decides when processes end.
      detached: true,
      env: { ...env, KEDGE_STOP_WITH_INPUT: '1' },
      ...(cwd !== undefined && { cwd }),
    });
    this.#child = child;
    this.#printed = [];
    const log = createWriteStream(logFile, { flags: 'a' });
    // Where the disk is full the process itself says so.
    log.on('error', () => undefined);
    const ready = new Promise<'ready'>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          log.write(`${line}\n`);
          this.#printed.push(line);
          if (line.includes(mark)) resolve('ready');
        });
      }
    });
    child.once('close', () => log.end());
    const gone = once(child, 'exit').then(() => 'gone' as const);
    const late = sleep(START_MAX_MS, 'late' as const, { ref: false });
    if ((await Promise.race([ready, gone, late])) === 'ready') return;
    await this.kill();
    const last = this.printed('error: ') ?? this.#printed.at(-1) ?? 'it said nothing';
    throw new KedgeError('UNAVAILABLE', `${name} of the rehearsal did not start: ${last}`);
  }

  /** Ends it without waiting for that; for when this process itself ends. */
  abandon(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Ends it without warning, as a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const ended = await Promise.race([gone, sleep(END_MAX_MS, undefined, { ref: false })]);
    if (ended !== undefined) return;
    child.kill('SIGKILL');
    await gone;
  }
}
