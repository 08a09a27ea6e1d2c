/**
 * What a signer is shown.
 *
 * @module
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Anchor } from '../../../src/core/anchors/anchor.ts';
import { parseBundleName, parseSequence } from '../../../src/core/ids.ts';
import { encodeReleaseBody, type ReleaseBody } from '../../../src/core/releases/body.ts';
import { countChanges, describeChange } from '../../../src/core/releases/diff.ts';
import { NOW_MS } from '../support.ts';
import { anchor, anchorId, bodyOf, tombstone } from './bodies.ts';

const A = anchorId('a');
const DNS = { type: 'permitted-dns', critical: true, values: ['example.org'] };

/** The change of one anchor. */
function change(before: Partial<Anchor>, after: Partial<Anchor>): unknown {
  return describeChange(bodyOf([anchor('a', before)]), bodyOf([anchor('a', after)]));
}

describe('describeChange', () => {
  it('shows all of a first release as added', () => {
    const first = bodyOf([anchor('a'), anchor('b', { state: 'staged' })], { note: 'hello' });
    expect(describeChange(undefined, first)).toEqual([
      ...first.anchors.map((one) => ({ kind: 'added', anchor: one })),
      { kind: 'note', from: '', to: 'hello' },
    ]);
  });

  it('shows nothing when nothing changes', () => {
    const body = bodyOf([anchor('a')], { note: 'x', tombstones: [tombstone('b')] });
    expect(describeChange(body, body)).toEqual([]);
  });

  it('says why an anchor left', () => {
    const before = bodyOf([anchor('a')]);
    const left = (tombstones: ReleaseBody['tombstones']): unknown =>
      describeChange(before, bodyOf([], { tombstones }));
    const one = (reason: string): unknown => [{ kind: 'left', anchor: anchor('a'), reason }];
    expect(left([tombstone('a')])).toEqual(one('removed'));
    expect(left([tombstone('a', { reason: 'revoked' })])).toEqual(one('revoked'));
    expect(left([])).toEqual(one('vanished'));
  });

  it('shows each field of an anchor that changes', () => {
    const at = { id: A, label: 'CA a' };
    expect(change({ state: 'staged' }, { sinceMs: NOW_MS + 1000 })).toEqual([
      { kind: 'state', ...at, from: 'staged', to: 'active' },
    ]);
    expect(change({}, { sinceMs: NOW_MS + 1000 })).toEqual([
      { kind: 'since', ...at, from: NOW_MS, to: NOW_MS + 1000 },
    ]);
    expect(change({ label: 'x' }, {})).toEqual([{ kind: 'label', ...at, from: 'x', to: 'CA a' }]);
    expect(change({}, { purposes: ['spiffe'] })).toEqual([
      { kind: 'purposes', ...at, from: ['tls-server'], to: ['spiffe'] },
    ]);
    expect(change({ constraints: [DNS] }, {})).toEqual([
      { kind: 'constraints', ...at, from: [DNS], to: [] },
    ]);
    const lax = { ...DNS, critical: false };
    expect(change({ constraints: [DNS] }, { constraints: [lax] })).toHaveLength(1);
    expect(change({}, { distrustAfterMs: 5000 })).toEqual([
      { kind: 'distrust-after', ...at, from: undefined, to: 5000 },
    ]);
  });

  it('shows tombstones that do not belong to an anchor that left', () => {
    const before = bodyOf([], { tombstones: [tombstone('a'), tombstone('b')] });
    const after = bodyOf([], {
      tombstones: [tombstone('a', { reason: 'revoked' }), tombstone('c')],
    });
    const changes = describeChange(before, after);
    expect(changes).toHaveLength(3);
    expect(changes).toEqual(
      expect.arrayContaining([
        { kind: 'tombstone', id: A, what: 'changed' },
        { kind: 'tombstone', id: anchorId('b'), what: 'dropped' },
        { kind: 'tombstone', id: anchorId('c'), what: 'new' },
      ]),
    );
  });

  it('shows another bundle, another note and a rollback', () => {
    const before = bodyOf([], { note: 'x', replaces: parseSequence(2) });
    const bundle = parseBundleName('other.example.org');
    const after = bodyOf([], { bundle, note: 'y', replaces: parseSequence(2) });
    expect(describeChange(before, after)).toEqual([
      { kind: 'bundle', from: before.bundle, to: bundle },
      { kind: 'note', from: 'x', to: 'y' },
      { kind: 'replaces', sequence: 2 },
    ]);
    expect(describeChange(before, { ...bodyOf([]), note: 'x' })).toEqual([
      { kind: 'replaces', sequence: undefined },
    ]);
  });

  it('shows that a release puts back another one where the one before did not', () => {
    const back = bodyOf([], { replaces: parseSequence(2) });
    expect(describeChange(bodyOf([]), back)).toEqual([{ kind: 'replaces', sequence: 2 }]);
  });

  it('lists anchors, then tombstones, each by id, whichever is the new one', () => {
    const names = ['a', 'b', 'c', 'd'].sort((x, y) => (anchorId(x) < anchorId(y) ? -1 : 1));
    const [first = '', second = '', third = '', fourth = ''] = names;
    const before = bodyOf([anchor(second), anchor(fourth)]);
    const after = bodyOf([anchor(first), anchor(third)]);
    const added = describeChange(before, after).map((one) => 'anchor' in one && one.anchor.label);
    expect(added).toEqual(names.map((name) => `CA ${name}`));
    const buried = (...which: readonly string[]): ReleaseBody =>
      bodyOf([], { tombstones: which.map((name) => tombstone(name)) });
    const marks = describeChange(buried(second, fourth), buried(first, third));
    expect(marks.map((one) => 'id' in one && one.id)).toEqual(names.map(anchorId));
  });

  it('shows a tombstone that says another release than before', () => {
    const [before, after] = [2, 3].map((sequence) =>
      bodyOf([], { tombstones: [tombstone('a', { sequence: parseSequence(sequence) })] }),
    );
    if (before === undefined || after === undefined) throw new Error('no bodies');
    expect(describeChange(before, after)).toEqual([{ kind: 'tombstone', id: A, what: 'changed' }]);
  });

  it('takes constraints that say the same for the same', () => {
    const { type, critical, values } = DNS;
    const [one, other] = [
      { type, critical, values },
      { values, critical, type },
    ];
    expect(change({ constraints: [one] }, { constraints: [other] })).toEqual([]);
  });

  it('shows whether a release comes in waves', () => {
    const [plain, inWaves] = [bodyOf([]), bodyOf([], { delivery: 'waves' })];
    expect(describeChange(plain, inWaves)).toEqual([{ kind: 'delivery', to: 'waves' }]);
    expect(describeChange(inWaves, plain)).toEqual([{ kind: 'delivery', to: 'at-once' }]);
    expect(describeChange(undefined, inWaves)).toEqual([{ kind: 'delivery', to: 'waves' }]);
    expect(describeChange(inWaves, inWaves)).toEqual([]);
  });

  it('hides nothing: bodies without a change are equal', () => {
    const some = fc
      .record({
        state: fc.constantFrom('staged', 'active', 'retiring'),
        label: fc.constantFrom('x', 'y'),
        purposes: fc.subarray(['spiffe', 'tls-server'], { minLength: 1 }),
        constraints: fc.subarray([DNS, { ...DNS, type: 'permitted-uri' }]),
        sinceMs: fc.constantFrom(NOW_MS, NOW_MS + 1000),
        isBuried: fc.boolean(),
        note: fc.constantFrom('', 'n'),
        isInWaves: fc.boolean(),
      })
      .map(({ isBuried, isInWaves, note, ...fields }) =>
        bodyOf([anchor('a', fields as Partial<Anchor>)], {
          note,
          ...(isInWaves && { delivery: 'waves' }),
          tombstones: isBuried ? [tombstone('b')] : [],
        }),
      );
    fc.assert(
      fc.property(some, some, (before, after) => {
        const isSame =
          JSON.stringify([...encodeReleaseBody(before)]) ===
          JSON.stringify([...encodeReleaseBody(after)]);
        expect(describeChange(before, after).length === 0).toBe(isSame);
      }),
    );
  });
});

describe('countChanges', () => {
  it('counts anchors, not fields', () => {
    const before = bodyOf([anchor('a'), anchor('b'), anchor('c', { state: 'staged' })]);
    const after = bodyOf([
      anchor('a', { label: 'x', state: 'retiring' }),
      anchor('c'),
      anchor('d', { state: 'staged' }),
    ]);
    expect(countChanges(before, after)).toEqual({
      added: 1,
      left: 1,
      changed: 2,
      trustedBefore: 2,
      trustedAfter: 2,
    });
    expect(countChanges(undefined, before)).toMatchObject({ added: 3, trustedBefore: 0 });
  });
});
