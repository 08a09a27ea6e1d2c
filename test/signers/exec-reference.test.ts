import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExecReference } from '../../src/signers/exec-reference.ts';
import { containing } from '../support/messages.ts';

const words = (text: string): readonly string[] => {
  const { command, args } = parseExecReference(`exec:${text}`);
  return [command, ...args];
};

describe('parseExecReference', () => {
  it.each<[string, readonly string[]]>([
    ['sign key-1', ['sign', 'key-1']],
    ['  sign   key-1  ', ['sign', 'key-1']],
    ["sign 'a b' c", ['sign', 'a b', 'c']],
    ['sign "a \\"b\\" \\\\ \\n"', ['sign', 'a "b" \\ \\n']],
    ["sign 'a\\b'", ['sign', 'a\\b']],
    ['sign a\\ b \\? \\$HOME', ['sign', 'a b', '?', '$HOME']],
    ['sign \'\' ""', ['sign', '', '']],
    ["sign --x='1 2'", ['sign', '--x=1 2']],
    ['sign $HOME `id` ; rm | cat > x *', 'sign $HOME `id` ; rm | cat > x *'.split(' ')],
    ["sign 'what?'", ['sign', 'what?']],
  ])('splits %s', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('reads the options', () => {
    expect(parseExecReference('exec:sign "a b"?spki=keys/ana.pub&timeout=90s')).toEqual({
      command: 'sign',
      args: ['a b'],
      spkiFile: 'keys/ana.pub',
      timeoutMs: 90_000,
    });
    expect(parseExecReference('exec:sign').timeoutMs).toBe(60_000);
  });

  it.each([
    ['no command', 'exec:', 'names no command'],
    ['an empty command', "exec:''", 'names no command'],
    ['an open quote', "exec:sign 'a", "the quote ' is never closed"],
    ['a backslash at the end', 'exec:sign \\', 'ends with a backslash'],
    ['an unknown option', 'exec:sign?shell=yes', 'not an option'],
    ['an option twice', 'exec:sign?spki=a&spki=b', 'there twice'],
    ['an empty option', 'exec:sign?spki=', 'not an option'],
    ['a timeout of nothing', 'exec:sign?timeout=0', 'timeout must be'],
    ['a timeout for ever', 'exec:sign?timeout=601', 'timeout must be'],
    ['a NUL', 'exec:sign a\0b', 'NUL'],
    ['too much text', `exec:${'a'.repeat(9000)}`, 'more than 8192'],
  ])('refuses %s', (_what, text, message) => {
    const expected = { code: 'CONFIG', message: containing(message) };
    expect(() => parseExecReference(text)).toThrow(expect.objectContaining(expected));
  });

  it('gives back any words in single quotes', () => {
    const word = fc
      .string({ maxLength: 30, unit: 'grapheme' })
      .filter((text) => !/['\0]/.test(text));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (args) => {
        const text = ['sign', ...args.map((arg) => `'${arg}'`)].join(' ');
        expect(words(text)).toEqual(['sign', ...args]);
      }),
    );
  });
});
