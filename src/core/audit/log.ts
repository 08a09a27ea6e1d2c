/**
 * The audit log as a value: what appending and pruning come to, for a store to write.
 *
 * The entries are the leaves of a tree like that of a stream (`core/log/tree.ts`). A log that grew
 * too large loses its oldest entries and keeps their hashes, so that every root and every proof of
 * the rest stays what it was. Spec section 11.
 *
 * @module
 */
import { encodeCanonical, parseCanonical } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  type Frontier,
  type HashedSubtree,
  hashLeaf,
} from '../log/tree.ts';
import { readObject } from '../reader.ts';
import { type AuditEntry, encodeAuditEntry } from './entry.ts';

/** Where a log stands, without the hashes. */
export interface AuditLogRecord {
  /** Entries that were ever appended. */
  readonly size: number;
  /** The index of the oldest entry that is kept; `size` when none is. */
  readonly first: number;
  /** Bytes of the entries that are kept. */
  readonly bytes: number;
  /** The time of the newest entry. */
  readonly timeMs: number;
}

/** Where a log stands. */
export interface AuditLogState extends Omit<AuditLogRecord, 'size'> {
  readonly tree: Frontier;
}

/** What an append writes, all or nothing. */
export interface AuditAppend {
  readonly state: AuditLogState;
  readonly entries: readonly { readonly index: number; readonly bytes: Uint8Array }[];
  readonly subtrees: readonly HashedSubtree[];
}

/** A log without entries. */
export const EMPTY_AUDIT_LOG: AuditLogState = { tree: EMPTY_TREE, first: 0, bytes: 0, timeMs: 0 };

/** A log that is too large is cut to this share of its limit, so that cutting is rare. */
const PRUNE_TO = 0.9;
const RECORD_MAX_BYTES = 256;
const NUMBER = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** Appends entries, none of them with a time below the one before. Rules AL-3 and AL-4. */
export function appendEntries(log: AuditLogState, entries: readonly AuditEntry[]): AuditAppend {
  let { tree, bytes, timeMs } = log;
  const written: { index: number; bytes: Uint8Array }[] = [];
  const subtrees: HashedSubtree[] = [];
  for (const entry of entries) {
    timeMs = Math.max(timeMs, entry.timeMs);
    const encoded = encodeAuditEntry({ ...entry, timeMs });
    const { frontier, complete } = appendLeaf(tree, hashLeaf(encoded));
    written.push({ index: tree.size, bytes: encoded });
    subtrees.push(...complete);
    tree = frontier;
    bytes += encoded.length;
  }
  return { state: { ...log, tree, bytes, timeMs }, entries: written, subtrees };
}

/** Says whether a log takes more room than it may. */
export function isOversized({ bytes, first, tree }: AuditLogState, maxBytes: number): boolean {
  return bytes > maxBytes && first < tree.size;
}

/**
 * Takes the oldest entries away until the log is well within `maxBytes`, or all of `oldest`, which
 * are those from `log.first` on. Rule AL-6.
 */
export function pruneOldest(
  log: AuditLogState,
  oldest: readonly Uint8Array[],
  maxBytes: number,
): AuditLogState {
  let { first, bytes } = log;
  for (const entry of oldest) {
    if (bytes <= PRUNE_TO * maxBytes) break;
    first += 1;
    bytes -= entry.length;
  }
  return { ...log, first, bytes };
}

/** Encodes where a log stands, for the store. */
export function encodeLogRecord({ tree, first, bytes, timeMs }: AuditLogState): Uint8Array {
  return encodeCanonical({ bytes, first, size: tree.size, timeMs });
}

/** Parses what {@link encodeLogRecord} wrote. Errors: `LIMIT`, `PARSE`. */
export function parseLogRecord(encoded: Uint8Array): AuditLogRecord {
  const what = 'record of the audit log';
  const value = parseCanonical(encoded, { maxBytes: RECORD_MAX_BYTES, what });
  const record = readObject(value, what, { required: ['bytes', 'first', 'size', 'timeMs'] });
  const size = record.integer('size', NUMBER);
  const first = record.integer('first', NUMBER);
  if (first > size) throw new KedgeError('PARSE', `${what} has lost more entries than it had`);
  const bytes = record.integer('bytes', NUMBER);
  return { size, first, bytes, timeMs: record.integer('timeMs', NUMBER) };
}
