import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareViews,
  type MemberState,
  type MemberView,
  mergeViews,
} from '../../../src/core/membership/view.ts';
import { recordOf, signedOf } from './people.ts';

/** Views of one member under one key. */
const views: readonly MemberView[] = [1, 2, 3].flatMap((incarnation) =>
  (['alive', 'left'] as const).flatMap((status) =>
    ['0', '1'].flatMap((boot) => {
      const change = { incarnation, status, bootId: boot.repeat(32) };
      const states: readonly MemberState[] =
        status === 'left' ? ['left'] : ['alive', 'suspect', 'failed'];
      const record = recordOf(1, change);
      const signed = signedOf(1, change);
      return states.map((state) => ({ record, signed, state }));
    }),
  ),
);
const view = fc.constantFrom(...views);

describe('mergeViews', () => {
  it('does not depend on the order', () => {
    fc.assert(
      fc.property(view, view, (a, b) => {
        expect(mergeViews(a, b)).toBe(mergeViews(b, a));
      }),
    );
  });

  it('does not depend on the grouping', () => {
    fc.assert(
      fc.property(view, view, view, (a, b, c) => {
        expect(mergeViews(mergeViews(a, b), c)).toBe(mergeViews(a, mergeViews(b, c)));
      }),
    );
  });

  it('changes nothing when it is repeated', () => {
    fc.assert(
      fc.property(view, view, (a, b) => {
        expect(mergeViews(a, a)).toBe(a);
        expect(mergeViews(mergeViews(a, b), b)).toBe(mergeViews(a, b));
      }),
    );
  });

  it('gives one outcome for any order of many', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...views], { minLength: 1 }), (some) => {
        const last = some.toSorted(compareViews).at(-1);
        expect(some.reduce(mergeViews)).toBe(last);
      }),
    );
  });
});

describe('compareViews', () => {
  const at = (incarnation: number, state: MemberState): MemberView => {
    const change = { incarnation, status: state === 'left' ? 'left' : 'alive' } as const;
    return { record: recordOf(1, change), signed: signedOf(1, change), state };
  };

  it('puts a refutation after a failure, and a failure after life', () => {
    expect(compareViews(at(1, 'alive'), at(1, 'suspect'))).toBeLessThan(0);
    expect(compareViews(at(1, 'suspect'), at(1, 'failed'))).toBeLessThan(0);
    expect(compareViews(at(1, 'failed'), at(2, 'alive'))).toBeLessThan(0);
  });

  it('puts a farewell after all else of its incarnation', () => {
    expect(compareViews(at(1, 'failed'), at(1, 'left'))).toBeLessThan(0);
    expect(compareViews(at(1, 'left'), at(2, 'alive'))).toBeLessThan(0);
  });
});
