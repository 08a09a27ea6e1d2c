/**
 * The workers of one listener: as many as were asked for, for as long as the listener is there.
 *
 * A worker that ends takes its connections with it; callers come back, to the others meanwhile. It
 * is started again after a pause, which doubles while the next ones do not last.
 *
 * @module
 */
import { createServer } from 'node:net';
import type { TlsWorkerStatus } from '../../core/admin/process-status.ts';
import { KedgeError } from '../../core/errors.ts';
import type { ClockTimer } from '../../ports/clock.ts';
import type { LineListening } from '../tls/caller-line.ts';
import type { TlsListenerOptions } from '../tls/tls-listener.ts';
import { WorkerProcess } from './worker-process.ts';

/** Where TLS is done. */
export interface WorkersSetting {
  readonly count: number;
  /** The program of workers. */
  readonly program: string;
}

/** What the workers of a listener work with: what a listener does, and how many they are. */
export interface TlsWorkersOptions extends TlsListenerOptions, WorkersSetting {}

/** What is or was in one place. */
interface Place {
  /** Absent: the last one ended. */
  readonly process?: WorkerProcess;
  readonly sinceMs: number;
  readonly ended: number;
}

const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 30_000;
/** Who lived so long did not fail at once. */
const LASTED_MS = 60_000;

/** A listening socket whose connections are in other processes. */
export class TlsWorkers implements LineListening {
  readonly port: number;
  readonly #options: TlsWorkersOptions;
  /** By their numbers. */
  readonly #places: Map<number, Place> = new Map();
  readonly #timers: Set<ClockTimer> = new Set();
  readonly #following: Disposable;
  #failures = 0;
  #isStopped = false;

  /** Resolves when all listen. Errors: those of `node:net`. */
  static async listen(options: TlsWorkersOptions): Promise<TlsWorkers> {
    const { host, port } = options;
    const workers = new TlsWorkers(options, await freePort(host, port));
    try {
      for (let place = 1; place <= options.count; place += 1) workers.#start(place);
      const running = workers.#running();
      if (running.length < options.count) throw new Error('no process can be started');
      await Promise.all(running.map(async ({ listening }) => listening));
    } catch (error) {
      await workers.destroy();
      throw error;
    }
    return workers;
  }

  private constructor(options: TlsWorkersOptions, port: number) {
    this.#options = options;
    this.port = port;
    const { tls } = options;
    this.#following = tls.onChange(() => {
      for (const worker of this.#running()) worker.replace(tls.current);
    });
  }

  /** How they are, by place. */
  get workers(): readonly TlsWorkerStatus[] {
    return Array.from(this.#places, ([place, { process, sinceMs, ended }]) => ({
      ...{ place, sinceMs, ended },
      state: process === undefined ? 'ended' : 'running',
      connections: process?.connections ?? 0,
      ...(process?.residentBytes !== undefined && { residentBytes: process.residentBytes }),
    }));
  }

  stop(): void {
    this.#isStopped = true;
    this.#following[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const worker of this.#running()) worker.stop();
  }

  async destroy(): Promise<void> {
    this.stop();
    await Promise.all(this.#running().map(async (worker) => await worker.end()));
  }

  #running(): readonly WorkerProcess[] {
    return [...this.#places.values()].flatMap(({ process }) => process ?? []);
  }

  #start(place: number): void {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const ended = this.#places.get(place)?.ended ?? 0;
    const onEnd = (how: string): void => {
      this.#places.set(place, { sinceMs: clock.nowMs(), ended: ended + 1 });
      this.#ended(place, how, clock.monotonicMs() - startedMs);
    };
    try {
      const process = this.#make(place, onEnd);
      this.#places.set(place, { process, sinceMs: clock.nowMs(), ended });
    } catch (thrown) {
      onEnd(KedgeError.from(thrown).message);
    }
  }

  #make(place: number, onEnd: (how: string) => void): WorkerProcess {
    const { host, tls, sessions, program, makeTaker, clock, logger, metrics } = this.#options;
    const { moves, current: material } = tls;
    const moveWithinMs = moves.withinMs;
    return new WorkerProcess({
      program,
      beginning: { host, port: this.port, sessions, moveWithinMs, material },
      place,
      makeTaker,
      clock,
      logger,
      metrics,
      onEnd,
    });
  }

  #ended(place: number, how: string, livedMs: number): void {
    if (this.#isStopped) return;
    const { clock, logger, metrics } = this.#options;
    if (livedMs >= LASTED_MS) this.#failures = 0;
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** this.#failures);
    this.#failures += 1;
    metrics.increment('kedge_tls_workers_ended_total');
    logger.error(
      { event: 'worker.ended', worker: place, reason: how, livedMs: Math.round(livedMs), pauseMs },
      'a TLS worker ended: its programs come back, another one is started',
    );
    const timer = clock.setTimer(pauseMs, () => {
      this.#timers.delete(timer);
      this.#start(place);
    });
    this.#timers.add(timer);
  }
}

/** Finds out that nobody listens there, and which port it is: workers share it by its number. */
async function freePort(host: string, port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, host, () => {
      const address = probe.address();
      const given = typeof address === 'object' ? address?.port : undefined;
      probe.close(() => resolve(given ?? port));
    });
  });
}
