/**
 * The contract of the store port: every implementation runs this suite.
 */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import type { Sha256 } from '../../src/core/ids.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  hashLeaf,
  perfectSubtrees,
  treeRoot,
} from '../../src/core/log/tree.ts';
import type { StatementRange, Store } from '../../src/ports/store.ts';
import { openedStores, type StoreHarness } from './harness.ts';
import {
  at,
  batchOf,
  blobOf,
  CHARTER,
  documentOf,
  documentsOf,
  evidenceOf,
  PAYMENTS,
  PUBLIC,
} from './store-fixtures.ts';

export function describeStoreContract(name: string, harness: StoreHarness): void {
  describe(`the store contract, ${name}`, () => {
    const { create, reopened } = openedStores(harness);

    it('starts empty, with an id of its own', async () => {
      const store = await create();
      expect(await store.load()).toEqual({ charters: [], heads: [], evidence: [] });
      expect(await store.streams()).toEqual([]);
      expect(store.storeId).toMatch(/^[0-9a-f]{32}$/);
      expect((await create()).storeId).not.toBe(store.storeId);
    });

    it('loads all charters and the heads of the other streams', async () => {
      const store = await create();
      await store.append(batchOf(...documentsOf(CHARTER, 1, 20)));
      await store.append(batchOf(...documentsOf(PUBLIC, 1, 3), ...documentsOf(PAYMENTS, 1, 2)));
      expect(await (await reopened(store)).load()).toEqual({
        charters: documentsOf(CHARTER, 1, 20),
        heads: [documentOf(PAYMENTS, 2), documentOf(PUBLIC, 3)],
        evidence: [],
      });
    });

    it('keeps proposals until they are dropped', async () => {
      const store = await create();
      const [one, two] = [documentOf(PAYMENTS, 1), documentOf(PUBLIC, 1)];
      const open = {
        kind: 'open' as const,
        proposal: { document: one.document, blobs: [blobOf('one').der, blobOf('two').der] },
      };
      const { statement } = two.document;
      const signature = { keyId: '0a0b', signature: new Uint8Array(64).fill(7) };
      const withdrawn = { kind: 'withdrawn' as const, withdrawal: { statement, signature } };
      const keep = [
        { digest: one.digest, kept: open },
        { digest: two.digest, kept: withdrawn },
      ];
      await store.keepProposals({ keep, drop: [] });
      const again = await reopened(store);
      const both = await again.proposals();
      expect(both).toHaveLength(2);
      expect(both).toEqual(expect.arrayContaining([open, withdrawn]));
      await again.keepProposals({ keep: [], drop: [one.digest] });
      expect(await (await reopened(again)).proposals()).toEqual([withdrawn]);
    });

    it('keeps its id', async () => {
      const store = await create();
      expect((await reopened(store)).storeId).toBe(store.storeId);
    });

    it('counts the batches that changed something, and goes on counting', async () => {
      const store = await create();
      expect(store.writes).toBe(0);
      await store.append(batchOf(...documentsOf(PAYMENTS, 1, 3)));
      await store.append(batchOf(documentOf(PAYMENTS, 2)));
      await store.setNote('members', new Uint8Array(1));
      expect(store.writes).toBe(1);
      const again = await reopened(store);
      expect(again.writes).toBe(1);
      await again.append(batchOf(documentOf(PAYMENTS, 4)));
      await again.renew('f'.repeat(32));
      const last = await reopened(again);
      expect(last.writes).toBe(2);
      expect(await last.advance()).toBe(3);
      expect(await last.advance(2)).toBe(4);
      expect(await last.advance(60)).toBe(61);
      expect((await reopened(last)).writes).toBe(61);
    });

    it('counts what the key of a region cosigned, in the same write', async () => {
      const store = await create();
      await store.append(batchOf(documentOf(PAYMENTS, 1)));
      const name = `cosigned:${sha256(new Uint8Array(1))}:${PAYMENTS}` as const;
      await store.setNote(name, new Uint8Array([1]));
      expect(store.writes).toBe(2);
      const again = await reopened(store);
      expect(again.writes).toBe(2);
      expect(await again.note(name)).toEqual(new Uint8Array([1]));
      expect(await again.cosigned(sha256(new Uint8Array(1)))).toEqual([new Uint8Array([1])]);
      expect(await again.cosigned(sha256(new Uint8Array(2)))).toEqual([]);
      await again.append(batchOf(documentOf(PAYMENTS, 2)));
      expect((await reopened(again)).writes).toBe(3);
    });

    it('gives documents back byte for byte', async () => {
      const store = await create();
      await store.append(batchOf(...documentsOf(PAYMENTS, 1, 3)));
      const again = await reopened(store);
      for (const { sequence, document, digest } of documentsOf(PAYMENTS, 1, 3)) {
        expect(await again.document(PAYMENTS, sequence)).toEqual(document);
        expect(await again.digestAt(PAYMENTS, sequence)).toBe(digest);
      }
    });

    it('knows nothing of other sequences and streams', async () => {
      const store = await create();
      await store.append(batchOf(documentOf(PAYMENTS, 1)));
      expect(await store.document(PAYMENTS, at(2))).toBeUndefined();
      expect(await store.digestAt(PAYMENTS, at(2))).toBeUndefined();
      expect(await store.document(PUBLIC, at(1))).toBeUndefined();
      expect(await store.statements(PUBLIC, { limit: 5 })).toEqual([]);
    });

    it('changes nothing when a document is appended again', async () => {
      const store = await create();
      await store.append(batchOf(...documentsOf(PAYMENTS, 1, 3)));
      await store.append(batchOf(documentOf(PAYMENTS, 2)));
      await store.append(batchOf(documentOf(PAYMENTS, 3)));
      expect((await (await reopened(store)).load()).heads).toEqual([documentOf(PAYMENTS, 3)]);
    });

    it('shares one body between statements that name the same one', async () => {
      const store = await create();
      const first = documentOf(PAYMENTS, 1);
      const body = first.document.body;
      const third = documentOf(PAYMENTS, 3);
      const rollback = { ...third, document: { ...third.document, body } };
      await store.append(batchOf(first, documentOf(PAYMENTS, 2), rollback));
      expect(await (await reopened(store)).document(PAYMENTS, at(3))).toEqual(rollback.document);
    });

    it.each([
      ['another statement for a held sequence', [documentOf(PAYMENTS, 2, { note: 'other' })]],
      ['another statement for the head', [documentOf(PAYMENTS, 3, { note: 'other' })]],
      ['a gap', [documentOf(PAYMENTS, 5)]],
      ['a stream that does not start at 1', [documentOf(PUBLIC, 2)]],
      ['a payload under another digest', [{ ...documentOf(PUBLIC, 1), digest: blobOf('x').id }]],
      ['a batch of which only a part is right', [documentOf(PUBLIC, 1), documentOf(PAYMENTS, 5)]],
    ])('refuses %s and writes nothing', async (_what, documents) => {
      const store = await create();
      await store.append(batchOf(...documentsOf(PAYMENTS, 1, 3)));
      const before = await store.load();
      expect(await codeOf(store.append(batchOf(...documents)))).toBe('BUG');
      expect(await (await reopened(store)).load()).toEqual(before);
    });

    it('refuses a blob under another id', async () => {
      const store = await create();
      const blob = { id: blobOf('one').id, der: blobOf('other').der };
      expect(await codeOf(store.append({ documents: [], blobs: [blob] }))).toBe('BUG');
      expect((await store.blobs([blob.id])).size).toBe(0);
    });

    it('goes on after a refused batch', async () => {
      const store = await create();
      const refused = codeOf(store.append(batchOf(documentOf(PAYMENTS, 2))));
      await store.append(batchOf(documentOf(PAYMENTS, 1)));
      expect(await refused).toBe('BUG');
      expect(await store.digestAt(PAYMENTS, at(1))).toBe(documentOf(PAYMENTS, 1).digest);
    });

    it('appends in the order of the calls', async () => {
      const store = await create();
      const documents = documentsOf(PAYMENTS, 1, 40);
      await Promise.all(documents.map((document) => store.append(batchOf(document))));
      expect((await (await reopened(store)).load()).heads).toEqual([documentOf(PAYMENTS, 40)]);
    });

    it('finishes the appends that were called before it is closed', async () => {
      const store = await create();
      const pending = documentsOf(PAYMENTS, 1, 5).map((d) => store.append(batchOf(d)));
      await store[Symbol.asyncDispose]();
      await expect(Promise.all(pending)).resolves.toHaveLength(5);
    });

    it.each<[string, StatementRange, readonly number[]]>([
      ['newest first', { limit: 3 }, [12, 11, 10]],
      ['newest first, before a sequence', { before: at(9), limit: 2 }, [8, 7]],
      ['newest first, before one beyond the head', { before: at(999), limit: 2 }, [12, 11]],
      ['newest first, to the beginning', { before: at(3), limit: 9 }, [2, 1]],
      ['newest first, before the first', { before: at(1), limit: 9 }, []],
      ['ascending', { from: at(4), limit: 3 }, [4, 5, 6]],
      ['ascending, to the head', { from: at(11), limit: 9 }, [11, 12]],
      ['ascending, beyond the head', { from: at(13), limit: 9 }, []],
    ])('reads statements %s', async (_what, range, sequences) => {
      const store = await create();
      await store.append(batchOf(...documentsOf(PAYMENTS, 1, 12), ...documentsOf(PUBLIC, 1, 12)));
      const expected = sequences.map((n) => documentOf(PAYMENTS, n).document.statement);
      expect(await (await reopened(store)).statements(PAYMENTS, range)).toEqual(expected);
    });

    it.each([0, 1001, 1.5, -1])('refuses to read %s statements', async (limit) => {
      const store = await create();
      expect(await codeOf(store.statements(PAYMENTS, { limit }))).toBe('LIMIT');
    });

    it('keeps blobs by id', async () => {
      const store = await create();
      const [one, two, missing] = [blobOf('one'), blobOf('two'), blobOf('missing')];
      await store.append({ documents: [], blobs: [one, two] });
      await store.append({ documents: [], blobs: [one] });
      expect((await store.blobs([])).size).toBe(0);
      const found = await (await reopened(store)).blobs([two.id, missing.id, one.id]);
      expect(found).toEqual(
        new Map([
          [two.id, two.der],
          [one.id, one.der],
        ]),
      );
    });

    it('hands out bytes that the caller may change', async () => {
      const store = await create();
      await store.append({ ...batchOf(documentOf(PAYMENTS, 1)), blobs: [blobOf('one')] });
      const document = await store.document(PAYMENTS, at(1));
      document?.body.fill(0);
      document?.statement.payload.fill(0);
      (await store.blobs([blobOf('one').id])).get(blobOf('one').id)?.fill(0);
      expect(await store.document(PAYMENTS, at(1))).toEqual(documentOf(PAYMENTS, 1).document);
      expect((await store.blobs([blobOf('one').id])).size).toBe(1);
    });

    describe('with evidence', () => {
      it('goes back to the last common sequence', async () => {
        const store = await create();
        await store.append(batchOf(...documentsOf(PAYMENTS, 1, 5)));
        await store.append({ documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 4) });
        const again = await reopened(store);
        expect(await again.load()).toEqual({
          charters: [],
          heads: [documentOf(PAYMENTS, 3)],
          evidence: [evidenceOf(PAYMENTS, 4)],
        });
        expect(await again.document(PAYMENTS, at(4))).toBeUndefined();
        expect(await again.digestAt(PAYMENTS, at(4))).toBeUndefined();
        expect(await again.statements(PAYMENTS, { limit: 9 })).toHaveLength(3);
        const { digest } = documentOf(PAYMENTS, 3);
        expect(await again.streams()).toEqual([
          { stream: PAYMENTS, sequence: 3, digest, fork: 'forked' },
        ]);
      });

      it('has no head when the first statement forked', async () => {
        const store = await create();
        await store.append(batchOf(documentOf(PAYMENTS, 1)));
        await store.append({ documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 1) });
        const again = await reopened(store);
        expect((await again.load()).heads).toEqual([]);
        expect(await again.streams()).toEqual([
          { stream: PAYMENTS, sequence: 0, digest: undefined, fork: 'forked' },
        ]);
      });

      it('keeps charters up to the fork', async () => {
        const store = await create();
        await store.append(batchOf(...documentsOf(CHARTER, 1, 3)));
        await store.append({ documents: [], blobs: [], evidence: evidenceOf(CHARTER, 3) });
        const { charters, evidence } = await (await reopened(store)).load();
        expect(charters).toEqual(documentsOf(CHARTER, 1, 2));
        expect(evidence).toEqual([evidenceOf(CHARTER, 3)]);
      });

      it('may come with documents of the same stream', async () => {
        const store = await create();
        const documents = documentsOf(PAYMENTS, 1, 4);
        await store.append({ documents, blobs: [], evidence: evidenceOf(PAYMENTS, 4) });
        expect((await (await reopened(store)).load()).heads).toEqual([documentOf(PAYMENTS, 3)]);
      });

      it('may come before the stream reached it', async () => {
        const store = await create();
        await store.append({ documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 3) });
        await store.append(batchOf(...documentsOf(PAYMENTS, 1, 2)));
        expect(await codeOf(store.append(batchOf(documentOf(PAYMENTS, 3))))).toBe('BUG');
        expect((await (await reopened(store)).load()).heads).toEqual([documentOf(PAYMENTS, 2)]);
      });

      it('is replaced by evidence of an earlier fork alone', async () => {
        const store = await create();
        await store.append(batchOf(...documentsOf(PAYMENTS, 1, 5)));
        await store.append({ documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 3) });
        await store.append({ documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 2) });
        const later = { documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 3) };
        expect(await codeOf(store.append(later))).toBe('BUG');
        const { heads, evidence } = await (await reopened(store)).load();
        expect(heads).toEqual([documentOf(PAYMENTS, 1)]);
        expect(evidence).toEqual([evidenceOf(PAYMENTS, 2)]);
      });

      it('leaves other streams alone', async () => {
        const store = await create();
        await store.append(batchOf(...documentsOf(PUBLIC, 1, 2)));
        await store.append({ documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 1) });
        await store.append(batchOf(documentOf(PUBLIC, 3)));
        expect((await (await reopened(store)).load()).heads).toEqual([documentOf(PUBLIC, 3)]);
      });
    });

    describe('the log of a stream', () => {
      it('has the root over all payloads, also after reopening', async () => {
        const store = await create();
        await store.append(batchOf(...documentsOf(PAYMENTS, 1, 3)));
        await store.append(batchOf(documentOf(PAYMENTS, 3), documentOf(PAYMENTS, 4)));
        await store.append(batchOf(...documentsOf(PAYMENTS, 5, 7)));
        expect(await rootOf(await reopened(store), 7)).toBe(rootOver(1, 7));
      });

      it('has the hashes of all smaller logs too', async () => {
        const store = await create();
        await store.append(batchOf(...documentsOf(PAYMENTS, 1, 6)));
        for (const size of [1, 2, 5]) expect(await rootOf(store, size)).toBe(rootOver(1, size));
      });

      it('refuses hashes beyond the head with BUG', async () => {
        const store = await create();
        await store.append(batchOf(documentOf(PAYMENTS, 1)));
        expect(await codeOf(rootOf(store, 2))).toBe('BUG');
      });
    });

    describe('a note', () => {
      it('is absent until somebody writes it', async () => {
        expect(await (await create()).note('members')).toBeUndefined();
      });

      it('is there after reopening, as it was written last', async () => {
        const store = await create();
        await store.setNote('members', new Uint8Array([1]));
        await store.setNote('members', new Uint8Array([2, 3]));
        await store.setNote('node-key', new Uint8Array([4]));
        const again = await reopened(store);
        expect(await again.note('members')).toEqual(new Uint8Array([2, 3]));
        expect(await again.note('node-key')).toEqual(new Uint8Array([4]));
      });
    });

    it('fails with STORE after it was closed', async () => {
      const store = await create();
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      const calls = [
        store.load(),
        store.append(batchOf(documentOf(PAYMENTS, 1))),
        store.document(PAYMENTS, at(1)),
        store.statements(PAYMENTS, { limit: 1 }),
        store.digestAt(PAYMENTS, at(1)),
        store.blobs([]),
        store.branch({ stream: PAYMENTS, sequence: at(1), digest: blobOf('x').id, before: 2 }),
        store.streams(),
        store.subtrees(PAYMENTS, []),
        store.note('members'),
        store.setNote('members', new Uint8Array(1)),
      ];
      expect(new Set(await Promise.all(calls.map(codeOf)))).toEqual(new Set(['STORE']));
    });
  });
}

/** The code that a call fails with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'no error';
  } catch (thrown) {
    return thrown instanceof KedgeError ? thrown.code : String(thrown);
  }
}

async function rootOf(store: Store, size: number): Promise<Sha256> {
  return treeRoot({ size, peaks: await store.subtrees(PAYMENTS, perfectSubtrees(0, size)) });
}

function rootOver(from: number, to: number): Sha256 {
  const payloads = documentsOf(PAYMENTS, from, to).map(
    ({ document }) => document.statement.payload,
  );
  return treeRoot(
    payloads.reduce((tree, payload) => appendLeaf(tree, hashLeaf(payload)).frontier, EMPTY_TREE),
  );
}
