/**
 * A suspicion against one member, and how long it may still answer to it.
 *
 * The more members found out for themselves, the less likely the fault is with those who suspect,
 * and the shorter the wait (Lifeguard, section IV-B). A confirmation counts only when both who
 * found out and the link that said so are new: one lying peer cannot shorten a wait.
 *
 * @module
 */

import type { NodeId } from '../ids.ts';
import type { LinkId } from '../peer.ts';
import type { MembershipConfig } from './config.ts';

/** What bounds a suspicion when it starts. */
export interface SuspicionBounds {
  /** Alive members, for the length of the wait. */
  readonly members: number;
  /** Members other than the subject and the first who suspected it that can find out. */
  readonly witnesses: number;
}

/** The link that a claim came over; absent for this node's own probe. */
export type ClaimSource = LinkId | undefined;

/** A running suspicion. */
export class Suspicion {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #confirmationsMax: number;
  readonly #by: NodeId[];
  readonly #sources: ClaimSource[];
  #startMs: number;

  constructor(
    config: MembershipConfig,
    { members, witnesses }: SuspicionBounds,
    first: { readonly by: NodeId; readonly source: ClaimSource },
    nowMs: number,
  ) {
    this.#minMs =
      config.suspicionMult * Math.max(1, Math.log10(Math.max(1, members))) * config.probeIntervalMs;
    this.#maxMs = this.#minMs * config.suspicionMaxMult;
    this.#confirmationsMax = Math.max(0, Math.min(config.confirmations, witnesses));
    this.#by = [first.by];
    this.#sources = [first.source];
    this.#startMs = nowMs;
  }

  /** Who found out; the first one first. */
  get by(): readonly NodeId[] {
    return this.#by;
  }

  /** When the member counts as failed. */
  get dueMs(): number {
    const { length } = this.#by;
    const share =
      this.#confirmationsMax === 0
        ? 1
        : Math.min(1, Math.log(length) / Math.log(this.#confirmationsMax + 1));
    return this.#startMs + this.#maxMs - (this.#maxMs - this.#minMs) * share;
  }

  /** Counts the first of `by` that is new, if the source is; says whether anything counted. */
  confirm(by: readonly NodeId[], source: ClaimSource): 'counted' | 'known' {
    if (this.#by.length > this.#confirmationsMax || this.#sources.includes(source)) return 'known';
    const fresh = by.find((one) => !this.#by.includes(one));
    if (fresh === undefined) return 'known';
    this.#by.push(fresh);
    this.#sources.push(source);
    return 'counted';
  }

  /** This node slept: what would have answered meanwhile waits in its queues. */
  extend(byMs: number): void {
    this.#startMs += byMs;
  }
}
