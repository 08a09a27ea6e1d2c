/**
 * One node of a rehearsal: a `kedge node run` process of its own, which can be killed and started
 * again. What it logs goes to a file beside its configuration.
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

/** Where a node is and how it is started. */
export interface NodePlace {
  readonly id: string;
  readonly region: string;
  /** Of clients; the next two are of peers and admins. */
  readonly port: number;
  readonly configFile: string;
  /** The program and its first arguments, for example `node main.js`. */
  readonly program: readonly string[];
}

/** A node that runs, or ran. */
export class NodeProcess implements AsyncDisposable {
  readonly place: NodePlace;
  #child: ChildProcess | undefined;

  constructor(place: NodePlace) {
    this.place = place;
  }

  get clients(): string {
    return `127.0.0.1:${this.place.port}`;
  }

  get admins(): string {
    return `127.0.0.1:${this.place.port + 2}`;
  }

  /** Starts it and waits until it serves. Errors: `UNAVAILABLE` with what it said last. */
  async start(): Promise<void> {
    const { program, configFile, id } = this.place;
    const [command = '', ...first] = program;
    const child = spawn(command, [...first, 'node', 'run', '--config', configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C goes to the whole group; the rehearsal alone decides when nodes end.
      detached: true,
    });
    this.#child = child;
    const log = createWriteStream(`${configFile}.log`, { flags: 'a' });
    let last = 'it said nothing';
    const ready = new Promise<'ready'>((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          log.write(`${line}\n`);
          last = line;
          if (line.includes('"node.ready"')) resolve('ready');
        });
      }
    });
    child.once('close', () => log.end());
    const gone = once(child, 'exit').then(() => 'gone' as const);
    const late = sleep(START_MAX_MS, 'late' as const, { ref: false });
    if ((await Promise.race([ready, gone, late])) === 'ready') return;
    await this.kill();
    throw new KedgeError('UNAVAILABLE', `node ${id} of the rehearsal did not start: ${last}`);
  }

  /** Ends it without warning, as a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
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
