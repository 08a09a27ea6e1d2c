/**
 * What a node keeps of its audit log: entries, the hashes of their tree, and how far each stream
 * was noted.
 *
 * Beside the documents in the same store and written by the same hand, so that an entry is never on
 * the disk before what it speaks of. The log is one node's own, and no other one ever sees it as
 * more than its word.
 *
 * @module
 */
import type { AuditAppend, AuditLogRecord } from '../core/audit/log.ts';
import type { StreamName } from '../core/ids.ts';
import type { Subtree } from '../core/log/tree.ts';

/** An entry at its place. */
export type StoredEntry = AuditAppend['entries'][number];

/** What one write adds and removes, all or nothing. */
export interface AuditBatch extends AuditAppend {
  /** How far streams are noted from now on; what the bytes mean is the writer's business. */
  readonly marks: readonly { readonly stream: StreamName; readonly mark: Uint8Array }[];
  /** Entries whose bytes are removed; their hashes stay. */
  readonly removed?: { readonly from: number; readonly to: number };
}

/** The audit log of one store. Errors of all: `STORE`. */
export interface AuditStore {
  /** Where the log stands; absent before the first write. */
  record(): Promise<AuditLogRecord | undefined>;
  /** Writes durably. After a failure the same batch is written again before any other one. */
  write(batch: AuditBatch): Promise<void>;
  /** Those entries from `from` up to, without, `to` that are kept, by ascending index. */
  entries(from: number, to: number): Promise<readonly StoredEntry[]>;
  /** Hashes of perfect subtrees, all within the log. */
  subtrees(subtrees: readonly Subtree[]): Promise<readonly Uint8Array[]>;
  /** How far a stream is noted; absent when it never was. */
  mark(stream: StreamName): Promise<Uint8Array | undefined>;
}
