/**
 * The ways between hosts: how long each takes, and whether it is cut.
 *
 * @module
 */
import { draw } from '../world/prf.ts';
import type { Scene } from '../world/scene.ts';

const JITTER = 0.02;

/** One way for each ordered pair of hosts. */
export class Ways {
  readonly #scene: Pick<Scene, 'seed' | 'baseDelayMs'>;
  readonly #size: number;
  /** How many cuts block a way. */
  readonly #blocks: Int32Array;
  readonly #counters: Int32Array;
  /** Delays without jitter; 0 until one is asked for. */
  readonly #baseMs: Float64Array;

  constructor(scene: Pick<Scene, 'seed' | 'baseDelayMs'>, hosts: number) {
    this.#scene = scene;
    this.#size = hosts;
    this.#blocks = new Int32Array(hosts * hosts);
    this.#counters = new Int32Array(hosts * hosts);
    this.#baseMs = new Float64Array(hosts * hosts);
  }

  /** One-way delay with jitter, milliseconds; deterministic per pair. */
  delayMs(from: number, to: number): number {
    const pair = this.pair(from, to);
    const count = (this.#counters[pair] ?? 0) + 1;
    this.#counters[pair] = count;
    const share = draw(this.#scene.seed, 'network', pair, count);
    return this.#base(pair, from, to) * (1 + JITTER * share);
  }

  isBlocked(from: number, to: number): boolean {
    return (this.#blocks[this.pair(from, to)] ?? 0) > 0;
  }

  /** Says whether the way was free before. */
  block(from: number, to: number): boolean {
    const pair = this.pair(from, to);
    const blocks = (this.#blocks[pair] ?? 0) + 1;
    this.#blocks[pair] = blocks;
    return blocks === 1;
  }

  /** Says whether the way is free now. */
  unblock(from: number, to: number): boolean {
    const pair = this.pair(from, to);
    const blocks = Math.max(0, (this.#blocks[pair] ?? 0) - 1);
    this.#blocks[pair] = blocks;
    return blocks === 0;
  }

  #base(pair: number, from: number, to: number): number {
    const known = this.#baseMs[pair] ?? 0;
    if (known > 0) return known;
    const baseMs = this.#scene.baseDelayMs(from, to);
    this.#baseMs[pair] = baseMs;
    return baseMs;
  }

  /** A number for an ordered pair. */
  pair(from: number, to: number): number {
    return from * this.#size + to;
  }
}
