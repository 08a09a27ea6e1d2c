/**
 * One program of the demonstration in a process of its own: starts it, listens to its reports,
 * counts how often it ended when it should not.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type IdentityFiles,
  type ProgramOrder,
  type ProgramReport,
  type ProgramSetup,
  programReportSchema,
  type Target,
} from './messages.ts';

/** How long a program may take for anything that it is waited for: patient, for busy machines. */
const WAIT_MAX_MS = 120_000;

/** What a client counted. */
export interface TrafficCounts {
  readonly requests: number;
  readonly failed: number;
  readonly resumed: number;
}

/** When a program had a release in use. */
export interface LoadedAt {
  readonly trusted: number;
  readonly atMs: number;
}

/** Which file of `demo/programs` a program runs. */
export type ProgramKind = 'server' | 'client' | 'watcher';

/** A running program. */
export class Program {
  readonly kind: ProgramKind;
  readonly setup: ProgramSetup;
  readonly #child: ChildProcess;
  readonly #loaded: Map<string, LoadedAt> = new Map();
  readonly #waiting: Set<() => void> = new Set();
  #port = 0;
  #swaps = 0;
  readonly #attempts: (string | undefined)[] = [];
  #counts: TrafficCounts = { requests: 0, failed: 0, resumed: 0 };
  #lastFailure: string | undefined;
  #state: 'running' | 'stopping' | 'ended' = 'running';
  #ended = 'not yet';
  #stderr = '';

  constructor(kind: ProgramKind, setup: ProgramSetup) {
    this.kind = kind;
    this.setup = setup;
    const file = new URL(`./programs/${kind}.js`, import.meta.url);
    this.#child = fork(file, [JSON.stringify(setup)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A Ctrl-C goes to the whole group; the demonstration alone decides when programs end.
      detached: true,
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-4000);
    });
    this.#child.on('message', (message) => this.#receive(programReportSchema.parse(message)));
    this.#child.on('exit', (code, signal) => {
      this.#ended = `${signal ?? `exit code ${String(code)}`} ${this.#stderr.trim()}`;
      if (this.#state === 'running') this.#state = 'ended';
      this.#wake();
    });
  }

  /** 1 when the program ended by itself: a restart would have been needed. */
  get crashes(): number {
    return this.#state === 'ended' ? 1 : 0;
  }

  get counts(): TrafficCounts {
    return this.#counts;
  }

  get lastFailure(): string | undefined {
    return this.#state === 'ended' ? this.#ended : this.#lastFailure;
  }

  /** Waits until the program works; returns the port of a server. */
  async ready(): Promise<number> {
    await this.#until(() => this.#port !== 0, 'start');
    return this.#port;
  }

  /** Waits until the program has a release of a bundle, or a later one, in use. */
  async loaded(bundle: string, sequence: number): Promise<LoadedAt> {
    const find = (): LoadedAt | undefined => this.#loaded.get(`${bundle} ${String(sequence)}`);
    await this.#until(() => find() !== undefined, `load ${bundle} ${String(sequence)}`);
    return find() ?? { trusted: 0, atMs: 0 };
  }

  /** Gives the program another leaf and waits until it shows it. */
  async swapIdentity(identity: IdentityFiles): Promise<void> {
    const swaps = this.#swaps;
    this.#order({ kind: 'identity', identity });
    await this.#until(() => this.#swaps > swaps, 'swap its identity');
  }

  /** Lets a client call a server; returns why it refused, or nothing when it was answered. */
  async attempt(target: Target): Promise<string | undefined> {
    const number = this.#attempts.length;
    this.#order({ kind: 'try', target });
    await this.#until(() => this.#attempts.length > number, 'call a server');
    return this.#attempts[number];
  }

  /** Waits until the program has made `more` further requests. */
  async requestsMore(more: number): Promise<void> {
    const goal = this.#counts.requests + more;
    await this.#until(() => this.#counts.requests >= goal, `make ${String(more)} requests`);
  }

  /** Ends the program and returns when it is gone. */
  async stop(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'stopping';
    const gone = once(this.#child, 'exit');
    if (this.#child.connected) this.#order({ kind: 'stop' });
    await Promise.race([gone, sleep(3000, undefined, { ref: false })]);
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await gone;
    }
  }

  #order(order: ProgramOrder): void {
    this.#child.send(order);
  }

  #receive(report: ProgramReport): void {
    switch (report.kind) {
      case 'ready':
        this.#port = report.port;
        break;
      case 'loaded': {
        const { bundle, sequence, trusted, atMs } = report;
        this.#loaded.set(`${bundle} ${String(sequence)}`, { trusted, atMs });
        break;
      }
      case 'swapped':
        this.#swaps += 1;
        break;
      case 'tried':
        this.#attempts.push(report.refusal);
        break;
      case 'counts':
        this.#counts = report;
        this.#lastFailure = report.lastFailure ?? this.#lastFailure;
        break;
    }
    this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }

  async #until(reached: () => boolean, what: string): Promise<void> {
    const name = this.setup.name;
    await new Promise<void>((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        finish();
      };
      const check = (): void => {
        if (reached()) settle(resolve);
        else if (this.#state === 'ended') {
          settle(() => reject(new Error(`${name} ended before it could ${what}: ${this.#ended}`)));
        }
      };
      const timer = setTimeout(() => {
        settle(() =>
          reject(new Error(`${name} did not ${what} in ${String(WAIT_MAX_MS / 1000)} s`)),
        );
      }, WAIT_MAX_MS);
      this.#waiting.add(check);
      check();
    });
  }
}
