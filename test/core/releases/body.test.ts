/**
 * The bytes of a release body, against vectors that another program made.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseBase64 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { isErrorCode, KedgeError } from '../../../src/core/errors.ts';
import { formatTimestamp, parseSequence } from '../../../src/core/ids.ts';
import { encodeReleaseBody, parseReleaseBody } from '../../../src/core/releases/body.ts';
import { expectCode, NOW_MS } from '../support.ts';
import { anchor, bodyOf, tombstone } from './bodies.ts';

interface Vectors {
  readonly valid: readonly {
    readonly name: string;
    readonly body: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly value: {
      readonly anchors: readonly { readonly id: string; readonly label: string }[];
      readonly note: string;
      readonly planned?: readonly {
        readonly what: string;
        readonly anchor: string;
        readonly at: string;
        readonly impact: string;
      }[];
    };
  }[];
  readonly refused: readonly {
    readonly name: string;
    readonly code: string;
    readonly body: string;
  }[];
}

const file = new URL('../../vectors/release-body.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('parseReleaseBody', () => {
  for (const vector of vectors.valid) {
    it(`reads and writes the vector: ${vector.name}`, () => {
      const bytes = parseBase64(vector.body);
      const body = parseReleaseBody(bytes);
      expect(encodeReleaseBody(body)).toEqual(bytes);
      expect(bytes.length).toBe(vector.bytes);
      expect(sha256(bytes)).toBe(vector.sha256);
      expect(body.note).toBe(vector.value.note);
      expect(body.anchors.map(({ id, label }) => ({ id, label }))).toEqual(
        vector.value.anchors.map(({ id, label }) => ({ id, label })),
      );
      const planned = body.planned?.map(({ atMs, ...rest }) => {
        return { ...rest, at: formatTimestamp(atMs) };
      });
      expect(planned).toEqual(vector.value.planned);
    });
  }

  for (const vector of vectors.refused) {
    it(`refuses the vector: ${vector.name}`, () => {
      if (!isErrorCode(vector.code)) throw new KedgeError('BUG', vector.code);
      expectCode(vector.code, () => parseReleaseBody(parseBase64(vector.body)));
    });
  }

  it('reads every field', () => {
    const vector = vectors.valid.find(({ name }) => name === 'every field');
    const body = parseReleaseBody(parseBase64(vector?.body ?? ''));
    expect(body.replaces).toBe(4);
    expect(body.tombstones.map(({ sequence }) => sequence).toSorted()).toEqual([3, 7]);
    expect(body.anchors.find(({ state }) => state === 'retiring')).toMatchObject({
      kind: 'x509-ca',
      purposes: ['spiffe', 'tls-client', 'tls-server'],
      constraints: [
        { type: 'max-validity-days', critical: false, values: ['90'] },
        { type: 'permitted-dns', critical: true, values: ['example.com', 'example.org'] },
      ],
      sinceMs: NOW_MS,
      distrustAfterMs: Date.UTC(2026, 11, 1),
    });
  });

  it('names the place of a mistake', () => {
    const text = new TextDecoder().decode(encodeReleaseBody(bodyOf([anchor('one')])));
    const bad = new TextEncoder().encode(text.replace('"active"', '"actif"'));
    const error = expectCode('PARSE', () => parseReleaseBody(bad));
    expect(error.message).toContain('release body.anchors[0].state');
  });
});

describe('encodeReleaseBody', () => {
  it('refuses what it could not read again', () => {
    expectCode('PARSE', () => encodeReleaseBody(bodyOf([anchor('a', { purposes: [] })])));
    const twice = { ...bodyOf([]), anchors: [anchor('a'), anchor('a')] };
    expectCode('PARSE', () => encodeReleaseBody(twice));
    expectCode('LIMIT', () => encodeReleaseBody(bodyOf([], { note: 'n'.repeat(501) })));
  });

  it('refuses too many anchors or tombstones, and too many bytes', () => {
    const many = (count: number, label: string): ReturnType<typeof bodyOf> =>
      bodyOf(Array.from({ length: count }, (_, index) => anchor(`n${index}`, { label })));
    expect(parseReleaseBody(encodeReleaseBody(many(1000, 'x'))).anchors).toHaveLength(1000);
    expectCode('LIMIT', () => encodeReleaseBody(many(1001, 'x')));
    const tombstones = Array.from({ length: 4001 }, (_, index) => tombstone(`n${index}`));
    expectCode('LIMIT', () => encodeReleaseBody(bodyOf([], { tombstones })));
    expectCode('LIMIT', () => encodeReleaseBody(many(1000, '\u{1f600}'.repeat(250))));
  });

  it('takes values as long as a text may be', () => {
    const values = ['v'.repeat(500)];
    const body = bodyOf([
      anchor('a', { constraints: [{ type: 'permitted-dns', critical: true, values }] }),
    ]);
    expect(parseReleaseBody(encodeReleaseBody(body))).toStrictEqual(body);
  });

  it.each(['', '-a', '!a', 'a!', 'A', 'a b', 'a'.repeat(64)])(
    'refuses %j as the name of a purpose and of a kind of constraint',
    (name) => {
      expectCode('PARSE', () => encodeReleaseBody(bodyOf([anchor('a', { purposes: [name] })])));
      const constraints = [{ type: name, critical: true, values: [] }];
      expectCode('PARSE', () => encodeReleaseBody(bodyOf([anchor('a', { constraints })])));
    },
  );

  it('cuts times to the second', () => {
    const body = bodyOf([anchor('a', { sinceMs: NOW_MS + 999, distrustAfterMs: NOW_MS + 1 })], {
      replaces: parseSequence(1),
    });
    expect(parseReleaseBody(encodeReleaseBody(body)).anchors[0]).toMatchObject({
      sinceMs: NOW_MS,
      distrustAfterMs: NOW_MS,
    });
  });
});
