import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import { openLevelStore } from '../../src/storage/open-store.ts';
import { describeAuditContract } from '../contract/audit-store.ts';
import type { StoreHarness } from '../contract/harness.ts';
import { describeStoreContract } from '../contract/store.ts';
import { describeBranchContract } from '../contract/store-branches.ts';

const root = await mkdtemp(join(tmpdir(), 'kedge-level-'));
const paths = new WeakMap<Store, string>();
let count = 0;

afterAll(() => rm(root, { recursive: true }));

const harness: StoreHarness = {
  create: () => {
    count += 1;
    return openAt(join(root, 'stores', String(count)));
  },
  reopen: async (store) => {
    await store[Symbol.asyncDispose]();
    return await openAt(paths.get(store) ?? '');
  },
};

describeStoreContract('in LevelDB', harness);
describeBranchContract('in LevelDB', harness);
describeAuditContract('in LevelDB', harness);

async function openAt(path: string): Promise<Store> {
  const store = await openLevelStore(path);
  paths.set(store, path);
  return store;
}
