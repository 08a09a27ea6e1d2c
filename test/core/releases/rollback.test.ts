/**
 * Putting the content of an earlier release back.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import type { Constraint } from '../../../src/core/anchors/anchor.ts';
import { verifyLifecycle } from '../../../src/core/anchors/lifecycle.ts';
import { parseSequence } from '../../../src/core/ids.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import { narrowsOnly } from '../../../src/core/releases/narrowing.ts';
import { leftSince, loosened, narrowBack, rollBack } from '../../../src/core/releases/rollback.ts';
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

  it('gives nobody a trust that it did not have then', () => {
    const earlier = bodyOf([
      anchor('a'),
      anchor('b', { state: 'retiring' }),
      anchor('c', { state: 'staged' }),
      anchor('d', { state: 'staged' }),
    ]);
    const current = bodyOf([
      anchor('a'),
      anchor('b', { state: 'retiring' }),
      anchor('c', { state: 'retiring' }),
      anchor('d', { state: 'staged' }),
    ]);
    expect(back(current, earlier).anchors).toEqual(current.anchors);
  });

  it('goes back to a release that trusted nobody', () => {
    const earlier = bodyOf([anchor('a', { state: 'staged' })]);
    const current = bodyOf([anchor('a', { state: 'staged' })], { tombstones: [tombstone('b')] });
    expect(back(current, earlier).anchors).toEqual(current.anchors);
  });

  it('gives the limit on leaves back', () => {
    const limited = anchor('b', { distrustAfterMs: NOW_MS });
    const next = back(bodyOf([anchor('a'), anchor('b')]), bodyOf([anchor('a'), limited]));
    expect(next.anchors.find(({ id }) => id === limited.id)).toEqual(limited);
  });

  it('leaves away what has left since, removed or revoked', () => {
    const left = [tombstone('b'), tombstone('c', { reason: 'revoked' })];
    const others = [...left, tombstone('never in the earlier one')];
    const current = bodyOf([anchor('a', { label: 'now' })], { tombstones: others });
    const earlier = bodyOf([anchor('a'), anchor('b'), anchor('c'), anchor('d')]);
    expect(back(current, earlier)).toMatchObject({ anchors: [anchor('a')], replaces: 5 });
    expect(leftSince(current, earlier)).toEqual(bodyOf([], { tombstones: left }).tombstones);
  });

  it('refuses when all that was trusted has left since', () => {
    const gone = tombstone('b');
    const current = bodyOf([anchor('a')], { tombstones: [gone] });
    const earlier = bodyOf([anchor('a', { state: 'staged' }), anchor('b')]);
    const error = expectCode('LIFECYCLE', () => back(current, earlier));
    expect(error.detail).toEqual({ anchors: [anchorId('b')], leftBy: gone.sequence });
  });

  it('names some of many that left, and the release by which all of them had', () => {
    const names = Array.from({ length: 17 }, (_, at) => `n${at}`);
    const tombstones = names.map((name, at) =>
      tombstone(name, { sequence: parseSequence(3 + (at % 5)) }),
    );
    const earlier = bodyOf(names.map((name) => anchor(name)));
    const error = expectCode('LIFECYCLE', () => back(bodyOf([], { tombstones }), earlier));
    expect(error.detail['anchors']).toHaveLength(16);
    expect(error.detail['leftBy']).toBe(7);
  });
});

describe('narrowBack', () => {
  /** Narrows and checks that the revoke role may sign it. */
  function narrow(current: ReleaseBody, earlier: ReleaseBody): ReleaseBody {
    const next = narrowBack(current, { sequence: point(5).sequence, body: earlier }, AT);
    expect(narrowsOnly(current, next)).toBe(true);
    const rules = { ...lifecycle, blastRadiusPercent: 100 };
    verifyLifecycle(current, next, AT, { lifecycle: rules, gap: 'linked', authority: 'charter' });
    return next;
  }

  it('revokes what is trusted since, and leaves what nobody trusts', () => {
    const earlier = bodyOf([anchor('a'), anchor('early', { state: 'staged' })]);
    const current = bodyOf([
      anchor('a'),
      anchor('early'),
      anchor('new'),
      anchor('staged', { state: 'staged' }),
    ]);
    const next = narrow(current, earlier);
    expect(next.anchors.map(({ label }) => label).sort()).toEqual(['CA a', 'CA staged']);
    expect(next.tombstones.map(({ id, reason }) => [id, reason])).toEqual(
      [anchorId('early'), anchorId('new')].sort().map((id) => [id, 'revoked']),
    );
  });

  it('brings limits back where that narrows, and widens nothing', () => {
    const dns = { type: 'permitted-dns', values: ['a.example'], critical: true };
    const life = { type: 'max-validity-seconds', values: ['60'], critical: true };
    const earlier = bodyOf([
      anchor('a', { constraints: [dns], distrustAfterMs: NOW_MS }),
      anchor('b', { purposes: ['tls-server'], label: 'before' }),
    ]);
    const current = bodyOf([
      anchor('a', { constraints: [life], state: 'retiring', distrustAfterMs: NOW_MS + 1 }),
      anchor('b', { purposes: ['tls-client', 'tls-server'], label: 'after' }),
    ]);
    const next = narrow({ ...current, delivery: 'waves' }, earlier);
    expect(next).not.toHaveProperty('delivery');
    const [a, b] = ['a', 'b'].map((name) => next.anchors.find(({ id }) => id === anchorId(name)));
    expect(a).toMatchObject({ state: 'retiring', distrustAfterMs: NOW_MS });
    expect(a?.constraints).toEqual([life, dns]);
    expect(b).toMatchObject({ purposes: ['tls-server'], label: 'after' });
  });

  it('revokes what has no purpose of then left', () => {
    const earlier = bodyOf([anchor('a'), anchor('b', { purposes: ['tls-client'] })]);
    const next = narrow(bodyOf([anchor('a'), anchor('b')]), earlier);
    expect(next.tombstones).toMatchObject([{ id: anchorId('b'), reason: 'revoked' }]);
  });

  it('leaves a limit that has changed, and says which', () => {
    const dns = (...values: string[]): Constraint => ({
      type: 'permitted-dns',
      values,
      critical: true,
    });
    const life = { type: 'max-validity-seconds', values: ['60'], critical: true };
    const earlier = bodyOf([
      anchor('a', { constraints: [dns('a.example')] }),
      anchor('b', { constraints: [dns('b.example')] }),
      anchor('c', { state: 'staged', constraints: [dns('c.example')] }),
    ]);
    const current = bodyOf([
      anchor('a', { constraints: [life, dns('a.example', 'evil.example')] }),
      anchor('b', { constraints: [life, dns('b.example')] }),
      anchor('c', { constraints: [dns('c.example', 'evil.example')] }),
    ]);
    expect(loosened(current, earlier).map(({ label }) => label)).toEqual(['CA a']);
    const next = narrow(current, earlier);
    expect(next.anchors).toEqual(current.anchors.slice(0, 2));
  });

  it('refuses when nothing is to be taken away', () => {
    const earlier = bodyOf([anchor('a'), anchor('b')]);
    expectCode('LIFECYCLE', () => narrow(bodyOf([anchor('a')]), earlier));
  });
});
