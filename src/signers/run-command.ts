/**
 * Runs one command with bounds on all it may do: time, output, and no waiting for what it left
 * behind.
 *
 * The command is in our process group, so that it may ask at the terminal and Ctrl-C ends it too.
 * Its input is a file without a name: what Node gives a child otherwise is a socket, and tools that
 * open `/dev/stdin` by name (`aws`, `gcloud`) cannot open a socket.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KedgeError } from '../core/errors.ts';
import { fileError } from './files.ts';

/** What to run. */
export interface CommandRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called with what the command says to people, line by line. */
  readonly onLine: (line: string) => void;
}

const OUTPUT_MAX_BYTES = 64 * 1024;
const LINES_MAX = 100;
const LINE_MAX_CHARS = 500;
/** Between asking a command to end and ending it. */
const GRACE_MS = 2000;
/** `EX_NOPERM` of sysexits.h: how a command says that it may not sign. */
const EXIT_NO_PERMISSION = 77;

/**
 * Runs a command to its end and gives what it wrote to standard output.
 *
 * Errors: `CONFIG` (cannot be started), `STORE` (no room for the input), `ACCESS` (exit code 77),
 * `LIMIT` (too much output), `UNAVAILABLE` (another exit code, a signal, the time is over).
 */
export async function runCommand(run: CommandRun): Promise<Uint8Array> {
  await using input = await namelessFile(run.stdin);
  const child = spawn(run.command, run.args, {
    env: run.env,
    stdio: [input.fd, 'pipe', 'pipe'],
    shell: false,
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new KedgeError('BUG', 'a child without pipes');
  const ending = new Ending(child, run);
  const said = new Lines(run.onLine);
  const output: Buffer[] = [];
  let size = 0;
  stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= OUTPUT_MAX_BYTES) output.push(chunk);
    else ending.stop(tooMuch(run));
  });
  stderr.on('data', (chunk: Buffer) => said.take(chunk.toString()));
  try {
    const { code, signal } = await ending.over;
    if (code === 0) return new Uint8Array(Buffer.concat(output));
    throw failed(run.command, code === null ? `ended by ${signal ?? 'a signal'}` : code, said.last);
  } finally {
    ending.clear();
    // What the command started may hold the pipes open; nobody waits for that.
    stdout.destroy();
    stderr.destroy();
  }
}

/** A file to read from that nobody else finds. */
async function namelessFile(content: Uint8Array): Promise<FileHandle> {
  try {
    const folder = await mkdtemp(join(tmpdir(), 'kedge-sign-'));
    try {
      const path = join(folder, 'message');
      const writer = await open(path, 'wx', 0o600);
      await writer.writeFile(content);
      await writer.close();
      return await open(path, 'r');
    } finally {
      await rm(folder, { recursive: true });
    }
  } catch (thrown) {
    throw fileError(thrown, 'cannot keep the message for the command');
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The end of a child: by itself, or because it was stopped. */
class Ending {
  readonly over: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #abort: () => void;
  readonly #signal: AbortSignal;
  #why: KedgeError | undefined;

  constructor(child: ChildProcess, { command, timeoutMs, signal }: CommandRun) {
    this.#child = child;
    this.#signal = signal;
    this.#abort = () => this.stop(new KedgeError('UNAVAILABLE', `${command} was interrupted`));
    this.over = this.#wait(command);
    // The rejection is taken by whoever awaits `over`, which may be later than it happens.
    this.over.catch(() => undefined);
    const late = new KedgeError(
      'UNAVAILABLE',
      `${command} did not end within ${timeoutMs / 1000} s`,
      { detail: { hint: 'run it by itself; ?timeout=<seconds> gives it up to 600' } },
    );
    this.#timers.push(setTimeout(() => this.stop(late), timeoutMs));
    if (signal.aborted) this.#abort();
    else signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Asks the child to end, then ends it; `why` is what the caller gets. */
  stop(why: KedgeError): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#child.kill('SIGTERM');
    this.#timers.push(setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS));
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#signal.removeEventListener('abort', this.#abort);
  }

  #wait(command: string): Promise<Exit> {
    return new Promise((resolve, reject) => {
      this.#child.once('error', (cause) => {
        const text = `cannot run ${command}: ${cause.message}`;
        reject(new KedgeError('CONFIG', text, { cause, detail: { hint: HINT } }));
      });
      // 'close' comes after the last output, 'exit' even when somebody else holds the pipe.
      this.#child.once('exit', (code, signal) => {
        const end = (): void => {
          if (this.#why === undefined) resolve({ code, signal });
          else reject(this.#why);
        };
        this.#child.once('close', end);
        this.#timers.push(setTimeout(end, GRACE_MS));
      });
    });
  }
}

const HINT = 'check the name and that it may be executed; there is no shell, so give one command';

/** Cuts what a command says into lines; a flood is cut off. */
class Lines {
  readonly #onLine: (line: string) => void;
  #rest = '';
  #count = 0;
  #last = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  take(text: string): void {
    const lines = `${this.#rest}${text}`.split(/\r?\n/);
    this.#rest = (lines.pop() ?? '').slice(0, LINE_MAX_CHARS);
    for (const line of lines) this.#tell(line);
  }

  /** The last thing that was said; it mostly says what went wrong. */
  get last(): string {
    if (this.#rest !== '') this.#tell(this.#rest);
    this.#rest = '';
    return this.#last;
  }

  #tell(line: string): void {
    if (line.trim() === '') return;
    this.#last = line.trim().slice(0, LINE_MAX_CHARS);
    this.#count += 1;
    if (this.#count <= LINES_MAX) this.#onLine(this.#last);
  }
}

function failed(command: string, how: number | string, last: string): KedgeError {
  const what = typeof how === 'number' ? `ended with exit code ${how}` : `was ${how}`;
  const said = last === '' ? '' : `: ${JSON.stringify(last)}`;
  const code = how === EXIT_NO_PERMISSION ? 'ACCESS' : 'UNAVAILABLE';
  const hint =
    code === 'ACCESS'
      ? 'it may not use this key: ask whoever gives out the rights of the key service'
      : 'nothing was signed; run the command by itself until it works, then sign again';
  return new KedgeError(code, `${command} ${what}${said}`, { detail: { exit: how, hint } });
}

function tooMuch({ command }: CommandRun): KedgeError {
  return new KedgeError('LIMIT', `${command} wrote more than a signature`, {
    detail: { hint: 'standard output is for the signature alone: docs/signers.md#commands-exec' },
  });
}
