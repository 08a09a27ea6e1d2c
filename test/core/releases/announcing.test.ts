import { describe, expect, it } from 'vitest';
import { encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import {
  dropPastPlans,
  pendingPlans,
  planChange,
  plansMadeBy,
  withdrawPlan,
} from '../../../src/core/releases/announcing.ts';
import {
  encodeReleaseBody,
  parseReleaseBody,
  type ReleaseBody,
} from '../../../src/core/releases/body.ts';
import { describeChange } from '../../../src/core/releases/diff.ts';
import { nextBody } from '../../../src/core/releases/edit.ts';
import { narrowsOnly } from '../../../src/core/releases/narrowing.ts';
import type { PlannedChange } from '../../../src/core/releases/planned.ts';
import { NOW_MS } from '../support.ts';
import { anchor, anchorId, bodyOf, tombstone } from './bodies.ts';

const BODY = bodyOf([anchor('a'), anchor('b')]);
const REMOVE_A: PlannedChange = {
  what: 'remove',
  anchor: anchorId('a'),
  atMs: NOW_MS + 86_400_000,
  impact: 'move to b before',
};
const ANNOUNCED = planChange(BODY, REMOVE_A);

/** A body from which an anchor was removed. */
function without(name: string): ReleaseBody {
  return bodyOf([anchor('b')], { tombstones: [tombstone(name)] });
}

describe('announced changes', () => {
  it('are written and read with the body, and carried on by the next one', () => {
    expect(parseReleaseBody(encodeReleaseBody(ANNOUNCED))).toEqual(ANNOUNCED);
    expect(nextBody(ANNOUNCED).planned).toEqual([REMOVE_A]);
  });

  it('are replaced by anchor and kind, ordered by time, and withdrawn', () => {
    const sooner = { ...REMOVE_A, what: 'retire', atMs: NOW_MS + 1000 };
    const moved = { ...REMOVE_A, atMs: NOW_MS + 2000 };
    const body = planChange(planChange(ANNOUNCED, moved), sooner);
    expect(body.planned).toEqual([sooner, moved]);
    expect(withdrawPlan(withdrawPlan(body, moved), sooner)).toEqual(BODY);
    expect(dropPastPlans(body, NOW_MS + 1000).planned).toEqual([moved]);
  });

  it.each<[string, ReleaseBody, ReleaseBody]>([
    ['stage', BODY, bodyOf([anchor('a'), anchor('b'), anchor('c', { state: 'staged' })])],
    ['activate', bodyOf([anchor('c', { state: 'staged' })]), bodyOf([anchor('c')])],
    ['retire', bodyOf([anchor('c')]), bodyOf([anchor('c', { state: 'retiring' })])],
    ['remove', bodyOf([anchor('c', { state: 'retiring' })]), without('c')],
    ['anything', bodyOf([anchor('c')]), without('c')],
  ])('end with the release that makes them, before their time: %s', (what, before, after) => {
    const plan = { ...REMOVE_A, what, anchor: anchorId('c') };
    const announced = planChange(before, plan);
    expect(pendingPlans(announced)).toEqual([plan]);
    expect(dropPastPlans(announced, NOW_MS)).toEqual(announced);
    const made = { ...after, planned: [plan] };
    expect(plansMadeBy(announced, made)).toEqual([plan]);
    expect(plansMadeBy(made, made)).toEqual([]);
    expect(pendingPlans(made)).toEqual([]);
    expect(dropPastPlans(made, NOW_MS)).toEqual(after);
    // Whoever wrote it down: the body is as valid as any.
    expect(parseReleaseBody(encodeReleaseBody(made))).toEqual(made);
  });

  it('are kept in the order that bodies are written in, whichever came first', () => {
    const plans = [5, 1, 4, 2, 3].map((n) => ({ ...REMOVE_A, what: `w${n}`, atMs: NOW_MS + n }));
    const body = plans.reduce(planChange, BODY);
    expect(body.planned?.map(({ what }) => what)).toEqual(['w1', 'w2', 'w3', 'w4', 'w5']);
  });

  it('stay when others are withdrawn, made or never to be made', () => {
    const activate = { ...REMOVE_A, what: 'activate' };
    const body = planChange(ANNOUNCED, { ...activate, anchor: anchorId('c') });
    expect(withdrawPlan(body, { ...REMOVE_A, anchor: anchorId('c') })).toEqual(body);
    expect(withdrawPlan(body, activate)).toEqual(body);
    expect(pendingPlans({ ...body, tombstones: [tombstone('b')] })).toEqual(body.planned);
    expect(plansMadeBy(body, body)).toEqual([]);
    const retire = { ...REMOVE_A, what: 'retire', anchor: anchorId('c') };
    expect(pendingPlans(planChange(BODY, retire))).toEqual([retire]);
  });

  it('are none in a body without any, and none before the first release', () => {
    expect(pendingPlans(BODY)).toEqual([]);
    expect(dropPastPlans(BODY, NOW_MS)).toEqual(BODY);
    expect(plansMadeBy(undefined, ANNOUNCED)).toEqual([]);
  });

  it('are at most 16', () => {
    let body = BODY;
    for (let n = 0; n < 16; n += 1) body = planChange(body, { ...REMOVE_A, what: `w${n}` });
    expect(() => planChange(body, { ...REMOVE_A, what: 'more' })).toThrow('at most 16');
    const [plan] = body.planned ?? [];
    const many = Array.from({ length: 17 }, (_, n) => ({ ...REMOVE_A, ...plan, atMs: NOW_MS + n }));
    expect(() => encodeReleaseBody({ ...BODY, planned: many })).toThrow(/16/);
  });

  it.each<[string, (text: string) => string]>([
    ['an empty list', (text) => text.replace(/"planned":\[.*?\]/, '"planned":[]')],
    ['another kind of name', (text) => text.replace('"what":"remove"', '"what":"Re move"')],
    ['a name with more behind it', (text) => text.replace('"remove"', '"remove!"')],
    ['a key too many', (text) => text.replace('"what":"remove"', '"what":"remove","x":1')],
    ['a time that is none', (text) => text.replace(/"at":"[^"]*"/, '"at":"soon"')],
    ['one entry twice', (text) => text.replace(/"planned":\[(.*?)\]/, '"planned":[$1,$1]')],
  ])('are refused with %s', (_, change) => {
    const text = change(parseUtf8(encodeReleaseBody(ANNOUNCED)));
    expect(() => parseReleaseBody(encodeUtf8(text))).toThrow();
  });

  it('are shown to whoever signs', () => {
    expect(describeChange(BODY, ANNOUNCED)).toEqual([
      { kind: 'planned', plan: REMOVE_A, label: 'CA a' },
    ]);
    expect(describeChange(ANNOUNCED, BODY)).toEqual([
      { kind: 'unplanned', why: 'withdrawn', plan: REMOVE_A, label: 'CA a' },
    ]);
    const gone = { plan: REMOVE_A, kind: 'unplanned' };
    expect(describeChange(ANNOUNCED, without('a'))).toContainEqual({
      ...{ ...gone, why: 'made', label: 'CA a' },
    });
    const kept = { ...without('a'), planned: [REMOVE_A] };
    expect(describeChange(kept, without('a'))).toEqual([{ ...gone, why: 'done' }]);
    expect(describeChange(ANNOUNCED, ANNOUNCED)).toEqual([]);
    const reworded = { ...REMOVE_A, impact: 'nothing to do' };
    expect(describeChange(ANNOUNCED, planChange(ANNOUNCED, reworded))).toEqual([
      { kind: 'planned', plan: reworded, label: 'CA a' },
      { kind: 'unplanned', why: 'withdrawn', plan: REMOVE_A, label: 'CA a' },
    ]);
    const second = { ...REMOVE_A, anchor: anchorId('b') };
    expect(describeChange(ANNOUNCED, planChange(ANNOUNCED, second))).toEqual([
      { kind: 'planned', plan: second, label: 'CA b' },
    ]);
  });

  it('are nothing that the revoke role may say', () => {
    expect(narrowsOnly(BODY, ANNOUNCED)).toBe(false);
    expect(narrowsOnly(ANNOUNCED, ANNOUNCED)).toBe(true);
    expect(narrowsOnly(ANNOUNCED, BODY)).toBe(true);
    const reworded = planChange(BODY, { ...REMOVE_A, impact: 'nothing to do' });
    expect(narrowsOnly(ANNOUNCED, reworded)).toBe(false);
    const oneMore = planChange(ANNOUNCED, { ...REMOVE_A, what: 'retire' });
    expect(narrowsOnly(ANNOUNCED, oneMore)).toBe(false);
  });
});
