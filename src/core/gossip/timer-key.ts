/**
 * The name under which a machine's timer runs.
 *
 * @module
 */
import type { Timer } from './events.ts';

/** Names a timer by all that it says: arming one with the same name replaces it. */
export function timerKey(timer: Timer): string {
  return Object.values(timer).join(' ');
}
