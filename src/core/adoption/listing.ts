/**
 * Lists clients of one node, page by page.
 *
 * @module
 */
import { CLIENT_USES_MAX } from '../limits.ts';
import type { AdoptionBoard } from './board.ts';
import { type Client, type Progress, placeOf, shortDigest } from './client.ts';
import type { ClientPage, ClientStatus, ClientsQuery, ClientUse } from './model.ts';
import type { AdoptionRow, RowGroup } from './row.ts';

/** What the clients of one page take, about; a page fits a message with room to spare. */
const PAGE_BYTES = 1024 * 1024;
/** Of one client, without its texts. */
const CLIENT_BYTES = 256;
const USE_BYTES = 48;

/** One page of the clients that are meant, ordered by identity. */
export function listClients(board: AdoptionBoard, query: ClientsQuery): ClientPage {
  const { bundle, after, limit } = query;
  const found: { readonly client: Client; readonly progress: Progress }[] = [];
  for (const client of board.clients()) {
    const progress = client.bundles.get(bundle);
    if (progress === undefined || client.name <= after) continue;
    if (isMeant(board, client, progress, query)) found.push({ client, progress });
  }
  found.sort((a, b) => (a.client.name < b.client.name ? -1 : 1));
  const clients: ClientStatus[] = [];
  let bytes = 0;
  for (const { client, progress } of found) {
    if (clients.length === limit || bytes > PAGE_BYTES) break;
    const status = statusOf(board, client, progress);
    bytes += clientBytes(status);
    clients.push(status);
  }
  const last = found[clients.length - 1];
  if (clients.length === found.length || last === undefined) return { clients };
  return { clients, next: last.client.name };
}

/** Says whether a node may have clients that are meant, by what it tells of all of them. */
export function mayHave(
  row: AdoptionRow,
  { bundle, filter }: ClientsQuery,
  headDigest: string,
): boolean {
  const told = row.bundles.find((one) => one.bundle === bundle);
  // What nobody serves nobody tells of, and clients may wait for it.
  if (told === undefined) return row.knowledge === 'partial' || headDigest === '';
  const some = (test: (group: RowGroup) => boolean): boolean => told.groups.some(test);
  switch (filter.kind) {
    case 'all':
      return told.groups.length > 0;
    case 'departed':
      return told.counts.departed > 0;
    case 'refused':
      return some(({ stage }) => stage === 'refused');
    case 'loaded':
      return some(({ digest }) => digest === headDigest || digest === '');
    case 'behind':
      return some(({ digest }) => digest !== headDigest);
    case 'uses':
      return (
        told.knowledge === 'partial' || told.anchors.some(({ anchor }) => anchor === filter.anchor)
      );
  }
}

function isMeant(
  board: AdoptionBoard,
  { presence }: Client,
  { held, other, uses }: Progress,
  { bundle, filter }: ClientsQuery,
): boolean {
  const isAtHead = held !== undefined && held.digest === board.tally(bundle)?.head?.digest;
  switch (filter.kind) {
    case 'all':
      return true;
    case 'departed':
      return presence === 'departed';
    case 'refused':
      return other?.stage === 'refused';
    case 'loaded':
      return isAtHead;
    case 'behind':
      return !isAtHead;
    case 'uses':
      return uses?.has(filter.anchor) === true;
  }
}

function statusOf(board: AdoptionBoard, client: Client, progress: Progress): ClientStatus {
  const { identity, alias, labels, presence, sinceMs, reportsUsage, previousNode } = client;
  const { held, other, untracked, bundle } = progress;
  const tally = board.tally(bundle);
  const behindSinceMs =
    held === undefined
      ? sinceMs
      : tally?.behindSinceMs({ sequence: held.sequence, digest: shortDigest(held.digest) });
  return {
    identity,
    ...(alias !== undefined && { instance: alias }),
    labels,
    stage: placeOf(progress).stage,
    ...(held !== undefined && { held }),
    ...(other !== undefined && { otherSequence: other.sequence }),
    ...(other?.refusal !== undefined && { refusal: other.refusal }),
    ...(behindSinceMs !== undefined && { behindSinceMs }),
    presence,
    sinceMs,
    reportsUsage,
    untracked,
    ...(previousNode !== undefined && { previousNode }),
    uses: usesOf(progress),
  };
}

function usesOf({ uses }: Progress): readonly ClientUse[] {
  if (uses === undefined) return [];
  return Array.from(uses, ([anchor, use]) => ({ anchor, ...use }))
    .toSorted((a, b) => b.lastUsedMs - a.lastUsedMs)
    .slice(0, CLIENT_USES_MAX);
}

/** What a client takes in a message, about. */
export function clientBytes({ identity, labels, refusal, uses }: ClientStatus): number {
  let size = CLIENT_BYTES + identity.length + USE_BYTES * uses.length;
  for (const [key, value] of labels) size += key.length + value.length;
  return size + 3 * (refusal?.reason.length ?? 0);
}
