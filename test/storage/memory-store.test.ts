import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { describeAuditContract } from '../contract/audit-store.ts';
import { describeStoreContract } from '../contract/store.ts';
import { describeBranchContract } from '../contract/store-branches.ts';

const harness = { create: () => openMemoryStore() };

describeStoreContract('in memory', harness);
describeBranchContract('in memory', harness);
describeAuditContract('in memory', harness);

describe('openMemoryStore', () => {
  it('takes the id that it is given', async () => {
    const storeId = '0123456789abcdef'.repeat(2);
    expect((await openMemoryStore({ storeId })).storeId).toBe(storeId);
  });
});
