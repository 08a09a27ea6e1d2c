/**
 * One system with its subscribers.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../src/testing/ports.ts';
import { processorMs, residentBytes } from '../process-stats.ts';
import { monotonicUs, nowUs } from '../swarm/clock.ts';
import { Swarm } from '../swarm/swarm.ts';
import type { Certificates } from './certificates.ts';
import { type Round, roundOf } from './rounds.ts';
import type { FanoutSystem, Publication, RunningServer } from './system.ts';

/** Handshakes at once. */
const OPEN_AT_ONCE = 64;
const OPEN_WITHIN_MS = 300_000;
const ROUND_WITHIN_MS = 120_000;
/** Until a server has freed what it needed for a while, and its processor time has been counted. */
const SETTLE_MS = 2000;
const AFTER_ROUND_MS = 150;
const KILOBYTE = 1024;

/** What contestants share. */
export interface Field {
  readonly folder: string;
  readonly certificates: Certificates;
  /** The program of the swarm. */
  readonly program: string;
  readonly subscribers: number;
}

/** A server and its clients, all connected. */
export class Contestant implements AsyncDisposable {
  readonly system: FanoutSystem;
  readonly #server: RunningServer;
  readonly #swarm: Swarm;
  readonly #subscribers: number;
  readonly #emptyBytes: number;

  private constructor(
    system: FanoutSystem,
    server: RunningServer,
    { swarm, subscribers }: { readonly swarm: Swarm; readonly subscribers: number },
  ) {
    this.system = system;
    this.#server = server;
    this.#swarm = swarm;
    this.#subscribers = subscribers;
    this.#emptyBytes = residentBytes(server.pid).now;
  }

  /** Starts the server and connects everybody. */
  static async open(system: FanoutSystem, field: Field): Promise<Contestant> {
    const { certificates, program, subscribers } = field;
    const folder = join(field.folder, `${system.name}-${subscribers}`);
    await mkdir(folder);
    const tls = await certificates.files('node', `server-${system.name}`);
    const port = await findFreePort();
    const server = await system.start({ folder, certificates, tls, port });
    const swarm = new Swarm(program, { dialogue: server.dialogue, certificates });
    const contestant = new Contestant(system, server, { swarm, subscribers });
    try {
      await swarm.open(subscribers, OPEN_AT_ONCE, OPEN_WITHIN_MS);
      return contestant;
    } catch (thrown) {
      await contestant[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Publishes once. `bytes` is what each subscriber was sent. */
  async round(
    publication: Publication,
    answers: 'silent' | 'acknowledging' = 'silent',
  ): Promise<Round & { readonly bytes: number }> {
    const publish = this.#server.prepare(publication);
    const says = answers === 'silent' ? undefined : this.#server.reply?.(publication);
    this.#swarm.reply(says);
    // An answer to a command comes behind all that were given before.
    await this.#swarm.stats();
    const keepMs = await this.#keepMs(publication);
    const spentMs = processorMs(this.#server.pid);
    const startUs = nowUs();
    const [arrivals] = await Promise.all([
      this.#swarm.round(publication.round, ROUND_WITHIN_MS),
      publish(),
    ]);
    await sleep(AFTER_ROUND_MS);
    const processor = processorMs(this.#server.pid) - spentMs;
    const keptAtMs = await this.#server.keptAtMs?.(publication);
    const keptUs = keptAtMs === undefined ? startUs : monotonicUs(keptAtMs);
    return {
      ...roundOf({ startUs, keptUs }, arrivals.us, { processorMs: processor, keepMs }),
      bytes: arrivals.bytes,
    };
  }

  /** Resident memory of the server for each subscriber, without what it takes with none. */
  async residentKb(): Promise<number> {
    await sleep(SETTLE_MS);
    const grown = residentBytes(this.#server.pid).now - this.#emptyBytes;
    return grown / this.#subscribers / KILOBYTE;
  }

  async #keepMs(publication: Publication): Promise<number> {
    const publish = this.#server.prepareUnwatched?.(publication);
    if (publish === undefined) return 0;
    const startMs = performance.now();
    await publish();
    return performance.now() - startMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#swarm[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}
