/**
 * What the parts of a world have in common: its time, what was planned, and who is there.
 *
 * @module
 */

import type { SimNode } from '../nodes/node.ts';
import type { Coverage } from '../oracle/coverage.ts';
import type { Truth } from '../oracle/truth.ts';
import type { Pool } from '../people/pool.ts';
import type { SeedPlan } from './plan.ts';

/** Simulated time. */
export interface Time {
  readonly nowMs: number;
  /** Runs something at a time, on a host (-1: outside of all). */
  at(atMs: number, host: number, run: () => void): void;
  after(delayMs: number, host: number, run: () => void): void;
}

/** One seed under way. */
export interface Scene extends Time {
  readonly seed: number;
  readonly plan: SeedPlan;
  readonly pool: Pool;
  readonly truth: Truth;
  readonly coverage: Coverage;
  readonly hosts: readonly SimNode[];
  /** What every node's configuration names as its seeds. */
  readonly seeds: readonly string[];
  /** Honest nodes that are still there. */
  core(): readonly SimNode[];
  /** The host behind an address. */
  hostAt(address: string): number | undefined;
  /** The delay between two hosts without jitter, milliseconds. */
  baseDelayMs(from: number, to: number): number;
  /** Counts what is sent. */
  tally(kind: string, bytes: number): void;
}
