/**
 * The little that the store needs of an ordered key-value database, so that the rules of
 * `document-store.ts` run over LevelDB and over memory alike.
 *
 * @module
 */
import type { KeyRange } from './keys.ts';

/** One value to write. */
export interface Put {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Which entries to read. */
export interface RangeQuery extends KeyRange {
  readonly order: 'ascending' | 'descending';
  readonly limit: number;
}

/**
 * An ordered map from ASCII keys to bytes. Returned bytes belong to the caller. Errors: `STORE`
 * with a `detail.reason`; a failed write leaves it open whether the values are there.
 */
export interface KeyValue {
  /** What messages call it: a path, or `memory`. */
  readonly where: string;
  get(key: string): Promise<Uint8Array | undefined>;
  getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>;
  range(query: RangeQuery): Promise<readonly Put[]>;
  /**
   * Makes writing possible again after a failed write; to be called before every write. `changed`:
   * since the last call the content may have become another one than successful writes made it.
   */
  repair(): Promise<'unchanged' | 'changed'>;
  /** Writes and removes all or nothing, durably. Calls must not overlap. */
  write(puts: readonly Put[], removedKeys?: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
