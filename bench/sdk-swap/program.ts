/**
 * A program under the SDK, as the benchmark sees it: started, heard, stopped.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type ProgramReport, type ProgramSetup, programReportSchema } from '../../demo/messages.ts';

const WITHIN_MS = 30_000;
/** What a requester says at its end: of each request, when it began and how long it took. */
export interface Samples {
  readonly kind: 'samples';
  readonly atMs: readonly number[];
  readonly tookMs: readonly number[];
  readonly failed: number;
  readonly lastFailure?: string | undefined;
}

type Heard = Samples | ProgramReport;

const samplesSchema: z.ZodType<Samples> = z.object({
  kind: z.literal('samples'),
  atMs: z.array(z.number()),
  tookMs: z.array(z.number()),
  failed: z.number(),
  lastFailure: z.string().optional(),
});
const heardSchema: z.ZodType<Heard> = z.union([samplesSchema, programReportSchema]);

/** A running program; disposing it ends it at once. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #heard: Heard[] = [];
  readonly #waiting: Set<() => void> = new Set();

  /** `path` is that of the compiled program, from this folder. */
  constructor(path: string, setup: ProgramSetup) {
    const program = fileURLToPath(new URL(path, import.meta.url));
    this.#child = fork(program, [JSON.stringify(setup)]);
    this.#child.on('message', (message) => {
      this.#heard.push(heardSchema.parse(message));
      for (const check of [...this.#waiting]) check();
    });
  }

  /** The port on which it serves. */
  async port(): Promise<number> {
    return await this.#hear('a port', (heard) => (heard.kind === 'ready' ? heard.port : undefined));
  }

  /** Wall time when it used a release, or a later one. */
  async loaded(sequence: number): Promise<number> {
    return await this.#hear(`release ${sequence}`, (heard) =>
      heard.kind === 'loaded' && heard.sequence >= sequence ? heard.atMs : undefined,
    );
  }

  /** Stops it; what it measured. */
  async finish(): Promise<Samples> {
    this.#child.send({ kind: 'stop' });
    return await this.#hear('samples', (heard) => (heard.kind === 'samples' ? heard : undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async #hear<T>(what: string, pick: (heard: Heard) => T | undefined): Promise<T> {
    return await new Promise((resolve, reject) => {
      const check = (): void => {
        const found = this.#heard.map(pick).find((each) => each !== undefined);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`a program did not say ${what}`));
      }, WITHIN_MS);
      this.#waiting.add(check);
      check();
    });
  }
}
