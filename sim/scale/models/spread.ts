/**
 * What the models of other protocols share: nodes with delays between them, and when each heard.
 *
 * A model says how one small message spreads, with the protocol's own constants and without its
 * costs for verifying and writing: where ours wins against it, it wins against less work.
 *
 * @module
 */

import { DELAYS_MS } from '../../network/regions.ts';
import type { Draws } from '../../world/prf.ts';
import { TaskQueue } from '../../world/queue.ts';

/** A cluster in which a message spreads. */
export interface SpreadScene {
  /** The region of each node. */
  readonly regions: readonly number[];
  readonly origin: number;
  /** Nodes that are dead without anybody knowing. */
  readonly dead: ReadonlySet<number>;
  /** The share of messages that are lost (datagrams) or late (streams). */
  readonly lossRatio: number;
  readonly draws: Draws;
}

/** When each node heard, milliseconds after the origin; absent: never, or dead. */
export type Heard = ReadonlyMap<number, number>;

/** Simulated time for a model. */
export class ModelTime {
  readonly #queue = new TaskQueue();
  nowMs = 0;

  after(delayMs: number, run: () => void): void {
    this.#queue.push(this.nowMs + delayMs, -1, run);
  }

  /** Runs until nothing is left or time is up. */
  run(untilMs: number): void {
    for (let task = this.#queue.pop(); task !== undefined; task = this.#queue.pop()) {
      if (task.atMs > untilMs) return;
      this.nowMs = task.atMs;
      task.run();
    }
  }
}

/** The one-way delay between two nodes, milliseconds. */
export function delayBetween(scene: SpreadScene, a: number, b: number): number {
  return DELAYS_MS[scene.regions[a] ?? 0]?.[scene.regions[b] ?? 0] ?? 1;
}
