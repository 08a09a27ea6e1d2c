import { describe, expect, it } from 'vitest';
import { oncePer, Prepared } from '../../../src/service/clients/prepared.ts';

describe('Prepared', () => {
  it('has its value once it is made', async () => {
    const prepared = new Prepared(Promise.resolve(7));
    expect(prepared.value).toBeUndefined();
    expect(await prepared.settled).toBe(7);
    expect(prepared.value).toBe(7);
  });

  it('tells whoever waits that it failed, and nobody else', async () => {
    const prepared = new Prepared(Promise.reject(new Error('no')));
    await expect(prepared.settled).rejects.toThrow('no');
    expect(prepared.value).toBeUndefined();
  });
});

describe('oncePer', () => {
  it('makes one thing of one object', () => {
    const listOf = oncePer((key: { readonly a: number }, also: number) => [key.a, also]);
    const key = { a: 1 };
    expect(listOf(key, 2)).toEqual([1, 2]);
    expect(listOf(key, 2)).toBe(listOf(key, 2));
    expect(listOf({ a: 1 }, 2)).not.toBe(listOf(key, 2));
  });
});
