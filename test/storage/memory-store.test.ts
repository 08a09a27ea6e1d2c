import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { describeStoreContract } from '../contract/store.ts';

describeStoreContract('in memory', { create: () => openMemoryStore() });

describe('openMemoryStore', () => {
  it('takes the id that it is given', async () => {
    const storeId = '0123456789abcdef'.repeat(2);
    expect((await openMemoryStore({ storeId })).storeId).toBe(storeId);
  });
});
