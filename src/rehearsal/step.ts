/**
 * What a runbook is: steps that are done one after the other.
 *
 * @module
 */
import type { Cluster } from './cluster.ts';
import type { ProgramTerms } from './programs.ts';

/** Does one step, times it, and notes the evidence that it ends with: what was there, in words. */
export type Step = (name: string, act: () => Promise<string>) => Promise<void>;

/** A runbook. */
export interface Runbook {
  readonly name: string;
  readonly summary: string;
  /** How programs are opened; default: they demand two regions. */
  readonly programs?: ProgramTerms;
  run(cluster: Cluster, step: Step): Promise<void>;
}
