/**
 * The name under which a machine's timer runs: arming one with the same name replaces it.
 *
 * @module
 */
import type { Timer } from '../src/core/gossip/events.ts';

/** Names a timer. */
export function timerKey(timer: Timer): string {
  if ('nodeId' in timer) return `${timer.name} ${timer.nodeId}`;
  return 'fetchId' in timer ? `${timer.name} ${timer.fetchId}` : timer.name;
}
