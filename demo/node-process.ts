/**
 * One node of the demonstration: a real `kedge node run` process with a store of its own, which can
 * be killed and started again.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { preciseNowMs } from './messages.ts';

/** How long a node may take for anything that it is waited for: patient, for busy machines. */
const WAIT_MAX_MS = 120_000;
const CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

const logLine = z.object({
  event: z.string(),
  time: z.number().optional(),
  message: z.string().optional(),
  stream: z.string().optional(),
  sequence: z.number().optional(),
});

/** A release on disk: when its line of the log was read here, and when the node wrote it. */
interface Accepted {
  readonly sequence: number;
  readonly atMs: number;
  readonly loggedMs: number;
}

/** Where a node is and what it is called. */
export interface NodePlace {
  readonly id: string;
  readonly region: string;
  /** For clients and admins. */
  readonly address: string;
  readonly peerAddress: string;
  readonly folder: string;
  readonly configFile: string;
  /** What to put in front of the command, for example to run it on another network. */
  readonly prefix?: readonly string[];
}

/** A node that runs, or ran. */
export class NodeProcess {
  readonly place: NodePlace;
  readonly #log: WriteStream;
  /** When each release was seen, by stream, in the order in which they came. */
  readonly #accepted: Map<string, Accepted[]> = new Map();
  readonly #waiting: Set<() => void> = new Set();
  #child: ChildProcess | undefined;
  #isReady = false;
  #lastLine = 'it wrote nothing';

  constructor(place: NodePlace) {
    this.place = place;
    this.#log = createWriteStream(`${place.folder}/node.log`, { flags: 'a' });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process and waits until it serves; `cli` is the program, by default this one. */
  async start(cli: string = CLI): Promise<void> {
    this.#isReady = false;
    const node = [process.execPath, cli, 'node', 'run', '--config', this.place.configFile];
    const [program = '', ...args] = [...(this.place.prefix ?? []), ...node];
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // It ends by itself when this process is gone, whose end of that pipe closes then.
      env: { ...process.env, KEDGE_STOP_WITH_INPUT: '1' },
      // A Ctrl-C goes to the whole group; the demonstration alone decides when nodes end.
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#readLine(line));
    }
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
      this.#wake();
    });
    await this.#until(() => this.#isReady, 'start');
  }

  /** Ends the process without warning, as a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks the process to end; kills it when it does not. It may be started again. */
  async end(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends the process for good. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    this.#log.end();
  }

  /** Wall time when this node served a release from disk, or a later one; waits for it. */
  async accepted(stream: string, sequence: number): Promise<number> {
    const { atMs } = await this.#seen(stream, sequence);
    return atMs;
  }

  /** The same as the node itself noted it, in whole milliseconds. */
  async logged(stream: string, sequence: number): Promise<number> {
    const { loggedMs } = await this.#seen(stream, sequence);
    return loggedMs;
  }

  async #seen(stream: string, sequence: number): Promise<Accepted> {
    const find = (): Accepted | undefined =>
      this.#accepted.get(stream)?.find((seen) => seen.sequence >= sequence);
    await this.#until(() => find() !== undefined, `accept ${stream} ${String(sequence)}`);
    return find() ?? { sequence, atMs: 0, loggedMs: 0 };
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await Promise.race([gone, sleep(5000, undefined, { ref: false })]);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await gone;
  }

  #readLine(line: string): void {
    const atMs = preciseNowMs();
    this.#log.write(`${line}\n`);
    if (line.trim() !== '') this.#lastLine = line;
    if (!line.startsWith('{')) return;
    const parsed = logLine.safeParse(parseJson(line));
    if (!parsed.success) return;
    const { event, stream, sequence, time: loggedMs = atMs } = parsed.data;
    if (event === 'node.ready') this.#isReady = true;
    if (event === 'release.accepted' && stream !== undefined && sequence !== undefined) {
      const seen = this.#accepted.get(stream) ?? [];
      this.#accepted.set(stream, seen);
      seen.push({ sequence, atMs, loggedMs });
    }
    this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }

  async #until(reached: () => boolean, what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        finish();
      };
      const fail = (why: string): void => {
        const text = `node ${this.place.id} did not ${what}: ${why} (${this.#lastLine})`;
        settle(() => reject(new Error(text)));
      };
      const check = (): void => {
        if (reached()) settle(resolve);
        else if (this.#child === undefined) fail('its process ended');
      };
      const timer = setTimeout(() => fail(`${String(WAIT_MAX_MS / 1000)} s passed`), WAIT_MAX_MS);
      this.#waiting.add(check);
      check();
    });
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
