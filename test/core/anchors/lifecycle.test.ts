/**
 * The anchors' state machine. Names of the form `I01` are those of the adversarial cases.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import type { Anchor, AnchorState, Tombstone } from '../../../src/core/anchors/anchor.ts';
import {
  type LifecycleContext,
  type ReleasePoint,
  verifyLifecycle,
} from '../../../src/core/anchors/lifecycle.ts';
import { parseSequence } from '../../../src/core/ids.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import { anchor, bodyOf, point, tombstone } from '../releases/bodies.ts';
import { DAY_MS, expectCode, NOW_MS } from '../support.ts';

const HOUR_MS = 3_600_000;
const LIFECYCLE = { holdDownSeconds: 86_400, overlapSeconds: 3600, blastRadiusPercent: 20 };
const LINKED: LifecycleContext = { lifecycle: LIFECYCLE, gap: 'linked', authority: 'release' };
const JUMP: LifecycleContext = { ...LINKED, gap: 'jump' };
const OTHER = anchor('other');

/** Says that a change was taken; a refusal throws. */
function taken(...change: Parameters<typeof verifyLifecycle>): 'taken' {
  verifyLifecycle(...change);
  return 'taken';
}

/** A release later than those that set the states: sequence 2, `hours` after them. */
function later(hours: number, sequence = 2): ReleasePoint {
  return point(sequence, NOW_MS + hours * HOUR_MS);
}

function verify(
  before: readonly Anchor[],
  after: readonly Anchor[],
  at: ReleasePoint,
  context: LifecycleContext = LINKED,
  tombstones: readonly Tombstone[] = [],
): 'taken' {
  return taken(bodyOf([OTHER, ...before]), bodyOf([OTHER, ...after], { tombstones }), at, context);
}

/** One anchor goes from one state to another within `hours`. */
function step(from: AnchorState, to: AnchorState, hours: number, context = LINKED): 'taken' {
  const at = later(hours);
  const sinceMs = from === to ? NOW_MS : at.issuedMs;
  return verify([anchor('a', { state: from })], [anchor('a', { state: to, sinceMs })], at, context);
}

describe('verifyLifecycle: the first release', () => {
  const first = (body: ReleaseBody, context = LINKED): 'taken' =>
    taken(undefined, body, point(1), context);

  it('takes active and staged anchors', () => {
    expect(first(bodyOf([anchor('a'), anchor('b', { state: 'staged' })]))).toBe('taken');
    expect(first(bodyOf([]))).toBe('taken');
  });

  it('refuses retiring ones, tombstones and a time that is not its own', () => {
    expectCode('LIFECYCLE', () => first(bodyOf([anchor('a', { state: 'retiring' })])));
    const tombstones = [tombstone('a', { sequence: parseSequence(1) })];
    expectCode('LIFECYCLE', () => first(bodyOf([], { tombstones })));
    expectCode('LIFECYCLE', () => first(bodyOf([anchor('a', { sinceMs: NOW_MS - 1000 })])));
  });
});

