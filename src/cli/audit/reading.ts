/**
 * Reading the audit log of a node, page by page, and the times that commands about it take.
 *
 * Nothing here is verified: entries are the node's word until `audit/verifying.ts` has looked.
 *
 * @module
 */
import { readAuditCheckpoint } from '../../core/audit/checkpoint.ts';
import { type AuditEntry, readAuditEntry } from '../../core/audit/entry.ts';
import type { AuditPage, AuditQuery } from '../../core/audit/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import { type NodeId, parseTimestamp, timestampMs } from '../../core/ids.ts';
import { AUDIT_PAGE_MAX } from '../../core/limits.ts';
import { parseDurationSeconds } from '../durations.ts';
import { parseArgument } from '../help.ts';
import type { NodeAdmin } from '../node/admin.ts';
import type { Realm } from '../realm/realm.ts';

/** An entry at its place; absent what only a newer version can read. */
export interface ReadEntry {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly entry: AuditEntry | undefined;
}

/** Which entries. */
export type EntryFilter = Pick<AuditQuery, 'kinds' | 'stream' | 'sinceMs'>;

/** The newest entries of a log, and what its head says of it. */
interface NewestEntries {
  readonly node: NodeId;
  /** Where the log ended. */
  readonly size: number;
  readonly entries: readonly ReadEntry[];
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The node of a realm. Errors: `CONFIG` when there is none. */
export function requireNode({ node }: Realm): NodeAdmin {
  if (node !== undefined) return node;
  throw new KedgeError('CONFIG', 'an audit log is read from a node', {
    detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
  });
}

/** Entries page by page, as they come; the pages say how long the log was. */
export async function* readPages(
  node: Pick<NodeAdmin, 'audit'>,
  query: Omit<AuditQuery, 'limit'>,
): AsyncIterable<AuditPage & { readonly entries: readonly ReadEntry[] }> {
  let { start } = query;
  for (;;) {
    const place = start === undefined ? {} : { start };
    const page = await node.audit({ ...query, ...place, limit: AUDIT_PAGE_MAX });
    yield { ...page, entries: page.items.map(readItem) };
    if (page.next === undefined) return;
    requireProgress(query.order, start, page.next);
    start = page.next;
  }
}

/** The newest entries, oldest first, and where the log ended. */
export async function readNewest(
  node: Pick<NodeAdmin, 'audit'>,
  query: EntryFilter,
  limit: number,
): Promise<NewestEntries> {
  const everything = { order: 'newest-first', kinds: [], limit: 1 } as const;
  const head = readAuditCheckpoint((await node.audit(everything)).checkpoint).checkpoint;
  const { size } = head;
  const entries: ReadEntry[] = [];
  if (size === 0) return { ...head, entries };
  const begun = { ...query, order: 'newest-first', start: size } as const;
  for await (const page of readPages(node, begun)) {
    entries.push(...page.entries);
    if (entries.length >= limit) break;
  }
  return { ...head, entries: entries.slice(0, limit).toReversed() };
}

/** Reads an entry as far as this version can. */
export function readItem({ index, bytes }: AuditPage['items'][number]): ReadEntry {
  return { index, bytes, entry: readAuditEntry(bytes) };
}

/** A time, or how long ago: `2026-11-26T07:00:00Z`, `2026-11-26`, `2h`. Errors: `CONFIG`. */
export function timeArgument(name: string, text: string, nowMs: number): number {
  if (/^\d{1,9}[smhd]$/.test(text)) {
    return nowMs - 1000 * parseArgument(name, text, parseDurationSeconds);
  }
  const full = DAY.test(text) ? `${text}T00:00:00Z` : text;
  return parseArgument(name, full, (timestamp) => {
    try {
      return timestampMs(parseTimestamp(timestamp));
    } catch (cause) {
      throw new KedgeError('CONFIG', `not a time: ${JSON.stringify(text)}`, {
        cause,
        detail: { hint: 'write 2026-11-26T07:00:00Z, 2026-11-26, or how long ago: 90m, 3d' },
      });
    }
  });
}

/** A node that leads in a circle is not followed. */
function requireProgress(
  order: AuditQuery['order'],
  start: number | undefined,
  next: number,
): void {
  const isOnward = start === undefined || (order === 'oldest-first' ? next > start : next < start);
  if (!isOnward) throw new KedgeError('PARSE', 'the node lists its audit log in a circle');
}
