/**
 * A client in any language: a program that reads one JSON object per line and answers with one.
 * `docs/conformance.md` has the protocol.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ErrorCode } from '../../../src/core/errors.ts';
import type { ConformanceCase, FreshStep, JudgedStep, Outcome } from '../format.ts';
import { coreKind } from './core.ts';
import type { Observed, Subject, SubjectKind, SubjectResult } from './subject.ts';

const ANSWER_WITHIN_MS = 50_000;

/** What a program answers to a step; `unfit` leaves it out. */
interface StepAnswer {
  readonly outcome: Outcome | 'unfit';
  readonly message?: string;
}

type FreshAnswer = Pick<FreshStep, 'fresh' | 'clock'> | 'unfit';

/** A program that is put to the test; it is asked the same as the core. */
export class CommandLine implements Disposable {
  readonly #child: ChildProcess;
  readonly #answers: string[] = [];
  #wake: () => void = () => undefined;

  constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('the output of the program is needed');
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#answers.push(line);
      this.#wake();
    });
    child.once('exit', () => this.#wake());
  }

  /** Starts a program given as one command line, without a shell. */
  static start(commandLine: string): CommandLine {
    const [program = '', ...args] = commandLine.split(' ');
    return new CommandLine(spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** Sends one request and waits for its answer. */
  async ask(request: object): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const deadlineMs = performance.now() + ANSWER_WITHIN_MS;
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return JSON.parse(answer);
      if (this.#child.exitCode !== null) throw new Error('the program has ended');
      if (performance.now() > deadlineMs) throw new Error('the program does not answer');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 100).unref();
      });
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

/** The kind of subject that a program is. */
export function commandKind(line: () => CommandLine): SubjectKind {
  return {
    name: 'core',
    title: 'a command',
    open: async (one) => {
      await line().ask({ init: initOf(one) });
      return new CommandSubject(line());
    },
    visible: (expected, one) => coreKind.visible(expected, one),
  };
}

function initOf({ realm, pin, bundles, minSequence, requireRegions }: ConformanceCase): object {
  return {
    realm,
    pin,
    bundles,
    ...(minSequence && { minSequence }),
    ...(requireRegions !== undefined && { requireRegions }),
  };
}

class CommandSubject implements Subject {
  readonly #line: CommandLine;

  constructor(line: CommandLine) {
    this.#line = line;
  }

  unfit(): string | undefined {
    return undefined;
  }

  async take({ expect, instead, why, about, ...step }: JudgedStep): Promise<Observed> {
    const { outcome, message } = (await this.#line.ask(step)) as StepAnswer;
    if (outcome === 'unfit') return { outcome: instead?.core ?? expect };
    return message === undefined ? { outcome } : { outcome, message };
  }

  async restart(nowMs: number): Promise<void> {
    await this.#line.ask({ restart: true, nowMs });
  }

  async freshness(nowMs: number): ReturnType<Subject['freshness']> {
    const answer = (await this.#line.ask({ freshness: true, nowMs })) as FreshAnswer;
    return answer === 'unfit' ? undefined : answer;
  }

  async snapshot(): Promise<string> {
    return JSON.stringify(await this.#line.ask({ status: true }));
  }

  async result(): Promise<SubjectResult> {
    return (await this.#line.ask({ status: true })) as SubjectResult;
  }

  reported(_code: ErrorCode): number | undefined {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The program serves the next case.
  }
}
