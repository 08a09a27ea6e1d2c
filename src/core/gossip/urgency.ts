/**
 * What goes first to a peer that does not keep up.
 *
 * Membership and statements are small and are what the others wait for; comparing takes up whatever
 * is lost, later too. Attestations come again every half minute or are asked for.
 *
 * @module
 */
import type { Frame } from './frames.ts';

/** `urgent` goes before `bulk`. */
export type Urgency = 'urgent' | 'bulk';

/** How urgent a frame is. */
// eslint-disable-next-line complexity -- one case per kind of frame
export function urgencyOf({ kind }: Frame): Urgency {
  switch (kind) {
    case 'digest':
    case 'rows-ask':
    case 'tree':
    case 'rows':
    case 'cosigned':
    case 'cosigned-ask':
    case 'heartbeat':
    case 'member-buckets':
    case 'member-rows':
      return 'bulk';
    case 'hello':
    case 'push':
    case 'held':
    case 'fork':
    case 'region-split':
    case 'ping':
    case 'ack':
    case 'ping-req':
    case 'nack':
    case 'members':
    case 'member-digest':
    case 'member-want':
      return 'urgent';
  }
}
