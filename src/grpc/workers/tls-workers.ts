/**
 * The workers of one listener: as many as were asked for, for as long as the listener is there.
 *
 * A worker that ends takes its connections with it; callers come back, to the others meanwhile. It
 * is started again after a pause, which doubles while the next ones do not last.
 *
 * @module
 */
import { createServer } from 'node:net';
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

const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 30_000;
/** Who lived so long did not fail at once. */
const LASTED_MS = 60_000;

/** A listening socket whose connections are in other processes. */
export class TlsWorkers implements LineListening {
  readonly port: number;
  readonly #options: TlsWorkersOptions;
  /** By their places. */
  readonly #running: Map<number, WorkerProcess> = new Map();
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
      if (workers.#running.size < options.count) throw new Error('no process can be started');
      await Promise.all([...workers.#running.values()].map(async ({ listening }) => listening));
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
      for (const worker of this.#running.values()) worker.replace(tls.current);
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#following[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const worker of this.#running.values()) worker.stop();
  }

  async destroy(): Promise<void> {
    this.stop();
    await Promise.all([...this.#running.values()].map(async (worker) => await worker.end()));
  }

  #start(place: number): void {
    const startedMs = this.#options.clock.monotonicMs();
    const onEnd = (how: string): void => {
      this.#running.delete(place);
      this.#ended(place, how, this.#options.clock.monotonicMs() - startedMs);
    };
    try {
      this.#running.set(place, this.#make(place, onEnd));
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
