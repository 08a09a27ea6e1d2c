/**
 * The bytes of a rollout body, against vectors that another program made.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeUtf8, parseBase64, parseUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { isErrorCode, KedgeError } from '../../../src/core/errors.ts';
import { encodeRolloutBody, parseRolloutBody } from '../../../src/core/rollouts/body.ts';
import { expectCode } from '../support.ts';

interface Vectors {
  readonly valid: readonly {
    readonly name: string;
    readonly body: string;
    readonly sha256: string;
    readonly value: {
      readonly note: string;
      readonly state: string;
      readonly waves: readonly { readonly match: Readonly<Record<string, string>> }[];
    };
  }[];
  readonly refused: readonly {
    readonly name: string;
    readonly code: string;
    readonly body: string;
  }[];
}

const file = new URL('../../vectors/rollout-body.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('parseRolloutBody', () => {
  for (const { name, body, value, sha256: digest } of vectors.valid) {
    it(`reads and writes the vector: ${name}`, () => {
      const bytes = parseBase64(body);
      const read = parseRolloutBody(bytes);
      const waves = read.waves.map((wave) => ({ ...wave, match: Object.fromEntries(wave.match) }));
      expect({ ...read, waves }).toEqual(value);
      expect(encodeRolloutBody(read)).toEqual(bytes);
      expect(sha256(bytes)).toBe(digest);
    });
  }

  for (const { name, code, body } of vectors.refused) {
    it(`refuses the vector: ${name}`, () => {
      if (!isErrorCode(code)) throw new KedgeError('BUG', code);
      expectCode(code, () => parseRolloutBody(parseBase64(body)));
    });
  }

  it('names the place of a mistake', () => {
    const vector = vectors.refused.find(({ name }) => name === 'RO-3 percent 0');
    const error = expectCode('PARSE', () => parseRolloutBody(parseBase64(vector?.body ?? '')));
    expect(error.message).toContain('rollout body.waves[0].percent');
  });
});

describe('parseRolloutBody, of the labels of a wave (RO-3)', () => {
  const read = parseRolloutBody(parseBase64(vectors.valid[0]?.body ?? ''));
  const matching = (labels: readonly (readonly [string, string])[]): Uint8Array => {
    const [first, ...more] = read.waves;
    if (first === undefined) throw new Error('no wave');
    return encodeRolloutBody({ ...read, waves: [{ ...first, match: new Map(labels) }, ...more] });
  };
  const many = (count: number): [string, string][] =>
    Array.from({ length: count }, (_, index) => [`k${String(index)}`, '']);

  it('takes 32 of at most 128 characters', () => {
    expect(() => matching(many(32))).not.toThrow();
    expectCode('LIMIT', () => matching(many(33)));
    const [key, value] = ['k'.repeat(128), 'v'.repeat(128)];
    expect(() => matching([[key, value]])).not.toThrow();
    expectCode('LIMIT', () => matching([[`${key}k`, value]]));
    expectCode('LIMIT', () => matching([[key, `${value}v`]]));
  });

  it('refuses what is no object, though it has keys and texts', () => {
    const text = parseUtf8(matching([['0', 'x']]));
    expect(text).toContain('"match":{"0":"x"}');
    const bent = encodeUtf8(text.replace('"match":{"0":"x"}', '"match":"x"'));
    expectCode('PARSE', () => parseRolloutBody(bent));
  });
});

describe('parseRolloutBody, of the window of a wave (RO-10)', () => {
  it('refuses days that are no numbers', () => {
    const read = parseRolloutBody(parseBase64(vectors.valid[0]?.body ?? ''));
    const window = { days: [3], startMinute: 0, minutes: 1 };
    const [first, ...more] = read.waves;
    if (first === undefined) throw new Error('no wave');
    const text = parseUtf8(encodeRolloutBody({ ...read, waves: [{ ...first, window }, ...more] }));
    expect(text).toContain('"days":[3]');
    const bent = encodeUtf8(text.replace('"days":[3]', '"days":["3"]'));
    expectCode('PARSE', () => parseRolloutBody(bent));
  });
});

describe('encodeRolloutBody', () => {
  it('writes the same bytes in whatever order the labels are', () => {
    const read = parseRolloutBody(parseBase64(vectors.valid[0]?.body ?? ''));
    const waves = read.waves.map((wave) => ({
      ...wave,
      match: new Map([...wave.match].reverse()),
    }));
    expect(encodeRolloutBody({ ...read, waves })).toEqual(encodeRolloutBody(read));
  });

  it('refuses what it could not read again', () => {
    const read = parseRolloutBody(parseBase64(vectors.valid[0]?.body ?? ''));
    expectCode('PARSE', () => encodeRolloutBody({ ...read, waves: [] }));
    expectCode('LIMIT', () => encodeRolloutBody({ ...read, note: 'n'.repeat(501) }));
  });
});
