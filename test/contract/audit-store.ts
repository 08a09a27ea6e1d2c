/**
 * The contract of the audit log's store: every implementation of a store runs this suite.
 */
import { describe, expect, it } from 'vitest';
import { type AuditAppend, appendEntries, EMPTY_AUDIT_LOG } from '../../src/core/audit/log.ts';
import { encodeHex, encodeUtf8 } from '../../src/core/bytes.ts';
import { foldPeaks, perfectSubtrees, treeRoot } from '../../src/core/log/tree.ts';
import type { AuditBatch } from '../../src/ports/audit-store.ts';
import type { Store } from '../../src/ports/store.ts';
import { openedStores, type StoreHarness } from './harness.ts';
import { at, batchOf, documentOf, PAYMENTS, PUBLIC } from './store-fixtures.ts';

/** What a log writes that grows by so many entries. */
function grow(count: number, log: AuditAppend['state'] = EMPTY_AUDIT_LOG): AuditAppend {
  const entries = Array.from({ length: count }, (_, index) => ({
    what: 'node-started' as const,
    timeMs: 1000 * (log.tree.size + index + 1),
  }));
  return appendEntries(log, entries);
}

function batch(append: AuditAppend, more: Partial<AuditBatch> = {}): AuditBatch {
  return { ...append, marks: [], ...more };
}

export function describeAuditContract(name: string, harness: StoreHarness): void {
  describe(`the audit store contract, ${name}`, () => {
    const { create, reopened } = openedStores(harness);

    it('starts without a log', async () => {
      const { audit } = await create();
      expect(await audit.record()).toBeUndefined();
      expect(await audit.entries(0, 10)).toEqual([]);
      expect(await audit.mark(PAYMENTS)).toBeUndefined();
    });

    it('keeps where the log stands, and its entries byte for byte', async () => {
      const store = await create();
      const first = grow(3);
      const second = grow(9, first.state);
      await store.audit.write(batch(first));
      await store.audit.write(batch(second));
      const { audit } = await reopened(store);
      const { first: oldest, bytes, timeMs } = second.state;
      expect(await audit.record()).toEqual({ size: 12, first: oldest, bytes, timeMs });
      expect(await audit.entries(0, 12)).toEqual([...first.entries, ...second.entries]);
    });

    it('gives a part of the entries in their order, and none beyond the end', async () => {
      const store = await create();
      // More than nine, so that an order by text would show.
      const { entries } = await written(store, 12);
      const { audit } = await reopened(store);
      expect(await audit.entries(8, 11)).toEqual(entries.slice(8, 11));
      expect(await audit.entries(10, 20)).toEqual(entries.slice(10));
      expect(await audit.entries(12, 20)).toEqual([]);
    });

    it('gives the hashes of subtrees, in the order asked, that the root is made of', async () => {
      const store = await create();
      const { state } = await written(store, 11);
      const { audit } = await reopened(store);
      const peaks = perfectSubtrees(0, 11);
      expect(encodeHex(foldPeaks(await audit.subtrees(peaks)))).toBe(treeRoot(state.tree));
      const reversed = await audit.subtrees([...peaks].reverse());
      expect([...reversed].reverse()).toEqual(await audit.subtrees(peaks));
    });

    it('fails when a hash is asked for that was never written', async () => {
      const store = await create();
      await written(store, 2);
      await expect(store.audit.subtrees([{ level: 2, index: 0 }])).rejects.toMatchObject({
        code: 'STORE',
      });
    });

    it('removes the oldest entries and keeps their hashes', async () => {
      const store = await create();
      const { state, entries } = await written(store, 6);
      const next = grow(1, { ...state, first: 4 });
      await store.audit.write(batch(next, { removed: { from: 0, to: 4 } }));
      const { audit } = await reopened(store);
      expect(await audit.entries(0, 7)).toEqual([...entries.slice(4), ...next.entries]);
      expect(await audit.record()).toMatchObject({ size: 7, first: 4 });
      const root = foldPeaks(await audit.subtrees(perfectSubtrees(0, 7)));
      expect(encodeHex(root)).toBe(treeRoot(next.state.tree));
    });

    it('comes to the same when a batch is written again', async () => {
      const store = await create();
      const append = grow(2);
      const marks = [{ stream: PAYMENTS, mark: encodeUtf8('1') }];
      await store.audit.write(batch(append, { marks }));
      await store.audit.write(batch(append, { marks }));
      const { audit } = await reopened(store);
      expect(await audit.entries(0, 10)).toEqual(append.entries);
      expect(await audit.record()).toMatchObject({ size: 2 });
    });

    it('keeps the newest mark of each stream', async () => {
      const store = await create();
      const marks = (text: string): AuditBatch['marks'] => [
        { stream: PAYMENTS, mark: encodeUtf8(text) },
      ];
      const first = grow(1);
      await store.audit.write(batch(first, { marks: marks('old') }));
      await store.audit.write(batch(grow(1, first.state), { marks: marks('new') }));
      const { audit } = await reopened(store);
      expect(await audit.mark(PAYMENTS)).toEqual(encodeUtf8('new'));
      expect(await audit.mark(PUBLIC)).toBeUndefined();
    });

    it('lies beside the documents, which know nothing of it', async () => {
      const store = await create();
      await store.append(batchOf(documentOf(PAYMENTS, 1)));
      await Promise.all([written(store, 3), store.append(batchOf(documentOf(PAYMENTS, 2)))]);
      const again = await reopened(store);
      expect(await again.streams()).toMatchObject([{ stream: PAYMENTS, sequence: 2 }]);
      expect(await again.document(PAYMENTS, at(2))).toEqual(documentOf(PAYMENTS, 2).document);
      expect(await again.audit.entries(0, 3)).toHaveLength(3);
    });

    async function written(store: Store, count: number): Promise<AuditAppend> {
      const append = grow(count);
      await store.audit.write(batch(append));
      return append;
    }
  });
}
