/**
 * What of that which arrives is judged, so that what only the store knows of it is read first.
 *
 * @module
 */
import type { FetchItem, Frame, Push } from '../../core/gossip/frames.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';

/** What is about to be judged; the body only where it came whole. */
export interface Judged {
  readonly statement: SignedStatement;
  readonly body?: Uint8Array;
}

/** What a frame or a piece of a fetch's answer gives to judge; nothing for most. */
// eslint-disable-next-line complexity -- one case per kind of frame
export function judgedIn(from: Frame | FetchItem): Judged | undefined {
  switch (from.kind) {
    case 'push':
      return judgedPush(from.push);
    case 'entry':
      return judgedPush(from.entry);
    case 'fork':
      return { statement: from.evidence.first };
    case 'hello':
    case 'held':
    case 'digest':
    case 'rows-ask':
    case 'rows':
    case 'tree':
    case 'blobs':
    case 'over':
    case 'ping':
    case 'ack':
    case 'ping-req':
    case 'nack':
    case 'members':
    case 'member-digest':
    case 'member-buckets':
    case 'member-rows':
    case 'member-want':
    case 'cosigned':
    case 'heartbeat':
    case 'region-split':
    case 'cosigned-ask':
    case 'lines-ask':
    case 'lines':
    case 'adoption-rows':
    case 'adoption-digest':
    case 'adoption-vector':
    case 'arrivals':
    case 'proposal':
    case 'proposal-signed':
    case 'proposal-withdrawn':
    case 'proposal-digest':
    case 'proposal-vector':
      return undefined;
  }
}

function judgedPush({ statement, content }: Push): Judged {
  return content.kind === 'whole' ? { statement, body: content.body } : { statement };
}
