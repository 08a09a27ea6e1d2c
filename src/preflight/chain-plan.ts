/**
 * What becomes of one recorded chain by a change.
 *
 * @module
 */
import type { Sha256 } from '../core/ids.ts';
import type { Verdict } from './verdict.ts';

/** What becomes of a chain, the worst first. */
export type Outcome = 'breaks' | 'expires' | 'broken' | 'mended' | 'fine';

/** A chain at one time. */
export interface PlanCell {
  readonly atMs: number;
  readonly today: Verdict;
  readonly proposed: Verdict;
}

/** What becomes of one chain. */
export interface ChainPlan {
  readonly name: string;
  readonly purpose: string;
  readonly leaf: { readonly id: Sha256; readonly name: string; readonly notAfterMs: number };
  readonly outcome: Outcome;
  /** The cell that the outcome is about; of a fine one the first. */
  readonly decisive: PlanCell;
  readonly cells: readonly PlanCell[];
  /** What was not looked at. */
  readonly gaps: readonly ('revocation' | 'more-paths')[];
}
