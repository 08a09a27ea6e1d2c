/**
 * What was handed in is on one node at first: whether that one can pass it on.
 *
 * A node answers when the document is durable there, and pushes it to all that it is linked to.
 * One that is cut off answers as well; its store is then the only place that has the document, and
 * whoever signed it has to know.
 *
 * @module
 */
import type { PeerStatus } from '../../core/admin/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Session } from '../session.ts';
import { countOf } from '../terminal/styles.ts';
import type { NodeAdmin } from './admin.ts';

const NAMES_SHOWN = 3;

/** Warns when the node that took a document has nobody to pass it on to; `kept` is the file. */
export async function warnIfAlone(session: Session, node: NodeAdmin, kept: string): Promise<void> {
  const alone = await aloneText(node);
  if (alone === undefined) return;
  session.output.warn(
    `${alone}: this may be in its store alone, and is lost with it. Keep ${session.shown(kept)}, ` +
      'which can be submitted again at any node; look again with kedge cluster --wait',
  );
}

/** What was handed in stands, whatever comes of asking. */
async function aloneText(node: NodeAdmin): Promise<string | undefined> {
  try {
    return describeAlone((await node.status()).peers);
  } catch (thrown) {
    const { code } = KedgeError.from(thrown);
    return `the node does not say whether others are linked to it (${code})`;
  }
}

/** How a node with these others around it is alone; nothing when it is not. */
export function describeAlone(peers: readonly PeerStatus[]): string | undefined {
  if (peers.some(({ link }) => link === 'up')) return undefined;
  if (peers.length === 0) return 'the node knows no other node';
  const shown = peers.slice(0, NAMES_SHOWN).map(({ nodeId }) => nodeId);
  const rest = peers.length > NAMES_SHOWN ? ', …' : '';
  const others = countOf(peers.length, 'other node');
  return `the node is linked to none of ${others} (${shown.join(', ')}${rest})`;
}
