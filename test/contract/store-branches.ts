/**
 * The contract of the store port about decided forks: every implementation runs this suite.
 */
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/crypto.ts';
import { NO_PREVIOUS, type Sha256 } from '../../src/core/ids.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  hashLeaf,
  perfectSubtrees,
  treeRoot,
} from '../../src/core/log/tree.ts';
import { encodeStatement } from '../../src/core/statements/statement.ts';
import type { Store, StoreBatch, StoredDocument } from '../../src/ports/store.ts';
import { releaseFields } from '../core/support.ts';
import { openedStores, type StoreHarness } from './harness.ts';
import { codeOf } from './store.ts';
import { at, CHARTER, documentOf, evidenceOf, PAYMENTS } from './store-fixtures.ts';

export function describeBranchContract(name: string, harness: StoreHarness): void {
  describe(`the store contract for decided forks, ${name}`, () => {
    const { create, reopened } = openedStores(harness);
    const chain = branchOf('', 5);

    /** A store whose stream forked at sequence 3. */
    async function stopped(): Promise<Store> {
      const store = await create();
      await store.append({ documents: chain, blobs: [] });
      await store.append({ documents: [], blobs: [], evidence: evidenceOf(PAYMENTS, 3) });
      return store;
    }

    it('reads a branch from which a fork has taken the head away', async () => {
      const store = await stopped();
      const start = { stream: PAYMENTS, sequence: at(3), digest: digestOf(chain, 3) };
      expect(await store.branch({ ...start, before: Infinity })).toEqual(chain[4]);
      expect(await store.branch({ ...start, before: 5 })).toEqual(chain[3]);
      expect(await store.branch({ ...start, before: 4 })).toEqual(chain[2]);
      const other = { ...start, digest: digestOf(branchOf('other', 3), 3) };
      expect(await store.branch({ ...other, before: Infinity })).toBeUndefined();
      const beyond = { ...start, sequence: at(6), before: Infinity };
      expect(await store.branch(beyond)).toBeUndefined();
    });

    it('goes on where a decision says, and drops the evidence, in one batch', async () => {
      for (const sequence of [1, 2, 5]) {
        const store = await stopped();
        await store.append(decided(sequence, digestOf(chain, sequence)));
        const { heads, evidence, charters } = await (await reopened(store)).load();
        expect(heads).toEqual([chain[sequence - 1]]);
        expect(evidence).toEqual([]);
        expect(charters).toHaveLength(1);
      }
    });

    it('goes on from the beginning, where nothing is left', async () => {
      const store = await stopped();
      await store.append(decided(0, NO_PREVIOUS));
      const again = await reopened(store);
      expect((await again.load()).heads).toEqual([]);
      expect(await again.streams()).toContainEqual({
        stream: PAYMENTS,
        sequence: 0,
        digest: undefined,
        fork: 'none',
      });
      await again.append({ documents: branchOf('other', 2), blobs: [] });
      expect((await again.load()).heads).toEqual([branchOf('other', 2)[1]]);
    });

    it('grows along the other branch, and does not read what was there before', async () => {
      const store = await stopped();
      await store.append(decided(2, digestOf(chain, 2)));
      const other = branchOf('other', 3, chain.slice(0, 2));
      await store.append({ documents: other.slice(2), blobs: [] });
      const start = { stream: PAYMENTS, sequence: at(3), digest: digestOf(other, 3) };
      expect(await store.branch({ ...start, before: Infinity })).toEqual(other[2]);
      expect(await store.document(PAYMENTS, at(4))).toBeUndefined();
    });

    it('does not go back when the same batch comes again', async () => {
      const store = await stopped();
      const batch = decided(2, digestOf(chain, 2));
      await store.append(batch);
      await store.append({ documents: chain.slice(2), blobs: [] });
      await store.append(batch);
      expect((await (await reopened(store)).load()).heads).toEqual([chain[4]]);
    });

    it('refuses to go on after what is not there', async () => {
      const store = await stopped();
      expect(await codeOf(store.append(decided(2, digestOf(chain, 3))))).toBe('BUG');
      expect(await codeOf(store.append(decided(6, digestOf(chain, 5))))).toBe('BUG');
      expect((await store.load()).evidence).toHaveLength(1);
    });

    it('puts charters in the place of others, in one batch', async () => {
      const store = await chartered();
      await store.append(replacing('recovered', 2));
      const again = await reopened(store);
      expect((await again.load()).charters).toEqual(charters('recovered', 2));
      await again.append({ documents: charters('recovered', 3).slice(2), blobs: [] });
      // Written again after it, the batch changes nothing.
      await again.append(replacing('recovered', 2));
      expect((await again.load()).charters).toEqual(charters('recovered', 3));
      const peaks = await again.subtrees(CHARTER, perfectSubtrees(0, 3));
      expect(treeRoot({ size: 3, peaks })).toBe(rootOf(charters('recovered', 3)));
    });

    it('ends a fork of the charters so', async () => {
      const store = await chartered();
      await store.append({ documents: [], blobs: [], evidence: evidenceOf(CHARTER, 2) });
      await store.append(replacing('recovered', 3));
      const { charters: held, evidence } = await (await reopened(store)).load();
      expect(held).toEqual(charters('recovered', 3));
      expect(evidence).toEqual([]);
    });

    it('puts charters after nothing but what is there', async () => {
      const store = await chartered();
      const batch = replacing('recovered', 2);
      const elsewhere = { ...batch, replaced: placeOf(charters('recovered', 2), 2) };
      expect(await codeOf(store.append(elsewhere))).toBe('BUG');
      expect((await store.load()).charters).toEqual(charters('', 3));
    });

    /** A store with three charters. */
    async function chartered(): Promise<Store> {
      const store = await create();
      await store.append({ documents: charters('', 3), blobs: [] });
      return store;
    }
  });
}

