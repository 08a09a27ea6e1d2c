/**
 * The clients that nodes list, put together from pages.
 *
 * @module
 */
import type { ClientFilter, NodeClients } from '../../core/adoption/model.ts';
import { KedgeError } from '../../core/errors.ts';
import type { BundleName, NodeId } from '../../core/ids.ts';
import { CLIENTS_PAGE_MAX } from '../../core/limits.ts';
import type { NodeAdmin } from '../node/admin.ts';

/**
 * Reads pages until there are enough. A node that did not answer is named once. Errors: `CONFIG`
 * for a node that nobody knows.
 */
export async function listClients(
  node: NodeAdmin,
  wanted: {
    readonly bundle: BundleName;
    readonly filter: ClientFilter;
    readonly nodeId: NodeId | undefined;
    readonly max: number;
  },
): Promise<{ readonly nodes: readonly NodeClients[]; readonly rest: 'none' | 'more' }> {
  const { bundle, filter, nodeId, max } = wanted;
  const byNode = new Map<NodeId, NodeClients>();
  let count = 0;
  let after = '';
  while (true) {
    const limit = Math.min(CLIENTS_PAGE_MAX, max - count);
    const asked = { bundle, filter, after, limit, ...(nodeId !== undefined && { nodeId }) };
    const { nodes, next } = await node.clients(asked);
    if (nodeId !== undefined && nodes.length === 0) await requireMember(node, bundle, nodeId);
    for (const page of nodes) {
      const known = byNode.get(page.nodeId);
      const clients = [...(known?.clients ?? []), ...page.clients];
      byNode.set(page.nodeId, { ...page, clients });
      count += page.clients.length;
    }
    if (next === undefined) return { nodes: [...byNode.values()], rest: 'none' };
    if (count >= max || next === after) return { nodes: [...byNode.values()], rest: 'more' };
    after = next;
  }
}

/** A node that nobody knows has no clients, and that is no answer. */
async function requireMember(node: NodeAdmin, bundle: BundleName, nodeId: NodeId): Promise<void> {
  const { nodes } = await node.adoption(bundle);
  if (nodes.some((one) => one.nodeId === nodeId)) return;
  const known = nodes.map((one) => one.nodeId);
  const named = known.slice(0, 20).join(', ') + (known.length > 20 ? ', …' : '');
  throw new KedgeError('CONFIG', `--at: no node is called ${nodeId}`, {
    detail: { hint: `known are: ${named}` },
  });
}
