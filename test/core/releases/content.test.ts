import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeAnchor, writeTombstone } from '../../../src/core/anchors/entry.ts';
import { type CanonicalValue, parseCanonical } from '../../../src/core/canonical.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { BODY_MAX_BYTES } from '../../../src/core/limits.ts';
import { encodeReleaseBody, parseReleaseBody } from '../../../src/core/releases/body.ts';
import { contentDigest, readContent } from '../../../src/core/releases/content.ts';
import { applyPatch } from '../../../src/core/releases/delta.ts';
import { canonical } from '../support.ts';
import { anchor, anchorId, bodyOf, tombstone } from './bodies.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const input = { maxBytes: BODY_MAX_BYTES, what: 'body' };

/** What a patch does: it removes one name and sets some. */
const someStep = fc.record({
  removed: fc.constantFrom(...NAMES),
  set: fc.subarray(NAMES),
  label: fc.string({ maxLength: 40, unit: 'grapheme' }),
  note: fc.string({ maxLength: 40, unit: 'grapheme' }),
});

describe('readContent', () => {
  // The patches are made by hand: making one from two bodies would read the second one.
  it('knows of a rebuilt body exactly what parsing its bytes gives', () => {
    fc.assert(
      fc.property(fc.array(someStep, { minLength: 1, maxLength: 5 }), (steps) => {
        const { bundle } = bodyOf([]);
        let body = encodeReleaseBody(bodyOf(NAMES.map((name) => anchor(name))));
        for (const { removed, set, label, note } of steps) {
          const isThere = parseReleaseBody(body).anchors.some(({ id }) => id === anchorId(removed));
          const added = set
            .filter((name) => name !== removed)
            .map((name) => anchor(name, { label }));
          const patch = {
            anchors: {
              remove: isThere ? [anchorId(removed)] : [],
              set: bodyOf(added).anchors.map(writeAnchor),
            },
            rest: { bundle, note },
            tombstones: { remove: [], set: [] },
          };
          body = applyPatch(body, canonical(patch));
          expect(plain(readContent(body, 'body'))).toEqual(plain(parseCanonical(body, input)));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('knows of a rebuilt body all tombstones, those of its base and new ones', () => {
    const tombstones = [tombstone('old'), tombstone('gone', { reason: 'revoked' })];
    const base = encodeReleaseBody(bodyOf([anchor('a')], { tombstones }));
    const { bundle, note } = parseReleaseBody(base);
    const more = tombstone('new');
    const head = applyPatch(
      base,
      canonical({
        anchors: { remove: [], set: [] },
        rest: { bundle, note },
        tombstones: { remove: [], set: [writeTombstone(more)] },
      }),
    );
    const { tombstones: all } = bodyOf([], { tombstones: [...tombstones, more] });
    expect(parseReleaseBody(head).tombstones).toEqual(all);
  });

  it('gives a rebuilt body and its base the same entries', () => {
    const base = encodeReleaseBody(
      bodyOf([anchor('kept'), anchor('changed', { label: 'before' })]),
    );
    const { bundle, note } = parseReleaseBody(base);
    const set = [writeAnchor(anchor('changed', { label: 'after' }))];
    const [anchors, tombstones] = [
      { remove: [], set },
      { remove: [], set: [] },
    ];
    const head = applyPatch(base, canonical({ anchors, rest: { bundle, note }, tombstones }));
    const [before, after] = [base, head].map((bytes) => parseReleaseBody(bytes).anchors);
    const shared = after?.filter((each) => before?.includes(each) === true);
    expect(shared).toEqual([anchor('kept')]);
  });

  it('remembers the newest bodies alone, so that a stream takes no more memory as it grows', () => {
    const bodies = Array.from({ length: 100 }, (_, i) =>
      encodeReleaseBody(bodyOf([anchor('a', { label: `change ${i}` })])),
    );
    const values = bodies.map((body) => readContent(body, 'body'));
    const isRemembered = (at: number): boolean => {
      const body = bodies.at(at);
      return body !== undefined && readContent(body, 'body') === values.at(at);
    };
    expect(isRemembered(-1)).toBe(true);
    expect(isRemembered(0)).toBe(false);
  });
});

describe('contentDigest', () => {
  it('follows bytes that somebody else may change', () => {
    const bytes = encodeReleaseBody(bodyOf([anchor('a')]));
    readContent(bytes, 'body');
    bytes[0] = 0;
    expect(contentDigest(bytes)).toBe(sha256(bytes));
  });
});

/** Without regard to prototypes. */
function plain(value: CanonicalValue): unknown {
  return JSON.parse(JSON.stringify(value));
}
