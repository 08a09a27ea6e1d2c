import { describe, expect, it } from 'vitest';
import { parseSha256, parseStreamName } from '../../src/core/ids.ts';
import {
  blobKey,
  bodyKey,
  documentKey,
  documentRange,
  FORKS,
  forkKey,
  HEADS,
  headKey,
  parseStreamKey,
  treeKey,
} from '../../src/storage/keys.ts';
import { CHARTER, PAYMENTS } from '../contract/store-fixtures.ts';

const digest = parseSha256('0a'.repeat(32));

describe('keys', () => {
  it('are those of the documented layout', () => {
    expect([
      headKey(PAYMENTS),
      forkKey(CHARTER),
      documentKey(PAYMENTS, 42),
      bodyKey(digest),
      blobKey(digest),
      treeKey(PAYMENTS, { level: 1, index: 7 }),
    ]).toEqual([
      'head:release/payments.example.org',
      'fork:charter',
      'doc:release/payments.example.org:0000000000000042',
      `body:${digest}`,
      `blob:${digest}`,
      'tree:release/payments.example.org:01:0000000000000007',
    ]);
  });

  it('order documents by sequence, to the largest', () => {
    const sequences = [1, 9, 10, 99, 100, 2 ** 31, 2 ** 53 - 1];
    const keys = sequences.map((sequence) => documentKey(PAYMENTS, sequence));
    expect(keys.toSorted()).toEqual(keys);
    const range = documentRange(PAYMENTS, 1, 2 ** 53);
    expect(keys.every((key) => key >= range.gte && key < range.lt)).toBe(true);
  });

  it('keep streams apart whose names begin alike', () => {
    const longer = documentKey(parseStreamName('release/payments.example.org2'), 5);
    const shorter = documentKey(parseStreamName('release/payments.example'), 5);
    const range = documentRange(PAYMENTS, 1, 2 ** 53);
    for (const key of [longer, shorter]) expect(key >= range.gte && key < range.lt).toBe(false);
  });

  it('give the stream back', () => {
    for (const stream of [CHARTER, PAYMENTS]) {
      expect(parseStreamKey(headKey(stream))).toBe(stream);
      expect(parseStreamKey(forkKey(stream))).toBe(stream);
      expect(headKey(stream) >= HEADS.gte && headKey(stream) < HEADS.lt).toBe(true);
      expect(forkKey(stream) >= FORKS.gte && forkKey(stream) < FORKS.lt).toBe(true);
    }
  });
});
