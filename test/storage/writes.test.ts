/**
 * What a store says while its disk refuses, over a database that fails on command.
 */
import { describe, expect, it } from 'vitest';
import { parseSequence } from '../../src/core/ids.ts';
import { DocumentStore } from '../../src/storage/document-store.ts';
import { storeError } from '../../src/storage/failures.ts';
import type { Put } from '../../src/storage/key-value.ts';
import { MemoryKeyValue } from '../../src/storage/memory-key-value.ts';
import { batchOf, documentOf, PAYMENTS } from '../contract/store-fixtures.ts';

class FailingKeyValue extends MemoryKeyValue {
  /** Where it fails; absent: nowhere. */
  failing: 'write' | 'repair' | undefined;

  override async repair(): Promise<'unchanged'> {
    if (this.failing === 'repair') throw storeError('denied', this.where, 'may not be written');
    return super.repair();
  }

  override async write(puts: readonly Put[], removedKeys?: readonly string[]): Promise<void> {
    if (this.failing === 'write') throw storeError('full', this.where, 'cannot grow');
    await super.write(puts, removedKeys);
  }
}

async function opened(): Promise<{ entries: FailingKeyValue; store: DocumentStore }> {
  const entries = new FailingKeyValue();
  return { entries, store: await DocumentStore.open('0'.repeat(32), entries) };
}

const noted = new Uint8Array(1);

describe('the trouble of a store', () => {
  it('begins with a write that fails, and ends with the next one that is done', async () => {
    const { entries, store } = await opened();
    await store.append(batchOf(documentOf(PAYMENTS, 1)));
    expect(store.trouble).toBeUndefined();
    entries.failing = 'write';
    const beforeMs = Date.now();
    await expect(store.append(batchOf(documentOf(PAYMENTS, 2)))).rejects.toMatchObject({
      code: 'STORE',
    });
    const { trouble } = store;
    expect(trouble?.reason).toContain('cannot grow');
    expect(trouble?.sinceMs).toBeGreaterThanOrEqual(beforeMs);
    entries.failing = undefined;
    await store.setNote('boot', noted);
    expect(store.trouble).toBeUndefined();
  });

  it('keeps the time at which it began, and tells the newest reason', async () => {
    const { entries, store } = await opened();
    entries.failing = 'write';
    await expect(store.setNote('boot', noted)).rejects.toThrow();
    const first = store.trouble;
    await new Promise((resolve) => setTimeout(resolve, 5));
    entries.failing = 'repair';
    await expect(store.advance()).rejects.toThrow();
    expect(store.trouble?.sinceMs).toBe(first?.sinceMs);
    expect(store.trouble?.reason).toContain('may not be written');
  });

  it('is not what somebody should not have written, nor ended by what needs no write', async () => {
    const { entries, store } = await opened();
    await store.append(batchOf(documentOf(PAYMENTS, 1)));
    await expect(store.append(batchOf(documentOf(PAYMENTS, 3)))).rejects.toMatchObject({
      code: 'BUG',
    });
    expect(store.trouble).toBeUndefined();
    entries.failing = 'write';
    await expect(store.setNote('boot', noted)).rejects.toThrow();
    await store.append(batchOf(documentOf(PAYMENTS, 1)));
    expect(store.trouble?.reason).toContain('cannot grow');
    expect(await store.document(PAYMENTS, parseSequence(1))).toBeDefined();
  });
});
