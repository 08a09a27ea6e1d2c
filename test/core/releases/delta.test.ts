/**
 * Deltas between bodies, against vectors that another program made and against random bodies.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Anchor } from '../../../src/core/anchors/anchor.ts';
import { parseBase64 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { isErrorCode, KedgeError } from '../../../src/core/errors.ts';
import { parseSequence } from '../../../src/core/ids.ts';
import { BODY_MAX_BYTES } from '../../../src/core/limits.ts';
import { encodeReleaseBody, type ReleaseBody } from '../../../src/core/releases/body.ts';
import { applyPatch, diffBodies, takeApart } from '../../../src/core/releases/delta.ts';
import { canonical, expectCode } from '../support.ts';
import { anchor, bodyOf, tombstone } from './bodies.ts';

interface Vectors {
  readonly valid: readonly {
    readonly name: string;
    readonly base: string;
    readonly patch: string;
    readonly head: string;
    readonly headSha256: string;
  }[];
  readonly refused: readonly {
    readonly name: string;
    readonly code: string;
    readonly base: string;
    readonly patch: string;
  }[];
}

const file = new URL('../../vectors/delta-patch.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

const someAnchor = (name: string): fc.Arbitrary<Anchor> =>
  fc
    .record({ label: fc.string({ maxLength: 20, unit: 'grapheme' }), isStaged: fc.boolean() })
    .map(({ label, isStaged }) => anchor(name, { label, ...(isStaged && { state: 'staged' }) }));

const someBody: fc.Arbitrary<ReleaseBody> = fc
  .record({
    anchors: fc.subarray(NAMES).chain((names) => fc.tuple(...names.map(someAnchor))),
    buried: fc.subarray(NAMES),
    note: fc.string({ maxLength: 30, unit: 'grapheme' }),
    replaces: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
    isInWaves: fc.boolean(),
  })
  .map(({ anchors, buried, note, replaces, isInWaves }) =>
    bodyOf(anchors, {
      note,
      tombstones: buried.map((name) => tombstone(`gone ${name}`)),
      ...(replaces !== undefined && { replaces: parseSequence(replaces) }),
      ...(isInWaves && { delivery: 'waves' }),
    }),
  );

describe('takeApart', () => {
  it('changes nothing of what a patch makes of a body', () => {
    const [base, head] = ['a', 'b'].map((name) => encodeReleaseBody(bodyOf([anchor(name)])));
    if (base === undefined || head === undefined) throw new Error('no bodies');
    const patch = diffBodies(base, head);
    const copy = base.slice();
    takeApart(copy);
    expect(applyPatch(copy, patch)).toEqual(head);
  });

  it('refuses what is no body', () => {
    expectCode('PARSE', () => takeApart(new TextEncoder().encode('[]')));
  });
});

describe('diffBodies and applyPatch', () => {
  for (const vector of vectors.valid) {
    it(`agree with the vector: ${vector.name}`, () => {
      const [base, patch, head] = [vector.base, vector.patch, vector.head].map(parseBase64);
      if (!base || !patch || !head) throw new Error('an empty vector');
      expect(diffBodies(base, head)).toEqual(patch);
      expect(applyPatch(base, patch)).toEqual(head);
      expect(sha256(applyPatch(base, patch))).toBe(vector.headSha256);
    });
  }

  for (const vector of vectors.refused) {
    it(`refuse the vector: ${vector.name}`, () => {
      if (!isErrorCode(vector.code)) throw new KedgeError('BUG', vector.code);
      const { base, patch } = vector;
      expectCode(vector.code, () => applyPatch(parseBase64(base), parseBase64(patch)));
    });
  }

  it('rebuild every body from every other one', () => {
    fc.assert(
      fc.property(someBody, someBody, (from, to) => {
        const base = encodeReleaseBody(from);
        const head = encodeReleaseBody(to);
        expect(applyPatch(base, diffBodies(base, head))).toEqual(head);
      }),
      { numRuns: 200 },
    );
  });

  it('never crash on a foreign patch', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const base = encodeReleaseBody(bodyOf([anchor('a')]));
        try {
          applyPatch(base, new TextEncoder().encode(text));
        } catch (error) {
          expect(error).toBeInstanceOf(KedgeError);
        }
      }),
    );
  });

  it('carry little for one anchor among 140', () => {
    const anchors = Array.from({ length: 140 }, (_, index) => anchor(`n${index}`));
    const base = encodeReleaseBody(bodyOf(anchors));
    const head = encodeReleaseBody(bodyOf([...anchors, anchor('new')]));
    expect(diffBodies(base, head).length).toBeLessThan(500);
  });

  it('keep an entry whose fields they do not know', () => {
    const entry = { id: 'ab'.repeat(32), future: [1, { x: true }] };
    const base = canonical({ anchors: [], bundle: 'b', note: '', tombstones: [] });
    const head = canonical({ anchors: [entry], bundle: 'b', later: 1, note: '', tombstones: [] });
    expect(applyPatch(base, diffBodies(base, head))).toEqual(head);
  });

  it('refuse more entries than a body may have', () => {
    const anchors = Array.from({ length: 1001 }, (_, index) => anchor(`n${index}`));
    const set = bodyOf(anchors).anchors.map(({ id }) => ({ id }));
    const patch = canonical({
      anchors: { remove: [], set },
      rest: {},
      tombstones: { remove: [], set: [] },
    });
    expectCode('LIMIT', () => applyPatch(encodeReleaseBody(bodyOf([])), patch));
  });

  it('refuse to make a body that is too large', () => {
    const pad = (name: string): unknown => ({
      id: sha256(canonical(name)),
      pad: 'x'.repeat(600_000),
    });
    const base = canonical({ anchors: [pad('a')], tombstones: [] });
    const patch = canonical({
      anchors: { remove: [], set: [pad('b')] },
      rest: {},
      tombstones: { remove: [], set: [] },
    });
    expectCode('LIMIT', () => applyPatch(base, patch));
  });

  it('make a body that is as large as one may be', () => {
    const id = 'ab'.repeat(32);
    const patch = (pad: number): Uint8Array =>
      canonical({
        anchors: { remove: [], set: [{ id, pad: 'x'.repeat(pad) }] },
        rest: {},
        tombstones: { remove: [], set: [] },
      });
    // Neither base nor patch is as large as what they make.
    const pad = 'y'.repeat(BODY_MAX_BYTES / 2);
    const half = canonical({ anchors: [{ id: 'cd'.repeat(32), pad }], tombstones: [] });
    const exactly = BODY_MAX_BYTES - applyPatch(half, patch(0)).length;
    expect(applyPatch(half, patch(exactly))).toHaveLength(BODY_MAX_BYTES);
    expectCode('LIMIT', () => applyPatch(half, patch(exactly + 1)));
  });
});
