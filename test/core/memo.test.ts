import { describe, expect, it } from 'vitest';
import { Memo } from '../../src/core/memo.ts';

describe('Memo', () => {
  it('gives back what was remembered', () => {
    const memo = new Memo<number>(8);
    expect(memo.get('a')).toBeUndefined();
    expect(memo.set('a', 1, 1)).toBe(1);
    expect(memo.get('a')).toBe(1);
  });

  it('keeps the first result of a key', () => {
    const memo = new Memo<number>(8);
    memo.set('a', 1, 1);
    memo.set('a', 2, 1);
    expect(memo.get('a')).toBe(1);
  });

  it('forgets the oldest when all together weigh too much', () => {
    const memo = new Memo<number>(8);
    for (const [index, key] of ['a', 'b', 'c', 'd', 'e'].entries()) memo.set(key, index, 2);
    expect(memo.get('a')).toBeUndefined();
    expect(memo.get('b')).toBe(1);
    expect(memo.get('e')).toBe(4);
  });

  it('does not remember what weighs more than a quarter of all', () => {
    const memo = new Memo<number>(8);
    expect(memo.set('a', 1, 3)).toBe(1);
    expect(memo.get('a')).toBeUndefined();
  });
});
