import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { compilePattern } from '../../src/policy/pattern.ts';

describe('compilePattern', () => {
  it.each([
    ['CHG-[0-9]+', ['see CHG-12', 'CHG-1'], ['CHG-', 'chg-12', '']],
    ['^(CHG|INC)-\\d{4,6}$', ['CHG-1234', 'INC-123456'], ['CHG-123', 'INC-1234567', 'xCHG-1234']],
    ['^[^a-c\\d]?$', ['', 'd', '-'], ['a', '1', 'dd']],
    ['a.c', ['abc', 'xa-cx'], ['ac', 'a\nc']],
    ['^a*$', ['', 'aaaa'], ['b']],
    ['(a|ab)(c|bcd)', ['abcd', 'acd'], ['ab']],
    ['^(?:a|b)+?$', ['ab', 'bbb'], ['', 'abc']],
    ['[]a]', [']', 'a'], ['b']],
    ['[a-]', ['-', 'a'], ['b']],
    ['\\.\\w+\\s\\S', ['.a b'], ['.a b'.slice(0, 3)]],
    ['^.$', ['鍵', '🔑'], ['ab']],
    ['', ['', 'anything'], []],
    ['a||b', ['', 'c'], []],
  ])('%s', (source, good, bad) => {
    const pattern = compilePattern(source);
    expect(good.filter((text) => !pattern.test(text))).toEqual([]);
    expect(bad.filter((text) => pattern.test(text))).toEqual([]);
  });

  it.each([
    ['(a', 'a ( is never closed'],
    ['a)', 'a ) without its ('],
    ['[a', 'a [ is never closed'],
    ['*a', 'nothing to repeat'],
    ['a**', 'a repetition is repeated'],
    ['^*', 'an anchor is repeated'],
    ['a{2,1}', 'ends before it begins'],
    ['a{x}', 'no repetition'],
    ['[b-a]', 'a range ends before it begins'],
    ['\\', 'ends too early'],
    ['\\1', '\\1 is not supported'],
    ['\\bword', '\\b is not supported'],
    ['(?=a)', '(? is not supported'],
    ['a{201}', 'more than 200 times'],
    ['(a{200}){200}', 'too large'],
    [`${'('.repeat(30)}a${')'.repeat(30)}`, 'nested too deeply'],
  ])('refuses %s', (source, message) => {
    expect(() => compilePattern(source)).toThrow(message);
  });

  it('ends soon on what takes an engine that tries one way at a time for ever', () => {
    const text = `${'a'.repeat(500)}!`;
    for (const source of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^(.*a){20}$']) {
      expect(compilePattern(source).test(text)).toBe(false);
    }
  });

  it('agrees with the engine of JavaScript where both have the pattern', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '(a|b)', '(ab)', '(?:b|)');
    const times = fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}', '{0,}');
    const source = fc
      .array(fc.tuple(atom, times), { maxLength: 4 })
      .map((parts) => parts.map((part) => part.join('')).join(''));
    const ends = fc.tuple(fc.constantFrom('', '^'), source, fc.constantFrom('', '$'));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(ends, text, (parts, input) => {
        const whole = parts.join('');
        expect(compilePattern(whole).test(input)).toBe(new RegExp(whole, 'u').test(input));
      }),
      { numRuns: 500 },
    );
  });

  it('gives a typed answer for any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (source) => {
        try {
          compilePattern(source).test(source);
        } catch (thrown) {
          expect(['PARSE', 'LIMIT']).toContain(KedgeError.from(thrown).code);
        }
      }),
    );
  });
});
