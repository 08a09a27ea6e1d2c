import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHex, parseUtf8 } from '../../src/core/bytes.ts';
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../../src/core/canonical.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { JSON_MAX_DEPTH } from '../../src/core/limits.ts';
import { canonical, expectCode, utf8 } from './support.ts';

const input = { maxBytes: 10_000, what: 'document' };
const parse = (text: string): CanonicalValue => parseCanonical(utf8(text), input);

const text = fc.string({ unit: 'grapheme', maxLength: 10 });
const { value } = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: JSON_MAX_DEPTH - 1, withCrossShrink: true },
    text,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
}));

describe('parseCanonical', () => {
  it('reads what encodeCanonical wrote', () => {
    fc.assert(
      fc.property(value, (one) => {
        const bytes = encodeCanonical(one);
        const parsed = parseCanonical(bytes, input);
        expect(encodeCanonical(parsed)).toEqual(bytes);
        expect(JSON.parse(JSON.stringify(parsed))).toEqual(JSON.parse(parseUtf8(bytes)));
      }),
    );
  });

  it('accepts no other bytes than those that encoding gives', () => {
    const noise = fc.tuple(value, fc.nat(), fc.nat(), fc.constantFrom('set', 'drop', 'add'));
    fc.assert(
      fc.property(noise, ([one, where, what, kind]) => {
        const bytes = [...encodeCanonical(one)];
        const index = where % bytes.length;
        if (kind === 'set') bytes[index] = what % 256;
        else if (kind === 'drop') bytes.splice(index, 1);
        else bytes.splice(index, 0, what % 256);
        let parsed: CanonicalValue;
        try {
          parsed = parseCanonical(Uint8Array.from(bytes), input);
        } catch (error) {
          expect(error).toBeInstanceOf(KedgeError);
          return;
        }
        expect([...encodeCanonical(parsed)]).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('gives objects without a prototype', () => {
    const parsed = parse('{"a":{"b":1}}');
    expect(Object.getPrototypeOf(parsed)).toBeNull();
    expect('constructor' in (parsed as object)).toBe(false);
  });

  it.each([
    ['a duplicate key', '{"a":1,"a":1}'],
    ['a duplicate key with another value', '{"a":1,"a":2}'],
    ['a duplicate key written with an escape', '{"a":1,"\\u0061":1}'],
    ['__proto__', '{"__proto__":1}'],
    ['__proto__ with an object', '{"__proto__":{"x":1}}'],
    ['unsorted keys', '{"b":1,"a":1}'],
    ['integer-like keys in number order', '{"2":1,"10":1}'],
    ['a space', '{"a": 1}'],
    ['a final line feed', '{}\n'],
    ['a byte order mark', '\ufeff{}'],
    ['a fraction', '{"a":1.5}'],
    ['null', '{"a":null}'],
    ['null alone', 'null'],
    ['a needless escape', '"\\u0041"'],
    ['an escaped slash', '"\\/"'],
    ['an upper-case escape', '"\\u001F"'],
    ['a raw control character', '"\u0001"'],
    ['half a surrogate pair', '"\\ud800"'],
    ['half a surrogate pair as a key', '{"\\udc00":1}'],
    ['a trailing comma', '[1,]'],
    ['a comment', '/**/1'],
    ['NaN', 'NaN'],
    ['nothing', ''],
    ['two values', '1 1'],
    ['an unclosed string', '"a'],
    ['an unclosed list', '[['],
  ])('refuses %s (E11)', (_name, document) => {
    expectCode('PARSE', () => parse(document));
  });

  it.each([
    '1.0',
    '1e3',
    '1E3',
    '-0',
    '007',
    '+1',
    '9007199254740992',
    '9007199254740993',
    '1e999',
  ])('refuses the number %s (C06)', (number) => {
    expectCode('PARSE', () => parse(number));
  });

  it('refuses malformed UTF-8', () => {
    expectCode('PARSE', () => parseCanonical(parseHex('22c0af22'), input));
  });

  it('checks the size before it looks at the bytes', () => {
    const bytes = new Uint8Array(10_001).fill(0xff);
    expect(expectCode('LIMIT', () => parseCanonical(bytes, input)).detail).toMatchObject({
      size: 10_001,
      max: 10_000,
    });
    expectCode('PARSE', () => parseCanonical(bytes.subarray(1), input));
  });

  it('counts the nesting before it parses', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parse(nested(JSON_MAX_DEPTH))).toBeInstanceOf(Array);
    expectCode('LIMIT', () => parse(nested(JSON_MAX_DEPTH + 1)));
    expectCode('LIMIT', () => parse('{"a":['.repeat(4000).slice(0, 10_000)));
    expectCode('LIMIT', () => parse('['.repeat(10_000)));
  });

  it.each([
    ['lists', '['.repeat(JSON_MAX_DEPTH + 1)],
    ['objects', '{"a":'.repeat(JSON_MAX_DEPTH + 1)],
    ['lists behind an escaped backslash', `["\\\\",${'['.repeat(JSON_MAX_DEPTH)}`],
    ['lists behind an escaped quote', `["\\"",${'['.repeat(JSON_MAX_DEPTH)}`],
    ['lists behind other values', `[1,2,3,"]]]]]]",${'['.repeat(JSON_MAX_DEPTH)}`],
    ['lists behind closed ones', `[[],[],{},${'['.repeat(JSON_MAX_DEPTH)}`],
  ])('counts the nesting of %s that no parser could read to the end', (_name, document) => {
    expectCode('LIMIT', () => parse(document));
    const last = Math.max(document.lastIndexOf('['), document.lastIndexOf('{'));
    expectCode('PARSE', () => parse(document.slice(0, last)));
  });

  it('does not count brackets in strings', () => {
    expect(parse(`["${'['.repeat(100)}","\\"${'{'.repeat(100)}","\\\\"]`)).toHaveLength(3);
    expect(parse('[[],[],[],[],[],[],[],[],[],[],[],[],[],[]]')).toHaveLength(14);
  });

  it('does not quote the input in its message', () => {
    const error = expectCode('PARSE', () => parse('secret'));
    expect(error.message).not.toContain('secret');
  });
});

describe('encodeCanonical', () => {
  it('sorts keys by UTF-16 units (RFC 8785 section 3.2.3)', () => {
    const object = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 };
    expect(parseUtf8(encodeCanonical(object))).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
    );
  });

  it('escapes as little as RFC 8785 section 3.2.2.2 does', () => {
    expect(parseUtf8(encodeCanonical('\b\t\n\f\r"\\/\u001f\u007f\u2028'))).toBe(
      '"\\b\\t\\n\\f\\r\\"\\\\/\\u001f\u007f\u2028"',
    );
  });

  it.each([
    ['a fraction', 0.5],
    ['an unsafe integer', 2 ** 53],
    ['not a number', Number.NaN],
    ['null', { a: null }],
    ['undefined', { a: undefined }],
    ['a bigint', 1n],
    ['a symbol', Symbol('a')],
    ['a function', () => 1],
    ['half a surrogate pair', '\ud800'],
    ['a hole in a list', [, 1]],
  ])('refuses %s', (_name, one) => {
    expectCode('PARSE', () => canonical(one));
  });

  it('refuses what would be nested too deeply, also a cycle', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expectCode('LIMIT', () => canonical(cycle));
  });

  it.each([
    ['lists', (inner: CanonicalValue): CanonicalValue => [inner]],
    ['objects', (inner: CanonicalValue): CanonicalValue => ({ a: inner })],
  ])('writes %s exactly as deep as they may be read', (_name, wrap) => {
    let deepest: CanonicalValue = 1;
    for (let i = 0; i < JSON_MAX_DEPTH; i += 1) deepest = wrap(deepest);
    const bytes = encodeCanonical(deepest);
    expect(encodeCanonical(parseCanonical(bytes, input))).toEqual(bytes);
    expectCode('LIMIT', () => encodeCanonical(wrap(deepest)));
  });

  it('writes zero for minus zero', () => {
    expect(parseUtf8(encodeCanonical(-0))).toBe('0');
  });
});
