/**
 * Remembers, for operators, when a node last compared itself with a peer and when that led to more.
 *
 * A fetch counts as repair when the peer's rows began it: what a push announced is fetched as well,
 * but was not missed.
 *
 * @module
 */
import type { RepairTimes } from '../../core/admin/messages.ts';
import type { GossipEffect, GossipEvent } from '../../core/gossip/events.ts';

/** The times of one node since it started. */
export class RepairMemory {
  #times: RepairTimes = {};

  get times(): RepairTimes {
    return this.#times;
  }

  /** Looks at what happened and what came of it. */
  note(event: GossipEvent, effects: readonly GossipEffect[], nowMs: number): void {
    if (event.kind !== 'frame') return;
    if (event.frame.kind === 'digest') this.#times = { ...this.#times, comparedAtMs: nowMs };
    const isFetching = effects.some(({ kind }) => kind === 'fetch');
    if (event.frame.kind === 'rows' && isFetching) {
      this.#times = { ...this.#times, fetchedAtMs: nowMs };
    }
  }
}
