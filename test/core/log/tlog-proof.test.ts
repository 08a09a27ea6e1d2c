/**
 * Proofs of inclusion as files.
 */
import { describe, expect, it } from 'vitest';
import { encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import { verifyInclusion } from '../../../src/core/log/proof.ts';
import { encodeTlogProof, wholeTree } from '../../../src/core/log/tlog-proof.ts';
import { hashLeaf } from '../../../src/core/log/tree.ts';

const LEAVES = Array.from({ length: 11 }, (_, at) => hashLeaf(encodeUtf8(`leaf ${String(at)}`)));

describe('wholeTree', () => {
  it('proves every leaf of every small tree', () => {
    for (let size = 1; size <= LEAVES.length; size += 1) {
      const { root, prove } = wholeTree(LEAVES.slice(0, size));
      for (const [index, hash] of LEAVES.slice(0, size).entries()) {
        verifyInclusion({ size, root }, { index, hash }, prove(index));
      }
    }
  });
});

describe('encodeTlogProof', () => {
  it('writes header, index and hashes, a blank line and the checkpoint', () => {
    const hashes = [new Uint8Array(32), new Uint8Array(32).fill(255)];
    expect(parseUtf8(encodeTlogProof(5, hashes, encodeUtf8('the checkpoint\n')))).toBe(
      'c2sp.org/tlog-proof@v1\nindex 5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n' +
        '//////////////////////////////////////////8=\n\nthe checkpoint\n',
    );
  });

  it('has no hashes for the only leaf of a tree', () => {
    expect(parseUtf8(encodeTlogProof(0, [], encodeUtf8('x\n')))).toBe(
      'c2sp.org/tlog-proof@v1\nindex 0\n\nx\n',
    );
  });
});
