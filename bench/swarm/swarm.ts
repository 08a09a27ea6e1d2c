/**
 * Lean clients by the thousand, in a process of their own (`swarm.c`): builds it, starts it, and
 * speaks with it.
 *
 * It is written in C so that the driver costs next to nothing beside what is measured, and so that
 * it costs every system the same. Needs Linux, a C compiler (`cc`) and OpenSSL's headers.
 *
 * @module
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Beside this file, or where it was before it was compiled. */
const FOLDERS = ['./', '../../../bench/swarm/'];
const SAID_MAX_CHARS = 4000;

/** Totals since the start. */
export interface Counts {
  readonly nowUs: number;
  readonly ready: number;
  readonly attempts: number;
  /** Attempts that came to nothing. */
  readonly failed: number;
  /** Clients that were cut off while they were served. */
  readonly lost: number;
  readonly resumed: number;
  /** The last round that anybody has, and by how many the last client is behind it. */
  readonly newest: number;
  readonly behind: number;
}

/** All clients are served; `us` says since when, one entry each. */
export interface Ready extends Counts {
  readonly kind: 'ready';
  readonly us: readonly number[];
}

/** All clients have a round; `us` says when, ascending, `bytes` how much each was sent. */
export interface Arrivals {
  readonly kind: 'round';
  readonly round: number;
  readonly bytes: number;
  readonly us: readonly number[];
}

type Report =
  | Ready
  | Arrivals
  | (Counts & { readonly kind: 'stats' })
  | { readonly kind: 'closed' };

const counts = {
  nowUs: z.number(),
  ready: z.number(),
  attempts: z.number(),
  failed: z.number(),
  lost: z.number(),
  resumed: z.number(),
  newest: z.number(),
  behind: z.number(),
};
const reportSchema: z.ZodType<Report> = z.discriminatedUnion('kind', [
  z.object({ ...counts, kind: z.literal('ready'), us: z.array(z.number()) }),
  z.object({ ...counts, kind: z.literal('stats') }),
  z.object({ kind: z.literal('closed') }),
  z.object({
    kind: z.literal('round'),
    round: z.number(),
    bytes: z.number(),
    us: z.array(z.number()),
  }),
]);

/** How clients reach a server and what they say to it. */
export interface Dialogue {
  readonly protocol: 'raw' | 'h2' | 'nats' | 'resp';
  readonly port: number;
  /** First bytes of messages that say that a client is served; default: any message. */
  readonly ready?: readonly number[];
  /** What a client says first; `{index}` in it becomes seven digits. */
  readonly preamble: Uint8Array;
}

/** How the clients behave. */
export interface SwarmOptions {
  readonly dialogue: Dialogue;
  /** With `ca.pem`, `client-0.pem`, `client-0.key` and so on. */
  readonly certificates: { readonly folder: string; readonly clients: number };
  /** Whether TLS sessions are resumed. Default: no. */
  readonly resumption?: 'on' | 'off';
  /** Waits between attempts. Default: those of the SDK. */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number };
}

/** Compiles the program into a folder; throws when this machine does not allow it. */
export function buildSwarm(folder: string): string {
  const program = join(folder, 'swarm');
  const sources = ['swarm.c', 'parse.c'].map((name) => join(sourceFolder(), name));
  const argv = ['-O2', '-o', program, ...sources, '-lssl', '-lcrypto'];
  const { status, error, stderr } = spawnSync('cc', argv);
  if (error !== undefined) throw new Error('no C compiler (cc)');
  if (status !== 0) throw new Error(`the swarm does not compile: ${stderr.toString()}`);
  return program;
}

function sourceFolder(): string {
  const folders = FOLDERS.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = folders.find((folder) => existsSync(join(folder, 'swarm.c')));
  if (found === undefined) throw new Error('the sources of the swarm are missing');
  return found;
}

