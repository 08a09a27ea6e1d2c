/**
 * One worker as its node sees it: a process, a pipe, and the lines on it.
 *
 * Workers are processes of `node:cluster`, which lets all of them accept on one listening socket;
 * whatever else is said goes over a pipe of their own.
 *
 * @module
 */
import cluster, { type Worker } from 'node:cluster';
import { Socket } from 'node:net';
import { KedgeError } from '../../core/errors.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { ConnectionTaker } from '../tls/caller-line.ts';
import type { TlsMaterial } from '../tls/live-tls.ts';
import { type Beginning, beginningText, materialText } from './beginning.ts';
import { Channel } from './channel.ts';
import { counterAt } from './counters.ts';
import {
  FROM_WORKER_MAX_BYTES,
  type FromWorker,
  parseFromWorker,
  stopFrame,
  textFrame,
} from './messages.ts';
import { RemoteLines } from './remote-lines.ts';
import { logFor } from './worker-log.ts';

/** What a worker is started with. */
export interface WorkerProcessOptions {
  /** The program of workers. */
  readonly program: string;
  readonly beginning: Beginning;
  /** Its place among the workers of its listener, for metrics. */
  readonly place: number;
  readonly makeTaker: () => ConnectionTaker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** It is gone, and all lines with it; `how` is an exit code, a signal or a reason. */
  readonly onEnd: (how: string) => void;
}

const PIPE_AT = 4;
const END_WITHIN_MS = 2_000;
/** A worker that says nothing for so many times in a row is killed. */
const SILENT_EVERY_MS = 10_000;
const SILENT_MAX = 3;
/** Node keeps a buffer of 64 KB per connection, of which little is used: outside the heap. */
const ENVIRONMENT = { MALLOC_MMAP_THRESHOLD_: '60000' };

/** A worker that was started. Errors of the constructor: `UNAVAILABLE`. */
export class WorkerProcess {
  /** Resolves when it listens, rejects when it cannot. */
  readonly listening: Promise<void>;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  readonly #options: WorkerProcessOptions;
  readonly #worker: Worker;
  readonly #channel: Channel;
  readonly #lines: RemoteLines;
  #setListening: () => void = () => undefined;
  #setFailed: (error: Error) => void = () => undefined;
  #watch: ClockTimer | undefined;
  #silent = 0;
  #residentBytes: number | undefined;
  /** Why it was killed, or cannot listen. */
  #reason: string | undefined;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.listening = new Promise((resolve, reject) => {
      this.#setListening = resolve;
      this.#setFailed = reject;
    });
    this.listening.catch(() => undefined);
    this.#worker = fork(options.program);
    this.#channel = new Channel({
      pipe: pipeOf(this.#worker),
      bodyMaxBytes: FROM_WORKER_MAX_BYTES,
      // Behind what is done at this moment, as a batch of a change for all programs.
      schedule: (flush) => process.nextTick(flush),
      onFrame: (code, body) => this.#take(parseFromWorker(code, body)),
      onBroken: (thrown) => this.#distrust(thrown),
      onClose: () => this.#worker.process.kill('SIGKILL'),
    });
    this.#lines = new RemoteLines(this.#channel, options.makeTaker);
    this.ended = this.#untilOver();
    this.#channel.send(textFrame('begin', beginningText(options.beginning)));
    this.#beware();
  }

  /** Programs that are connected. */
  get connections(): number {
    return this.#lines.size;
  }

  /** Memory by its own word; absent: it has not said yet. */
  get residentBytes(): number | undefined {
    return this.#residentBytes;
  }

  /** Gives it other TLS material. */
  replace(material: TlsMaterial): void {
    this.#channel.send(textFrame('material', materialText(material)));
  }

  /** Takes no new connections. */
  stop(): void {
    this.#channel.send(stopFrame());
  }

  /** Ends it behind what was sent; kills it when that takes too long. */
  async end(): Promise<void> {
    this.#channel.end();
    const timer = setTimeout(() => this.kill('it did not end'), END_WITHIN_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends it at once. */
  kill(reason: string): void {
    this.#reason ??= reason;
    this.#worker.process.kill('SIGKILL');
  }

  #take(said: FromWorker): void {
    const lines = this.#lines;
    switch (said.kind) {
      case 'data':
        return lines.data(said.id, said.bytes);
      case 'opened':
        return lines.opened(said.line);
      case 'drained':
        return lines.drained(said.id);
      case 'closed':
        return lines.closed(said.id);
      case 'moving':
        return lines.moving(said.group, said.withinMs);
      case 'over':
        return lines.over(said.group);
      case 'counted': {
        const { name, labels } = counterAt(said.counter);
        return this.#options.metrics.increment(name, labels, said.by);
      }
      case 'logged':
        return logFor(this.#options.logger, said.text);
      case 'listening':
        return this.#setListening();
      case 'alive':
        return this.#alive(said.residentBytes);
      case 'failed':
        this.#setFailed(new Error(said.reason));
        return this.kill(said.reason);
    }
  }

  #alive(residentBytes: number): void {
    this.#silent = 0;
    this.#residentBytes = residentBytes;
    this.#gauge(residentBytes);
  }

  #gauge(residentBytes: number): void {
    const { metrics, place } = this.#options;
    const labels = { worker: String(place) };
    metrics.set('kedge_tls_worker_resident_bytes', residentBytes, labels);
    metrics.set('kedge_tls_worker_connections', this.#lines.size, labels);
  }

  #beware(): void {
    this.#watch = this.#options.clock.setTimer(SILENT_EVERY_MS, () => {
      this.#silent += 1;
      if (this.#silent >= SILENT_MAX) this.kill('it said nothing');
      this.#beware();
    });
  }

  async #untilOver(): Promise<void> {
    const worker = this.#worker;
    const how = await new Promise<string>((resolve) => {
      // By then all that it said has been heard.
      worker.process.once('close', (code, signal) => {
        resolve(this.#reason ?? signal ?? `exit code ${String(code)}`);
      });
      worker.on('error', (error) => {
        if (worker.process.pid === undefined) resolve(error.message);
      });
    });
    this.#watch?.[Symbol.dispose]();
    this.#setFailed(new Error(how));
    this.#lines.gone();
    this.#gauge(0);
    this.#options.onEnd(how);
  }

  /** What a worker must not say ends it; whatever else is thrown is a fault of this process. */
  #distrust(thrown: unknown): void {
    const { code, message: reason } = KedgeError.from(thrown);
    if (code !== 'PARSE' && code !== 'LIMIT') throw thrown;
    this.kill(reason);
  }
}

function fork(program: string): Worker {
  // Settings of all workers of this process; they count for the next one that is started.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: program,
    args: [],
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
  });
  const worker = cluster.fork(ENVIRONMENT);
  // Comes also where there is no process to wait for; Node would keep such a one for ever.
  worker.on('error', () => {
    if (worker.process.pid === undefined) Reflect.deleteProperty(cluster.workers ?? {}, worker.id);
  });
  return worker;
}

function pipeOf(worker: Worker): Socket {
  // Absent where this process may open nothing more, whatever its type says.
  const stdio: unknown = Reflect.get(worker.process, 'stdio');
  const pipe: unknown = Array.isArray(stdio) ? stdio[PIPE_AT] : undefined;
  if (!(pipe instanceof Socket)) throw new KedgeError('UNAVAILABLE', 'no process can be started');
  return pipe;
}
