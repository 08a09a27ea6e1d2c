/**
 * The audit log as records of the store; see `ports/audit-store.ts`.
 *
 * @module
 */
import { type AuditLogRecord, encodeLogRecord, parseLogRecord } from '../core/audit/log.ts';
import type { StreamName } from '../core/ids.ts';
import type { Subtree } from '../core/log/tree.ts';
import type { AuditBatch, AuditStore, StoredEntry } from '../ports/audit-store.ts';
import { storeError } from './failures.ts';
import type { KeyValue, Put } from './key-value.ts';
import {
  AUDIT_LOG_KEY,
  auditEntryKey,
  auditEntryRange,
  auditMarkKey,
  auditTreeKey,
  parseAuditEntryKey,
} from './keys.ts';
import { parseStored } from './load-heads.ts';

/** What the records are kept in. */
export interface AuditRecordParts {
  readonly entries: KeyValue;
  /** Writes in turn with everything else that the store writes. */
  readonly write: (puts: readonly Put[], removedKeys: readonly string[]) => Promise<void>;
}

/** The audit log of one store. */
export class AuditRecords implements AuditStore {
  readonly #parts: AuditRecordParts;

  constructor(parts: AuditRecordParts) {
    this.#parts = parts;
  }

  async record(): Promise<AuditLogRecord | undefined> {
    const { entries } = this.#parts;
    const found = await entries.get(AUDIT_LOG_KEY);
    return found && parseStored(entries.where, AUDIT_LOG_KEY, () => parseLogRecord(found));
  }

  async write({ state, entries, subtrees, marks, removed }: AuditBatch): Promise<void> {
    const { from, to } = removed ?? { from: 0, to: 0 };
    await this.#parts.write(
      [
        ...entries.map(({ index, bytes }) => ({ key: auditEntryKey(index), value: bytes })),
        ...subtrees.map((subtree) => ({ key: auditTreeKey(subtree), value: subtree.hash })),
        ...marks.map(({ stream, mark }) => ({ key: auditMarkKey(stream), value: mark })),
        { key: AUDIT_LOG_KEY, value: encodeLogRecord(state) },
      ],
      Array.from({ length: to - from }, (_, at) => auditEntryKey(from + at)),
    );
  }

  async entries(from: number, to: number): Promise<readonly StoredEntry[]> {
    const { entries } = this.#parts;
    const range = auditEntryRange(from, to);
    const found = await entries.range({ ...range, order: 'ascending', limit: to - from });
    // Removed ones are the oldest: what is there ends at the end of the range, or of the log.
    const first = found[0] === undefined ? from : parseAuditEntryKey(found[0].key);
    return found.map(({ key, value }, at) => {
      const index = first + at;
      if (key === auditEntryKey(index)) return { index, bytes: value };
      throw this.#damaged(auditEntryKey(index));
    });
  }

  async subtrees(subtrees: readonly Subtree[]): Promise<readonly Uint8Array[]> {
    const keys = subtrees.map(auditTreeKey);
    const found = await this.#parts.entries.getMany(keys);
    return found.map((hash, at) => {
      if (hash !== undefined) return hash;
      throw this.#damaged(keys[at] ?? '');
    });
  }

  async mark(stream: StreamName): Promise<Uint8Array | undefined> {
    return await this.#parts.entries.get(auditMarkKey(stream));
  }

  #damaged(key: string): Error {
    return storeError('damaged', this.#parts.entries.where, `is damaged: ${key} is missing`);
  }
}
