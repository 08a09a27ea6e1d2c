import { describe, expect, it } from 'vitest';
import type { CanonicalValue } from '../../src/core/canonical.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { parseRealmName } from '../../src/core/ids.ts';
import { TEXT_MAX_CHARS } from '../../src/core/limits.ts';
import {
  type ObjectReader,
  parseAt,
  readObject,
  readString,
  requireAscending,
} from '../../src/core/reader.ts';
import { expectCode } from './support.ts';

const keys = { required: ['a'], optional: ['b'] } as const;
const reader = (a: CanonicalValue): ObjectReader<'a' | 'b'> => readObject({ a }, 'doc', keys);

describe('readObject', () => {
  it('accepts all required and some optional keys', () => {
    expect(readObject({ a: 1 }, 'doc', keys).has('b')).toBe(false);
    expect(readObject({ a: 1, b: 2 }, 'doc', keys).has('b')).toBe(true);
  });

  it.each<[string, CanonicalValue]>([
    ['a missing key', { b: 1 }],
    ['an unknown key', { a: 1, c: 1 }],
    ['constructor as a key', { a: 1, constructor: 1 }],
    ['a key that only the prototype has', Object.create({ a: 1 }) as CanonicalValue],
    ['a list', [1]],
    ['a string', 'a'],
    ['a number', 1],
  ])('refuses %s', (_name, value) => {
    expectCode('PARSE', () => readObject(value, 'doc', keys));
  });

  it('names the unknown key, cut short', () => {
    const error = expectCode('PARSE', () =>
      readObject({ a: 1, ['x'.repeat(1000)]: 1 }, 'doc', keys),
    );
    expect(error.message).toContain('doc has an unknown key "xxx');
    expect(error.message.length).toBeLessThan(150);
  });
});

describe('ObjectReader', () => {
  it('refuses an optional field that is read without being there', () => {
    expectCode('PARSE', () => reader(1).value('b'));
  });

  it('reads strings', () => {
    expect(reader('x').string('a')).toBe('x');
    expectCode('PARSE', () => reader(1).string('a'));
    expectCode('PARSE', () => reader({ x: 1 }).string('a'));
  });

  it('reads text up to its limit', () => {
    expect(reader('x'.repeat(TEXT_MAX_CHARS)).text('a')).toHaveLength(TEXT_MAX_CHARS);
    expectCode('LIMIT', () => reader('x'.repeat(TEXT_MAX_CHARS + 1)).text('a'));
  });

  it('adds the path to a parser error and keeps code and detail', () => {
    const error = expectCode('PARSE', () => reader('NO').parsed('a', parseRealmName));
    expect(error.message).toMatch(/^doc\.a: not a realm name/);
    const coded = expectCode('KEY', () =>
      parseAt(1, 'doc', () => {
        throw new KedgeError('KEY', 'weak', { detail: { size: 1 } });
      }),
    );
    expect(coded.detail).toEqual({ size: 1 });
  });

  it('reads one of a few strings', () => {
    expect(reader('x').oneOf('a', ['x', 'y'])).toBe('x');
    expectCode('PARSE', () => reader('z').oneOf('a', ['x', 'y']));
    expectCode('PARSE', () => reader(1).oneOf('a', ['x', 'y']));
  });

  it('reads integers within bounds, both included', () => {
    const bounds = { min: 1, max: 3 };
    expect(reader(1).integer('a', bounds)).toBe(1);
    expect(reader(3).integer('a', bounds)).toBe(3);
    for (const wrong of [0, 4, -1, '2', true]) {
      expectCode('PARSE', () => reader(wrong).integer('a', bounds));
    }
  });

  it('reads booleans', () => {
    expect(reader(true).boolean('a')).toBe(true);
    expect(reader(false).boolean('a')).toBe(false);
    for (const wrong of [0, 'true']) expectCode('PARSE', () => reader(wrong).boolean('a'));
  });

  it('reads bytes up to their limit', () => {
    expect(reader('AQID').bytes('a', { maxBytes: 3 })).toEqual(Uint8Array.of(1, 2, 3));
    expectCode('LIMIT', () => reader('AQID').bytes('a', { maxBytes: 2 }));
    expectCode('PARSE', () => reader('AQI').bytes('a', { maxBytes: 3 }));
    expectCode('PARSE', () => reader(1).bytes('a', { maxBytes: 3 }));
  });

  it('refuses oversized base64 before decoding it', () => {
    expectCode('LIMIT', () => reader('*'.repeat(1000)).bytes('a', { maxBytes: 10 }));
  });

  it('reads lists within bounds and gives each item its path', () => {
    const item = (value: CanonicalValue, path: string): string =>
      `${path}=${readString(value, path)}`;
    expect(reader(['x', 'y']).list('a', { max: 2 }, item)).toEqual(['doc.a[0]=x', 'doc.a[1]=y']);
    expect(reader([]).list('a', { max: 2 }, item)).toEqual([]);
    expectCode('PARSE', () => reader([]).list('a', { min: 1, max: 2 }, item));
    expectCode('LIMIT', () => reader([1, 2, 3]).list('a', { max: 2 }, item));
    expectCode('PARSE', () => reader({}).list('a', { max: 2 }, item));
    expect(expectCode('PARSE', () => reader(['x', 1]).list('a', { max: 2 }, item)).message).toBe(
      'doc.a[1] must be a string',
    );
  });

  it('reads nested objects with their path', () => {
    const nested = reader({ c: 1 }).object('a', { required: ['c'] });
    expect(nested.path).toBe('doc.a');
    expectCode('PARSE', () => reader({ d: 1 }).object('a', { required: ['c'] }));
  });
});

describe('requireAscending', () => {
  it('accepts sorted texts', () => {
    requireAscending([], 'doc');
    requireAscending(['a', 'b', 'c'], 'doc');
    requireAscending([''], 'doc');
  });

  it.each([
    ['a repetition', ['a', 'a']],
    ['a repetition of nothing', ['', '']],
    ['another order', ['b', 'a']],
  ])('refuses %s', (_name, texts) => {
    expectCode('PARSE', () => requireAscending(texts, 'doc'));
  });
});
