/**
 * An ordered key-value map in memory: what tests, simulations and throw-away nodes store in.
 *
 * @module
 */
import { copyBytes } from '../core/bytes.ts';
import { storeError } from './failures.ts';
import type { KeyValue, Put, RangeQuery } from './key-value.ts';

/** A map with its keys kept sorted; nothing outlives it. */
export class MemoryKeyValue implements KeyValue {
  readonly where: string = 'memory';
  readonly #values = new Map<string, Uint8Array>();
  readonly #keys: string[] = [];
  #phase: 'open' | 'closed' = 'open';

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#requireOpen();
    return this.#copy(key);
  }

  async getMany(keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#requireOpen();
    return keys.map((key) => this.#copy(key));
  }

  async range(query: RangeQuery): Promise<readonly Put[]> {
    this.#requireOpen();
    const start = this.#indexOf(query.gte);
    const end = Math.max(start, this.#indexOf(query.lt));
    const keys =
      query.order === 'ascending'
        ? this.#keys.slice(start, Math.min(end, start + query.limit))
        : this.#keys.slice(Math.max(start, end - query.limit), end).reverse();
    return keys.flatMap((key) => {
      const value = this.#copy(key);
      return value === undefined ? [] : [{ key, value }];
    });
  }

  async repair(): Promise<'unchanged'> {
    this.#requireOpen();
    return 'unchanged';
  }

  async write(puts: readonly Put[], removedKeys: readonly string[] = []): Promise<void> {
    this.#requireOpen();
    for (const key of removedKeys) {
      if (this.#values.delete(key)) this.#keys.splice(this.#indexOf(key), 1);
    }
    for (const { key, value } of puts) {
      if (!this.#values.has(key)) this.#keys.splice(this.#indexOf(key), 0, key);
      this.#values.set(key, copyBytes(value));
    }
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
  }

  #copy(key: string): Uint8Array | undefined {
    const value = this.#values.get(key);
    return value === undefined ? undefined : copyBytes(value);
  }

  /** The index of the first key that is not before `key`. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #requireOpen(): void {
    if (this.#phase === 'closed') throw storeError('closed', this.where, 'is closed');
  }
}
