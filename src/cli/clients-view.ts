/**
 * Clients one by one, as the nodes know them to which they report.
 *
 * @module
 */
import type { ClientStatus, NodeClients } from '../core/adoption/model.ts';
import { doing, formatPast } from './adoption-view.ts';
import { countOf, formatTable, printable, type Styles } from './styles.ts';

/** What is listed. */
export interface ClientListing {
  readonly nodes: readonly NodeClients[];
  /** Whether there are more than were asked for. */
  readonly rest: 'none' | 'more';
  readonly nowMs: number;
}

/** A list for a terminal. Nodes that did not answer are named, not left out. */
export function formatClients({ nodes, rest, nowMs }: ClientListing, styles: Styles): string {
  const rows = nodes.flatMap(({ nodeId, region, clients }) =>
    clients.map((client) => [region, nodeId, ...clientCells(client, nowMs)]),
  );
  const missing = nodes.flatMap(({ nodeId, missing: why }) =>
    why === undefined ? [] : [styles.red(`${nodeId} did not answer: ${printable(why)}`)],
  );
  const headers = ['region', 'node', 'client', 'instance', 'runs', 'state', 'since', 'labels'];
  return [
    rows.length === 0 ? 'no client' : formatTable(headers, rows),
    ...(rest === 'more' ? [`… and more: only ${countOf(rows.length, 'client')}, see --limit`] : []),
    ...missing,
  ].join('\n');
}

function clientCells(client: ClientStatus, nowMs: number): readonly string[] {
  const { identity, instance, held, behindSinceMs, labels } = client;
  return [
    printable(identity),
    instance?.slice(0, 8) ?? '-',
    held === undefined ? 'nothing' : `release ${String(held.sequence)}`,
    stateOf(client, nowMs),
    behindSinceMs === undefined ? '' : formatPast(behindSinceMs, nowMs),
    [...labels].map(([name, value]) => printable(`${name}=${value}`)).join(' '),
  ];
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
