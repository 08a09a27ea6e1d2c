/**
 * Clients one by one, as the nodes know them to which they report.
 *
 * @module
 */
import type { ClientStatus, ClientUse, NodeClients } from '../../core/adoption/model.ts';
import type { AnchorId } from '../../core/ids.ts';
import { countOf, formatTable, printable, type Styles } from '../terminal/styles.ts';
import { doing, formatPast } from './view.ts';

/** What is listed. */
export interface ClientListing {
  readonly nodes: readonly NodeClients[];
  /** Whether there are more than were asked for. */
  readonly rest: 'none' | 'more';
  readonly nowMs: number;
  /** The anchor of which the use is listed; absent: clients are listed for another reason. */
  readonly uses?: AnchorId;
}

/** A list for a terminal. Nodes that did not answer are named, not left out. */
export function formatClients(listing: ClientListing, styles: Styles): string {
  const { nodes, rest, uses } = listing;
  const rows = nodes.flatMap(({ nodeId, region, clients }) =>
    clients.map((client) => [region, nodeId, ...clientCells(client, listing)]),
  );
  const missing = nodes.flatMap(({ nodeId, missing: why }) =>
    why === undefined ? [] : [styles.red(`${nodeId} did not answer: ${printable(why)}`)],
  );
  const used = uses === undefined ? [] : ['last used', 'handshakes'];
  const place = ['region', 'node', 'client', 'instance'];
  const headers = [...place, ...used, 'runs', 'state', 'since', 'labels'];
  return [
    rows.length === 0 ? 'no client' : formatTable(headers, rows),
    ...(rest === 'more' ? [`… and more: only ${countOf(rows.length, 'client')}, see --limit`] : []),
    ...missing,
  ].join('\n');
}

function clientCells(client: ClientStatus, { uses, nowMs }: ClientListing): readonly string[] {
  const { identity, instance, held, behindSinceMs, labels } = client;
  const use = client.uses.find(({ anchor }) => anchor === uses);
  return [
    printable(identity),
    instance?.slice(0, 8) ?? '-',
    ...(uses === undefined ? [] : useCells(use, nowMs)),
    held === undefined ? 'nothing' : `release ${String(held.sequence)}`,
    stateOf(client, nowMs),
    behindSinceMs === undefined ? '' : formatPast(behindSinceMs, nowMs),
    [...labels].map(([name, value]) => printable(`${name}=${value}`)).join(' '),
  ];
}

/** Of one that is listed by its use, and of which a node has no longer the time: `-`. */
function useCells(use: ClientUse | undefined, nowMs: number): readonly string[] {
  if (use === undefined) return ['-', '-'];
  return [formatPast(use.lastUsedMs, nowMs), String(use.handshakes)];
}

function stateOf(client: ClientStatus, nowMs: number): string {
  const { stage, otherSequence, refusal, behindSinceMs, presence, sinceMs } = client;
  const code = refusal && `${refusal.code} ${printable(refusal.reason)}`;
  const isNewest = stage === 'loaded' && behindSinceMs === undefined;
  const notes = [
    ...(isNewest ? ['newest'] : [doing(stage, otherSequence, code)]),
    ...(presence === 'departed' ? [`went away ${formatPast(sinceMs, nowMs)}`] : []),
    ...(client.reportsUsage ? [] : ['does not report use']),
    ...(client.untracked ? ['uses anchors unseen'] : []),
  ];
  return notes.join(', ');
}
