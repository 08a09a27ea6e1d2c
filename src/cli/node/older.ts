/**
 * Nodes that may refuse what is to be signed, because they run a version that does not know it.
 *
 * A node says of itself which documents it understands, and others pass that on unsigned: it is
 * good for a warning. Of a node that says nothing nobody knows; it may be older than that.
 *
 * @module
 */
import type { NodeStatus } from '../../core/admin/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import { levelNeeded } from '../../core/statements/document-level.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import type { Session } from '../session.ts';
import { countOf, printable } from '../terminal/styles.ts';
import type { NodeAdmin } from './admin.ts';

const NAMES_SHOWN = 8;

/** What a node says of itself and of the others; absent when it does not. */
export async function askVersions(node: NodeAdmin): Promise<NodeStatus | undefined> {
  try {
    return await node.status();
  } catch (thrown) {
    // Drafting goes on without: it is a warning that is lacking.
    if (KedgeError.from(thrown).code === 'BUG') throw thrown;
    return undefined;
  }
}

/** Warns by name of nodes that may not understand a document, before it is signed. */
export function warnOfOlderNodes(
  session: Session,
  nodes: NodeStatus | undefined,
  { statement, body }: SignedDocument,
): void {
  const { kind } = parseStatement(statement.payload);
  const older = nodes === undefined ? [] : olderNodes(nodes, levelNeeded(kind, body));
  if (older.length === 0) return;
  const shown = older.slice(0, NAMES_SHOWN).join(', ');
  const rest = older.length > NAMES_SHOWN ? ', …' : '';
  const who = older.length === 1 ? 'a node' : countOf(older.length, 'node');
  session.output.warn(
    `${who} may not understand this ${kind} and would go on without it: ${shown}${rest}. ` +
      'Update them before it is signed; see kedge cluster',
  );
}

/** Nodes that understand less than a level, as far as is known, with their versions. */
export function olderNodes(status: NodeStatus, level: number): readonly string[] {
  const own = { nodeId: status.nodeId, version: status.version, documents: status.documents };
  const others = status.peers
    .filter(({ state, doubt }) => state !== 'left' && doubt !== 'unproven')
    .map(({ nodeId, software }) => ({ nodeId, ...software }));
  return [own, ...others]
    .filter(({ documents = 0 }) => documents < level)
    .map(({ nodeId, version }) => `${nodeId} (${versionText(version)})`);
}

/** The version of a node for people. */
function versionText(version: string | undefined): string {
  return version === undefined ? 'version not known' : printable(version);
}
