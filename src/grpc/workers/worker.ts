/**
 * The worker's side: a listener whose lines go through the pipe.
 *
 * @module
 */
import type { Duplex } from 'node:stream';
import { systemClock } from '../../ports/system-clock.ts';
import type { CallerLine, ConnectionTaker } from '../tls/caller-line.ts';
import { LiveTls } from '../tls/live-tls.ts';
import { TlsListener } from '../tls/tls-listener.ts';
import { type Beginning, parseBeginning, parseMaterial } from './beginning.ts';
import { Channel } from './channel.ts';
import { counterOf } from './counters.ts';
import {
  ALIVE_EVERY_MS,
  aliveFrame,
  ID_BYTES,
  listeningFrame,
  numberFrame,
  numbersFrame,
  openedFrame,
  parseToWorker,
  TO_WORKER_MAX_BYTES,
  type ToWorker,
  textFrame,
} from './messages.ts';
import { WorkerLine } from './worker-line.ts';
import { sendingLogger } from './worker-log.ts';

const ID_MAX = 0xff_ff_ff_ff;

/** What a worker works with. */
export interface WorkerOptions {
  readonly pipe: Duplex;
  readonly exit: (code: number) => void;
}

/** One worker. */
export class Worker {
  readonly #channel: Channel;
  readonly #lines: Map<number, WorkerLine> = new Map();
  /** Not read from, as the pipe was full. */
  readonly #paused: Set<WorkerLine> = new Set();
  #tls: LiveTls | undefined;
  #listener: TlsListener | undefined;
  #isStopped = false;
  #lastId = 0;
  #lastGroup = 0;

  constructor({ pipe, exit }: WorkerOptions) {
    this.#channel = new Channel({
      pipe,
      bodyMaxBytes: TO_WORKER_MAX_BYTES,
      // After what has arrived on all sockets in this turn.
      schedule: setImmediate,
      onFrame: (code, body) => this.#take(parseToWorker(code, body)),
      onDrain: () => this.#readOn(),
      onBroken: (thrown) => {
        throw thrown;
      },
      onClose: () => exit(0),
    });
  }

  #take(said: ToWorker): void {
    switch (said.kind) {
      case 'write':
        return this.#write(said.ids, said.bytes);
      case 'begin':
        return void this.#begin(parseBeginning(said.text));
      case 'material':
        return this.#tls?.replace(parseMaterial(said.text));
      case 'stop':
        this.#isStopped = true;
        return this.#listener?.stop();
      case 'end':
      case 'destroy':
      case 'pause':
      case 'resume':
      case 'ask':
        return this.#lines.get(said.id)?.obey(said.kind);
    }
  }

  #write(ids: Buffer, bytes: Buffer): void {
    for (let at = 0; at < ids.length; at += ID_BYTES) {
      this.#lines.get(ids.readUInt32BE(at))?.write(bytes);
    }
  }

  async #begin(beginning: Beginning): Promise<void> {
    const { host, port, sessions, moveWithinMs, material } = beginning;
    const moves = { withinMs: moveWithinMs, random: Math.random };
    this.#tls = new LiveTls(material, moves);
    try {
      this.#listener = await TlsListener.listen({
        host,
        port,
        tls: this.#tls,
        sessions,
        makeTaker: () => this.#makeTaker(),
        clock: systemClock,
        logger: sendingLogger((text) => this.#channel.send(textFrame('logged', text))),
        metrics: {
          increment: (name, labels, by = 1) => {
            this.#channel.send(numbersFrame('counted', counterOf(name, labels), by));
          },
          set: () => undefined,
        },
      });
      // The node may have begun to leave while this was on its way.
      if (this.#isStopped) this.#listener.stop();
      this.#channel.send(listeningFrame(this.#listener.port));
      setInterval(() => this.#tell(), ALIVE_EVERY_MS).unref();
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      this.#channel.send(textFrame('failed', reason));
    }
  }

  /** How it is, and that it is. */
  #tell(): void {
    this.#channel.send(aliveFrame(process.memoryUsage.rss()));
  }

  #makeTaker(): ConnectionTaker {
    this.#lastGroup += 1;
    const group = this.#lastGroup;
    return {
      inject: (line) => this.#open(line, group),
      drain: (_lines, withinMs) => this.#channel.send(numbersFrame('moving', group, withinMs)),
      close: () => this.#channel.send(numberFrame('over', group)),
    };
  }

  #open(line: CallerLine, group: number): void {
    const id = this.#nextId();
    const { from, isHttp2, altNames } = line;
    this.#channel.send(openedFrame({ id, group, from, isHttp2, altNames }));
    this.#lines.set(
      id,
      new WorkerLine(id, line, {
        channel: this.#channel,
        paused: this.#paused,
        lines: this.#lines,
      }),
    );
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === ID_MAX ? 1 : this.#lastId + 1;
    while (this.#lines.has(this.#lastId));
    return this.#lastId;
  }

  #readOn(): void {
    const paused = [...this.#paused];
    this.#paused.clear();
    for (const line of paused) line.readOn();
  }
}
