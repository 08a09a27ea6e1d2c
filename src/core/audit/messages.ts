/**
 * What admins ask of a node's audit log, as plain values; `wire/audit.ts` maps them to
 * `proto/kedge/v1/admin.proto`.
 *
 * @module
 */
import type { StreamName } from '../ids.ts';
import type { AuditEntry, AuditKind } from './entry.ts';

/** Which entries to list. */
export interface AuditQuery {
  readonly order: 'oldest-first' | 'newest-first';
  /**
   * The index to begin with; newest first: the one to stop before. Absent: from the first that is
   * kept, or the end.
   */
  readonly start?: number;
  /** From 1 to `AUDIT_PAGE_MAX`. */
  readonly limit: number;
  readonly stream?: StreamName;
  /** Empty: all. */
  readonly kinds: readonly AuditKind[];
  /** Only entries from this time on. */
  readonly sinceMs?: number;
}

/** An entry at its place, byte for byte as it is in the tree. */
export interface AuditItem {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** One page of entries. */
export interface AuditPage {
  /** Of the log that the page was read from: a note, or the text alone where nobody signs. */
  readonly checkpoint: Uint8Array;
  /** The first entry that is kept. */
  readonly first: number;
  readonly items: readonly AuditItem[];
  /** `start` of the next page; absent after the last one. */
  readonly next?: number;
}

/** Which proof to make; sizes up to that of the log. */
export type AuditProofQuery =
  /** That the tree of `size` has this leaf. */
  | { readonly kind: 'inclusion'; readonly index: number; readonly size: number }
  /** That the tree of `size` begins with that of `from`. */
  | { readonly kind: 'consistency'; readonly from: number; readonly size: number }
  /** The hashes of the perfect subtrees that the tree of `size` is made of, largest first. */
  | { readonly kind: 'peaks'; readonly size: number };

/** Says whether an entry is one of those that are asked for; an unreadable one only among all. */
export function isWanted(entry: AuditEntry | undefined, query: AuditQuery): boolean {
  const { stream, kinds, sinceMs = 0 } = query;
  if (entry === undefined) return stream === undefined && kinds.length === 0;
  if (entry.timeMs < sinceMs) return false;
  if (stream !== undefined && entry.stream !== stream) return false;
  return kinds.length === 0 || kinds.includes(entry.what);
}
