/**
 * The name under which a machine's timer runs.
 *
 * @module
 */
import type { Timer } from './events.ts';

/** Names a timer by all that it says: arming one with the same name replaces it. */
export function timerKey(timer: Timer): string {
  switch (timer.name) {
    case 'acknowledge':
      return `acknowledge ${timer.scope}`;
    case 'fetch':
      return `fetch ${timer.fetchId}`;
    case 'dial':
      return `dial ${timer.nodeId}`;
    case 'repair':
    case 'seeds':
    case 'member-probe':
    case 'member-spread':
    case 'member-help':
    case 'member-rejoin':
      return timer.name;
  }
}
