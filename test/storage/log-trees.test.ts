/**
 * The trees of a store: those of an older version.
 */
import { describe, expect, it } from 'vitest';
import type { Sha256 } from '../../src/core/ids.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  hashLeaf,
  perfectSubtrees,
  treeRoot,
} from '../../src/core/log/tree.ts';
import type { Store } from '../../src/ports/store.ts';
import { DocumentStore } from '../../src/storage/document-store.ts';
import { MemoryKeyValue } from '../../src/storage/memory-key-value.ts';
import { batchOf, documentsOf, PAYMENTS } from '../contract/store-fixtures.ts';

describe('the trees of a store', () => {
  it('are made from the statements when an older version wrote none', async () => {
    const entries = await withoutTrees(5);
    const store = await DocumentStore.open('0'.repeat(32), entries);
    expect(await rootOf(store, 5)).toBe(rootOver(5));
  });

  it('are made with the next statement when nobody read them before', async () => {
    const entries = await withoutTrees(5);
    const store = await DocumentStore.open('0'.repeat(32), entries);
    await store.append(batchOf(...documentsOf(PAYMENTS, 6, 6)));
    expect(await rootOf(store, 6)).toBe(rootOver(6));
    expect(await rootOf(store, 3)).toBe(rootOver(3));
  });
});

async function withoutTrees(count: number): Promise<MemoryKeyValue> {
  const entries = new MemoryKeyValue();
  const store = await DocumentStore.open('0'.repeat(32), entries);
  await store.append(batchOf(...documentsOf(PAYMENTS, 1, count)));
  const all = { gte: 'tree:', lt: 'tree;', order: 'ascending', limit: 1000 } as const;
  const trees = await entries.range(all);
  expect(trees.length).toBeGreaterThan(count);
  await entries.write(
    [],
    trees.map(({ key }) => key),
  );
  return entries;
}

async function rootOf(store: Store, size: number): Promise<Sha256> {
  return treeRoot({ size, peaks: await store.subtrees(PAYMENTS, perfectSubtrees(0, size)) });
}

function rootOver(size: number): Sha256 {
  const payloads = documentsOf(PAYMENTS, 1, size).map(({ document }) => document.statement.payload);
  return treeRoot(
    payloads.reduce((tree, payload) => appendLeaf(tree, hashLeaf(payload)).frontier, EMPTY_TREE),
  );
}