/** The first charter, and others after it. */
function charters(note: string, last: number): readonly StoredDocument[] {
  const versions = Array.from({ length: last }, (_, at0) => at0 + 1);
  return versions.map((version) => documentOf(CHARTER, version, version === 1 ? {} : { note }));
}

function placeOf(
  documents: readonly StoredDocument[],
  sequence: number,
): NonNullable<StoreBatch['replaced']> {
  return { stream: CHARTER, sequence, digest: digestOf(documents, sequence) };
}

/** Charters from the second on that take the place of what is there. */
function replacing(note: string, last: number): StoreBatch {
  const documents = charters(note, last);
  return { documents: documents.slice(1), blobs: [], replaced: placeOf(documents, 1) };
}

function rootOf(documents: readonly StoredDocument[]): Sha256 {
  const leaves = documents.map(({ document }) => hashLeaf(document.statement.payload));
  return treeRoot(leaves.reduce((tree, leaf) => appendLeaf(tree, leaf).frontier, EMPTY_TREE));
}

/** A charter, and where the stream goes on after it. */
function decided(sequence: number, digest: Sha256): StoreBatch {
  const settled = [{ stream: PAYMENTS, sequence, digest }];
  return { documents: [documentOf(CHARTER, 1)], blobs: [], settled };
}

/** Releases that name each other, up to `last`; `before` are the first ones. */
function branchOf(
  note: string,
  last: number,
  before: readonly StoredDocument[] = [],
): readonly StoredDocument[] {
  const documents = [...before];
  while (documents.length < last) {
    const sequence = at(documents.length + 1);
    const body = encodeUtf8(`body ${note} ${String(sequence)}`);
    const previous = documents.at(-1)?.digest ?? NO_PREVIOUS;
    const bodyDigest = sha256(body);
    const fields = { stream: PAYMENTS, sequence, previous, bodyDigest, bodyBytes: body.length };
    const payload = encodeStatement(releaseFields(fields));
    const document = { statement: { payload, signatures: [] }, body };
    documents.push({ stream: PAYMENTS, sequence, digest: sha256(payload), document });
  }
  return documents;
}

function digestOf(chain: readonly StoredDocument[], sequence: number): Sha256 {
  return chain[sequence - 1]?.digest ?? NO_PREVIOUS;
}
