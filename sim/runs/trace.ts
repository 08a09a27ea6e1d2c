/**
 * Whoever wants to see all that machines are told and do.
 *
 * @module
 */
import type { GossipEffect, GossipEvent } from '../../src/core/gossip/events.ts';

/** Sees every event with its effects. */
export interface Trace {
  add(host: number, nowMs: number, event: GossipEvent, effects: readonly GossipEffect[]): void;
}