/** A process with clients; disposing it cuts them off. */
export class Swarm implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Reports that nobody has asked for yet, and who waits. */
  readonly #reports: Report[] = [];
  readonly #waiting: Set<() => void> = new Set();
  #said = '';
  #hasEnded = false;

  constructor(program: string, options: SwarmOptions) {
    this.#child = spawn(program, argumentsOf(options), { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (bytes: Buffer) => {
      this.#said = `${this.#said}${bytes.toString()}`.slice(-SAID_MAX_CHARS);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#reports.push(reportSchema.parse(JSON.parse(line)));
      for (const check of [...this.#waiting]) check();
    });
    this.#child.on('close', () => {
      this.#hasEnded = true;
      for (const check of [...this.#waiting]) check();
    });
    this.preamble(options.dialogue.preamble);
  }

  /** Connects, so many at once; resolves when all are served. */
  async open(count: number, atOnce: number, withinMs: number): Promise<Ready> {
    this.#say(`open ${count} ${atOnce}`);
    return await this.ready(withinMs);
  }

  /** Until all are served again since the last {@link open} or {@link mark}. */
  async ready(withinMs: number): Promise<Ready> {
    return await this.#report('served clients', withinMs, (report) =>
      report.kind === 'ready' ? report : undefined,
    );
  }

  /** Until all have a round. */
  async round(round: number, withinMs: number): Promise<Arrivals> {
    return await this.#report(`round ${round}`, withinMs, (report) =>
      report.kind === 'round' && report.round === round ? report : undefined,
    );
  }

  /** Begins to count anew who is ready. */
  mark(): void {
    this.#say('mark');
  }

  /** What those that connect from now on say first. */
  preamble(bytes: Uint8Array): void {
    this.#say(`preamble ${Buffer.from(bytes).toString('hex')}`);
  }

  /** What each client says when a round has arrived. */
  reply(bytes: Uint8Array | undefined): void {
    this.#say(`reply ${bytes === undefined ? '-' : Buffer.from(bytes).toString('hex')}`);
  }

  async stats(): Promise<Counts> {
    this.#say('stats');
    return await this.#report('stats', 10_000, (report) =>
      report.kind === 'stats' ? report : undefined,
    );
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    this.#say('close');
    await this.#report('an end', 30_000, (report) =>
      report.kind === 'closed' ? report : undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    const gone = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #say(command: string): void {
    this.#child.stdin.write(`${command}\n`);
  }

  /** Takes the first report that fits, now or later. */
  async #report<T>(
    what: string,
    withinMs: number,
    pick: (report: Report) => T | undefined,
  ): Promise<T> {
    return await new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        finish();
      };
      const check = (): void => {
        for (const [at, report] of this.#reports.entries()) {
          const found = pick(report);
          if (found === undefined) continue;
          this.#reports.splice(at, 1);
          return settle(() => resolve(found));
        }
        if (this.#hasEnded) settle(() => reject(this.#failure(`ended without ${what}`)));
      };
      const timer = setTimeout(() => {
        settle(() => reject(this.#failure(`had no ${what} within ${withinMs / 1000} s`)));
      }, withinMs);
      this.#waiting.add(check);
      check();
    });
  }

  #failure(what: string): Error {
    return new Error(`the swarm ${what}: ${this.#said.trim()}`);
  }
}

function argumentsOf(options: SwarmOptions): readonly string[] {
  const { dialogue, certificates, resumption = 'off', backoff } = options;
  const { protocol, port, ready } = dialogue;
  const words: Readonly<Record<string, string | number>> = {
    protocol,
    port,
    folder: certificates.folder,
    identities: certificates.clients,
    ready: ready?.map((byte) => byte.toString(16)).join(',') ?? 'any',
    resume: resumption === 'on' ? 1 : 0,
    ...(backoff && { initial: backoff.initialMs, max: backoff.maxMs }),
  };
  return Object.entries(words).map(([name, value]) => `${name}=${value}`);
}
