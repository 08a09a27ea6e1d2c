/**
 * Reads the text of a pattern into a tree; what is not supported is refused by name.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';

type CharTest = (code: number) => boolean;

/** A pattern as a tree. */
export type PatternTree =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'all' | 'one'; readonly of: readonly PatternTree[] }
  | { readonly kind: 'many'; readonly of: PatternTree; readonly min: number; readonly max: number };

const REPEAT_MAX = 200;
const DEPTH_MAX = 20;
const QUANTIFIER = /^\{(\d{1,3})(,?)(\d{0,3})\}/;
const ANY: CharTest = (code) => code !== 0x0a;
const isDigit: CharTest = (code) => code >= 0x30 && code <= 0x39;
const isSpace: CharTest = (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d);
const isWord: CharTest = (code) =>
  isDigit(code) ||
  code === 0x5f ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x61 && code <= 0x7a);
const KINDS: ReadonlyMap<string, CharTest> = new Map([
  ['d', isDigit],
  ['D', (code) => !isDigit(code)],
  ['w', isWord],
  ['W', (code) => !isWord(code)],
  ['s', isSpace],
  ['S', (code) => !isSpace(code)],
]);
const NAMED: ReadonlyMap<string, number> = new Map([
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
]);

/** Parses a pattern. Errors: `PARSE` (not one, or not supported), `LIMIT` (too deep, too often). */
export function parsePattern(source: string): PatternTree {
  return new PatternReader(source).read();
}

class PatternReader {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#chars = Array.from(source);
  }

  read(): PatternTree {
    const tree = this.#choice();
    if (this.#at < this.#chars.length) throw wrong('a ) without its (');
    return tree;
  }

  #choice(): PatternTree {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new KedgeError('LIMIT', 'the pattern is nested too deeply');
    const ways = [this.#sequence()];
    while (this.#take('|')) ways.push(this.#sequence());
    this.#depth -= 1;
    return { kind: 'one', of: ways };
  }

  #sequence(): PatternTree {
    const of: PatternTree[] = [];
    while (this.#peek() !== '' && this.#peek() !== '|' && this.#peek() !== ')') {
      of.push(this.#repeated(this.#atom()));
    }
    return { kind: 'all', of };
  }

  #repeated(of: PatternTree): PatternTree {
    const [min, max] = this.#quantifier() ?? [1, 1];
    if (min === 1 && max === 1) return of;
    if (of.kind === 'start' || of.kind === 'end') throw wrong('an anchor is repeated');
    // Only whether it occurs is asked, so that a lazy one is the same.
    this.#take('?');
    if (['*', '+', '{'].includes(this.#peek())) throw wrong('a repetition is repeated');
    return { kind: 'many', of, min, max };
  }

  #quantifier(): readonly [number, number] | undefined {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    if (this.#peek() !== '{') return undefined;
    const [whole = '', low, comma, high = ''] =
      QUANTIFIER.exec(this.#chars.slice(this.#at, this.#at + 9).join('')) ?? [];
    if (low === undefined) throw wrong('a { that is no repetition; write \\{');
    this.#at += whole.length;
    const min = Number(low);
    const max = comma === '' ? min : high === '' ? Infinity : Number(high);
    if (max < min) throw wrong('a repetition ends before it begins');
    if (min > REPEAT_MAX || (max !== Infinity && max > REPEAT_MAX)) {
      throw new KedgeError('LIMIT', `a repetition of more than ${REPEAT_MAX} times`);
    }
    return [min, max];
  }

  #atom(): PatternTree {
    const char = this.#next();
    if (char === '^') return { kind: 'start' };
    if (char === '$') return { kind: 'end' };
    if (char === '.') return { kind: 'char', test: ANY };
    if (char === '[') return { kind: 'char', test: this.#set() };
    if (char === '\\') return { kind: 'char', test: this.#escaped() };
    if (char === '(') return this.#group();
    if (['*', '+', '?', '{'].includes(char)) throw wrong('nothing to repeat');
    const code = codeOf(char);
    return { kind: 'char', test: (other) => other === code };
  }

  #group(): PatternTree {
    if (this.#take('?') && !this.#take(':')) throw wrong('(? is not supported; write (?: or (');
    const tree = this.#choice();
    if (!this.#take(')')) throw wrong('a ( is never closed');
    return tree;
  }

  #set(): CharTest {
    const isNegated = this.#take('^');
    const tests: CharTest[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      if (this.#peek() === '') throw wrong('a [ is never closed');
      tests.push(this.#member());
    }
    this.#take(']');
    return (code) => tests.some((test) => test(code)) !== isNegated;
  }

  #member(): CharTest {
    const first = this.#next();
    if (first === '\\' && KINDS.has(this.#peek())) return this.#escaped();
    const low = this.#memberCode(first);
    const [dash, end] = [this.#peek(), this.#chars[this.#at + 1]];
    if (dash !== '-' || end === undefined || end === ']') return (code) => code === low;
    this.#at += 1;
    const high = this.#memberCode(this.#next());
    if (high < low) throw wrong('a range ends before it begins');
    return (code) => code >= low && code <= high;
  }

  #memberCode(char: string): number {
    if (char !== '\\') return codeOf(char);
    const escaped = this.#next();
    return NAMED.get(escaped) ?? literal(escaped);
  }

  #escaped(): CharTest {
    const char = this.#next();
    const known = KINDS.get(char);
    if (known !== undefined) return known;
    const code = NAMED.get(char) ?? literal(char);
    return (other) => other === code;
  }

  #peek(): string {
    return this.#chars[this.#at] ?? '';
  }

  #next(): string {
    const char = this.#peek();
    if (char === '') throw wrong('it ends too early');
    this.#at += 1;
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }
}

function literal(char: string): number {
  if (/[A-Za-z0-9]/.test(char)) throw wrong(`\\${char} is not supported`);
  return codeOf(char);
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function wrong(why: string): KedgeError {
  return new KedgeError('PARSE', `not a pattern: ${why}`);
}
