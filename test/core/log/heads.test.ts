import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes.ts';
import { parseSha256, parseStreamName } from '../../../src/core/ids.ts';
import {
  type HeadRow,
  headTree,
  proveHead,
  updateHeads,
  verifyHead,
} from '../../../src/core/log/heads.ts';
import { expectCode } from '../support.ts';
import { digestOf, hashesOf, readVectors, rowAt, STREAM } from './fixtures.ts';

interface HeadVectors {
  rows: { stream: string; sequence: number; digest: string; forked: boolean }[];
  root: string;
  proofs: { stream: string; index: number; hashes: string[] }[];
}

const vectors = readVectors('heartbeat') as HeadVectors;
const rows: readonly HeadRow[] = vectors.rows.map((row) => ({
  ...row,
  stream: parseStreamName(row.stream),
  digest: parseSha256(row.digest),
}));

describe('vectors of heads', () => {
  it('give the root, in whatever order the rows come', () => {
    expect(headTree(rows)).toMatchObject({ size: rows.length, root: vectors.root });
    expect(headTree(rows.toReversed()).root).toBe(vectors.root);
  });

  it.each(vectors.proofs)('give the proof of $stream', ({ stream, index, hashes }) => {
    const tree = headTree(rows);
    const proof = proveHead(tree, parseStreamName(stream));
    if (proof === undefined) throw new Error('unreachable');
    expect(proof).toEqual({ row: rows[index], index, hashes: hashesOf(hashes) });
    expect(proof.hashes.map(encodeHex)).toEqual(hashes);
    verifyHead(tree, proof);
  });
});

describe('updateHeads', () => {
  const streamAt = (index: number): HeadRow => ({
    ...rowAt(1),
    stream: parseStreamName(`release/b${String(index)}`),
  });

  it('is the tree that is made anew', () => {
    const sizes = fc.integer({ min: 1, max: 40 });
    const changes = fc.array(fc.tuple(fc.nat(45), fc.integer({ min: 2, max: 9 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(sizes, changes, (size, changed) => {
        const all = Array.from({ length: size }, (_, index) => streamAt(index));
        const next = changed.map(([index, sequence]) => ({ ...streamAt(index), sequence }));
        const expected = new Map([...all, ...next].map((row) => [row.stream, row]));
        const tree = headTree(all);
        const { root } = tree;
        expect(updateHeads(tree, next)).toEqual(headTree(expected.values()));
        expect(tree.root).toBe(root);
        expect(headTree(all)).toEqual(tree);
      }),
    );
  });
});

describe('verifyHead', () => {
  const tree = headTree(rows);
  const proof = proveHead(tree, STREAM);

  it('refuses every other row', () => {
    if (proof === undefined) throw new Error('unreachable');
    const { row } = proof;
    const others: readonly HeadRow[] = [
      { ...row, sequence: row.sequence + 1 },
      { ...row, digest: digestOf(1) },
      { ...row, forked: true },
      { ...row, stream: parseStreamName('charter') },
    ];
    for (const other of others) {
      expectCode('PROOF', () => verifyHead(tree, { ...proof, row: other }));
    }
    expectCode('PROOF', () => verifyHead(tree, { ...proof, index: 0 }));
    expectCode('PROOF', () => verifyHead(headTree([rowAt(1)]), proof));
  });

  it('needs at most 14 hashes for the largest node', () => {
    const many = Array.from({ length: 10_001 }, (_, index) => ({
      ...rowAt(1),
      stream: parseStreamName(`release/b${String(index)}`),
    }));
    const large = headTree(many);
    const found = proveHead(large, parseStreamName('release/b77'));
    if (found === undefined) throw new Error('unreachable');
    expect(found.hashes.length).toBeLessThanOrEqual(14);
    verifyHead(large, found);
  });
});

describe('proveHead', () => {
  it('has no proof for a stream that is not held', () => {
    expect(proveHead(headTree(rows), parseStreamName('release/nothing'))).toBeUndefined();
    expect(proveHead(headTree([]), STREAM)).toBeUndefined();
  });
});
