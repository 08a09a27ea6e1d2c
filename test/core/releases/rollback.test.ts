/**
 * Putting the content of an earlier release back.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { verifyLifecycle } from '../../../src/core/anchors/lifecycle.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import { rollBack } from '../../../src/core/releases/rollback.ts';
import { expectCode, NOW_MS } from '../support.ts';
import { anchor, anchorId, bodyOf, point, tombstone } from './bodies.ts';

const AT = point(9, NOW_MS + 60_000);
const lifecycle = { holdDownSeconds: 0, overlapSeconds: 0, blastRadiusPercent: 20 };

/** Rolls back and checks that the lifecycle takes it. */
function back(current: ReleaseBody, earlier: ReleaseBody): ReleaseBody {
  const next = rollBack(current, { sequence: point(5).sequence, body: earlier }, AT);
  verifyLifecycle(current, next, AT, { lifecycle, gap: 'linked', authority: 'release' });
  return next;
}

describe('rollBack', () => {
  it('gives states and attributes back and marks the release', () => {
    const earlier = bodyOf([anchor('a'), anchor('b', { label: 'before' })], { note: 'five' });
    const retiring = anchor('a', { state: 'retiring', distrustAfterMs: NOW_MS });
    const current = bodyOf([retiring, anchor('b', { label: 'after' })]);
    const next = back(current, earlier);
    expect(next).toEqual({
      ...earlier,
      anchors: bodyOf([anchor('a', { sinceMs: AT.issuedMs }), anchor('b', { label: 'before' })])
        .anchors,
      note: '',
      replaces: 5,
    });
  });

  it('goes to everybody at once, whatever the two releases did', () => {
    const earlier = bodyOf([anchor('a')]);
    expect(back({ ...earlier, delivery: 'waves' }, earlier)).not.toHaveProperty('delivery');
    expect(back(earlier, { ...earlier, delivery: 'waves' })).not.toHaveProperty('delivery');
  });

  it('takes away what came later: staged and retiring at once, active by retiring', () => {
    const earlier = bodyOf([anchor('a')]);
    const current = bodyOf([
      anchor('a'),
      anchor('staged', { state: 'staged' }),
      anchor('retiring', { state: 'retiring' }),
      anchor('active'),
    ]);
    const next = back(current, earlier);
    expect(next.tombstones.map(({ id }) => id)).toEqual(
      [anchorId('staged'), anchorId('retiring')].sort(),
    );
    expect(next.anchors.find(({ id }) => id === anchorId('active'))?.state).toBe('retiring');
  });

  it('does not make trusted anchors staged again', () => {
    const earlier = bodyOf([
      anchor('a'),
      anchor('b', { state: 'staged' }),
      anchor('c', { state: 'retiring' }),
    ]);
    const current = bodyOf([anchor('a'), anchor('b'), anchor('c')]);
    const states = back(current, earlier).anchors.map(({ label, state }) => `${label}: ${state}`);
    expect(states.sort()).toEqual(['CA a: active', 'CA b: retiring', 'CA c: retiring']);
  });

  it('gives the limit on leaves back', () => {
    const limited = anchor('b', { distrustAfterMs: NOW_MS });
    const next = back(bodyOf([anchor('a'), anchor('b')]), bodyOf([anchor('a'), limited]));
    expect(next.anchors.find(({ id }) => id === limited.id)).toEqual(limited);
  });

  it('refuses to bring back an anchor that has left', () => {
    const gone = tombstone('b');
    const current = bodyOf([anchor('a')], { tombstones: [gone] });
    const error = expectCode('LIFECYCLE', () => back(current, bodyOf([anchor('a'), anchor('b')])));
    expect(error.detail).toEqual({ anchors: [anchorId('b')], leftBy: gone.sequence });
  });
});
