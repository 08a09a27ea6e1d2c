/**
 * The timers of a machine, and the names under which they run.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import type { MembershipTimer } from '../membership/events.ts';

/** Who hears an acknowledgement: the own region, or the others. */
export type AcknowledgeScope = 'region' | 'abroad';

/** The machine's timers; arming one again replaces it. */
export type Timer =
  | MembershipTimer
  | { readonly name: 'repair' }
  | { readonly name: 'seeds' }
  /** Who said nothing about news hears of it now. */
  | { readonly name: 'acknowledge'; readonly scope: AcknowledgeScope }
  /** A fetch should have brought something by now. */
  | { readonly name: 'fetch'; readonly fetchId: number }
  | { readonly name: 'dial'; readonly nodeId: NodeId };

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