describe('verifyLifecycle: states', () => {
  it('lets new anchors enter as staged', () => {
    const at = later(1);
    const staged = anchor('a', { state: 'staged', sinceMs: at.issuedMs });
    expect(verify([], [staged], at)).toBe('taken');
    const active = anchor('a', { sinceMs: at.issuedMs });
    const error = expectCode('LIFECYCLE', () => verify([], [active], at));
    expect(error.message).toContain('stage it first');
    expect(error.detail).toEqual({ anchor: active.id });
    const retiring = anchor('a', { state: 'retiring', sinceMs: at.issuedMs });
    expectCode('LIFECYCLE', () => verify([], [retiring], at));
  });

  it('lets them enter as active where the charter has no hold-down', () => {
    const context = { ...LINKED, lifecycle: { ...LIFECYCLE, holdDownSeconds: 0 } };
    const at = later(1);
    expect(verify([], [anchor('a', { sinceMs: at.issuedMs })], at, context)).toBe('taken');
    const retiring = anchor('a', { state: 'retiring', sinceMs: at.issuedMs });
    expectCode('LIFECYCLE', () => verify([], [retiring], at, context));
    expect(step('staged', 'active', 0, context)).toBe('taken');
  });

  it('I01: activates staged anchors after the hold-down, not before', () => {
    expect(step('staged', 'active', 24)).toBe('taken');
    const error = expectCode('LIFECYCLE', () => step('staged', 'active', 24 - 1 / 3600));
    expect(error.message).toContain('2026-11-24T10:00:00Z');
  });

  it('retires active anchors and takes that back, at any time', () => {
    expect(step('active', 'retiring', 0)).toBe('taken');
    expect(step('retiring', 'active', 0)).toBe('taken');
  });

  it('knows no other steps', () => {
    expectCode('LIFECYCLE', () => step('staged', 'retiring', 100));
    expectCode('LIFECYCLE', () => step('active', 'staged', 100));
    expectCode('LIFECYCLE', () => step('retiring', 'staged', 100));
  });

  it('dates each state by the release that set it', () => {
    const staged = anchor('a', { state: 'staged' });
    const at = later(30);
    const off = (sinceMs: number): 'taken' => verify([staged], [anchor('a', { sinceMs })], at);
    expect(off(at.issuedMs)).toBe('taken');
    expectCode('LIFECYCLE', () => off(at.issuedMs - 1000));
    expectCode('LIFECYCLE', () => off(NOW_MS));
    const moved = anchor('a', { state: 'staged', sinceMs: NOW_MS - DAY_MS });
    expectCode('LIFECYCLE', () => verify([staged], [moved], at));
  });

  it('retires an anchor only beside an active one for each of its purposes', () => {
    const purposes = ['tls-client', 'tls-server'];
    const active = anchor('a', { purposes });
    const at = later(0);
    const retire = (...others: readonly Anchor[]): 'taken' => {
      const retiring = anchor('a', { purposes, state: 'retiring' });
      return verify([active, ...others], [retiring, ...others], at);
    };
    const error = expectCode('LIFECYCLE', () => retire());
    expect(error.message).toContain('tls-client');
    expectCode('LIFECYCLE', () => retire(anchor('b', { purposes, state: 'staged' })));
    expectCode('LIFECYCLE', () => retire(anchor('b', { purposes, state: 'retiring' })));
    expect(retire(anchor('b', { purposes: ['tls-client'] }))).toBe('taken');
  });

  it('lets an anchor be staged for a purpose that nobody serves yet', () => {
    const at = later(1);
    const staged = anchor('a', { state: 'staged', purposes: ['spiffe'], sinceMs: at.issuedMs });
    expect(verify([], [staged], at)).toBe('taken');
  });

  it('lets an anchor that retires already stay when its successor is revoked', () => {
    const retiring = anchor('a', { state: 'retiring', purposes: ['tls-client'] });
    const successor = anchor('b', { purposes: ['tls-client'] });
    const gone = [tombstone('b', { reason: 'revoked' })];
    expect(verify([retiring, successor], [retiring], later(0), LINKED, gone)).toBe('taken');
  });

  it('allows other changes of what is said about an anchor', () => {
    const changed = anchor('a', { label: 'renamed', purposes: ['tls-client', 'tls-server'] });
    expect(verify([anchor('a')], [changed], later(1))).toBe('taken');
  });
});

describe('verifyLifecycle: leaving', () => {
  const leave = (
    state: AnchorState,
    hours: number,
    changed: Partial<Tombstone>,
    context = LINKED,
  ): 'taken' =>
    verify([anchor('a', { state })], [], later(hours), context, [tombstone('a', changed)]);

  it('removes staged anchors at once and retiring ones after the overlap', () => {
    expect(leave('staged', 0, {})).toBe('taken');
    expect(leave('retiring', 1, {})).toBe('taken');
    const error = expectCode('LIFECYCLE', () => leave('retiring', 1 - 1 / 3600, {}));
    expect(error.message).toContain('2026-11-23T11:00:00Z');
  });

  it('does not remove active ones', () => {
    const error = expectCode('LIFECYCLE', () => leave('active', 1000, {}));
    expect(error.message).toContain('retire it before you remove it');
  });

  it('revokes from every state at once', () => {
    for (const state of ['staged', 'active', 'retiring'] as const) {
      expect(leave(state, 0, { reason: 'revoked' })).toBe('taken');
    }
  });

  it('dates a tombstone by the release that made it', () => {
    expectCode('LIFECYCLE', () => leave('staged', 0, { sequence: parseSequence(1) }));
    expectCode('LIFECYCLE', () => leave('staged', 0, { sequence: parseSequence(3) }));
  });

  it('E07: refuses an anchor that vanishes, in a jump too', () => {
    for (const context of [LINKED, JUMP]) {
      const error = expectCode('LIFECYCLE', () => verify([anchor('a')], [], later(1), context));
      expect(error.message).toContain('vanished without a tombstone');
    }
  });

  it('refuses a tombstone of what was never listed, but not in a jump', () => {
    const act = (context: LifecycleContext): 'taken' =>
      verify([], [], later(1), context, [tombstone('a')]);
    expectCode('LIFECYCLE', () => act(LINKED));
    expect(act(JUMP)).toBe('taken');
  });

  it('keeps tombstones as they are, in a jump too', () => {
    const old = tombstone('a');
    const before = bodyOf([OTHER], { tombstones: [old] });
    const follow = (tombstones: readonly Tombstone[], context: LifecycleContext): 'taken' =>
      taken(before, bodyOf([OTHER], { tombstones }), later(1, 3), context);
    for (const context of [LINKED, JUMP]) {
      expect(follow([old], context)).toBe('taken');
      expectCode('LIFECYCLE', () => follow([], context));
      expectCode('LIFECYCLE', () => follow([{ ...old, reason: 'revoked' }], context));
      const moved = { ...old, sequence: parseSequence(1) };
      expectCode('LIFECYCLE', () => follow([moved], context));
    }
  });

  it('I03: does not let a removed or revoked anchor come back, in a jump too', () => {
    for (const reason of ['removed', 'revoked'] as const) {
      const tombstones = [tombstone('a', { reason })];
      const before = bodyOf([OTHER], { tombstones });
      for (const context of [LINKED, JUMP]) {
        const at = later(1, 3);
        const back = anchor('a', { state: 'staged', sinceMs: at.issuedMs });
        const act = (body: ReleaseBody): 'taken' => taken(before, body, at, context);
        expectCode('LIFECYCLE', () => act(bodyOf([OTHER, back], { tombstones })));
        expectCode('LIFECYCLE', () => act(bodyOf([OTHER, back])));
      }
    }
  });
});

