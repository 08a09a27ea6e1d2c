/**
 * Where in the middle of an event a process is to die.
 *
 * @module
 */
import type { GossipEffect } from '../../src/core/gossip/events.ts';

/** When a process is to die: in the middle of an event, or of one that writes, after the write. */
export interface Crash {
  readonly share: number;
  readonly on: 'anything' | 'persist';
}

/** Before which of the effects it dies; nothing: it waits for another event. */
export function crashPoint(crash: Crash, effects: readonly GossipEffect[]): number | undefined {
  const persist = effects.findIndex(({ kind }) => kind === 'persist');
  if (crash.on === 'persist' && persist === -1) return undefined;
  const first = persist + 1;
  return first + Math.floor(crash.share * (effects.length - first + 1));
}
