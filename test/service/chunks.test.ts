import { describe, expect, it } from 'vitest';
import { chunk } from '../../src/service/chunks.ts';

const BYTES = { maxCount: 3, maxBytes: 10, bytesOf: (item: number) => item };

describe('chunk', () => {
  it('makes no chunk of nothing', () => {
    expect(chunk([], BYTES)).toEqual([]);
  });

  it('starts a new chunk when the next item would exceed the bytes', () => {
    expect(chunk([4, 6, 1], BYTES)).toEqual([[4, 6], [1]]);
  });

  it('starts a new chunk after the largest count', () => {
    expect(chunk([1, 1, 1, 1], BYTES)).toEqual([[1, 1, 1], [1]]);
  });

  it('gives an item that is too large a chunk of its own', () => {
    expect(chunk([1, 50, 1], BYTES)).toEqual([[1], [50], [1]]);
  });
});