describe('verifyLifecycle: rollback marks and jumps', () => {
  it('lets a release put back an earlier one only', () => {
    const mark = (replaces: number): 'taken' => {
      const next = bodyOf([OTHER], { replaces: parseSequence(replaces) });
      return taken(bodyOf([OTHER]), next, later(1, 3), LINKED);
    };
    expect(mark(2)).toBe('taken');
    expectCode('LIFECYCLE', () => mark(3));
    expectCode('LIFECYCLE', () => mark(4));
  });

  it('does not compare states over a jump', () => {
    const at = later(0, 9);
    expect(step('active', 'staged', 0, JUMP)).toBe('taken');
    expect(verify([], [anchor('a', { sinceMs: at.issuedMs })], at, JUMP)).toBe('taken');
  });
});

describe('verifyLifecycle: blast radius', () => {
  const ten = Array.from({ length: 10 }, (_, index) => anchor(`n${index}`));
  const revoke = (count: number, context = LINKED, anchors = ten): 'taken' => {
    const gone = anchors.slice(0, count);
    const tombstones = gone.map(({ id }) => ({ ...tombstone('x', { reason: 'revoked' }), id }));
    const before = bodyOf(anchors);
    const after = bodyOf(anchors.slice(count), { tombstones });
    return taken(before, after, later(1), context);
  };

  it('I04: limits the share of trusted anchors that one release revokes', () => {
    expect(revoke(2)).toBe('taken');
    const error = expectCode('BLAST_RADIUS', () => revoke(3));
    expect(error.detail).toEqual({ lost: 3, trusted: 10, maxPercent: 20 });
  });

  it('always allows one', () => {
    expect(revoke(1, LINKED, ten.slice(0, 2))).toBe('taken');
    expectCode('BLAST_RADIUS', () => revoke(2, LINKED, ten.slice(0, 3)));
  });

  it('counts neither staged anchors nor those that are removed in good order', () => {
    const staged = ten.map((one) => ({ ...one, state: 'staged' as const }));
    const tombstones = staged.map(({ id }) => ({ ...tombstone('x', { reason: 'revoked' }), id }));
    const act = (before: readonly Anchor[], marks: readonly Tombstone[]): 'taken' =>
      taken(bodyOf([OTHER, ...before]), bodyOf([OTHER], { tombstones: marks }), later(1), LINKED);
    expect(act(staged, tombstones)).toBe('taken');
    const retiring = ten.map((one) => ({ ...one, state: 'retiring' as const }));
    const removed = tombstones.map((one) => ({ ...one, reason: 'removed' as const }));
    expect(act(retiring, removed)).toBe('taken');
    expectCode('BLAST_RADIUS', () => act(retiring, tombstones));
  });

  it('I04: keeps every purpose served, whether anchors leave or narrow', () => {
    const client = anchor('c', { purposes: ['tls-client', 'tls-server'] });
    const gone = [tombstone('c', { reason: 'revoked' })];
    const error = expectCode('BLAST_RADIUS', () => verify([client], [], later(1), LINKED, gone));
    expect(error.detail).toEqual({ emptied: ['tls-client'] });
    const narrowed = { ...client, purposes: ['tls-server'] };
    expectCode('BLAST_RADIUS', () => verify([client], [narrowed], later(1)));
    const staged = { ...client, state: 'staged' as const };
    const dropped = { ...staged, purposes: ['tls-server'] };
    expect(verify([staged], [dropped], later(1))).toBe('taken');
  });

  it('is lifted by the charter quorum, and not asked over a jump', () => {
    expect(revoke(10, { ...LINKED, authority: 'charter' })).toBe('taken');
    expect(revoke(10, JUMP)).toBe('taken');
  });
});
