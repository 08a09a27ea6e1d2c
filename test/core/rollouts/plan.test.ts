import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Anchor } from '../../../src/core/anchors/anchor.ts';
import { parseBundleName, parseSequence, parseSha256 } from '../../../src/core/ids.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import { isAtOnce, openWaves, planDelivery } from '../../../src/core/rollouts/plan.ts';
import { releaseAt, rolloutOf } from './support.ts';

const CA: Anchor = {
  id: parseSha256('aa'.repeat(32)),
  kind: 'x509-ca',
  label: 'CA',
  state: 'active',
  purposes: ['tls-client', 'tls-server'],
  constraints: [],
  sinceMs: 0,
};
const OTHER: Anchor = { ...CA, id: parseSha256('bb'.repeat(32)) };

function content(change: Partial<ReleaseBody> = {}): ReleaseBody {
  const bundle = parseBundleName('payments.test.example.org');
  return { bundle, anchors: [CA, OTHER], tombstones: [], note: '', ...change };
}

describe('isAtOnce', () => {
  const before = content({ delivery: 'waves' });

  it('is said of every release that does not wait', () => {
    expect(isAtOnce(content(), undefined)).toBe(true);
    expect(isAtOnce(content({ anchors: [] }), before)).toBe(true);
  });

  it('is not said of one that waits and adds, takes away in order, or says the same again', () => {
    const waits = { delivery: 'waves' } as const;
    expect(isAtOnce(content(waits), undefined)).toBe(false);
    expect(isAtOnce(content({ ...waits, note: 'again' }), before)).toBe(false);
    expect(isAtOnce(before, content({ anchors: [CA], ...waits }))).toBe(false);
    const removed = { id: OTHER.id, sequence: parseSequence(2), reason: 'removed' } as const;
    const inOrder = content({ ...waits, anchors: [CA], tombstones: [removed] });
    expect(isAtOnce(inOrder, before)).toBe(false);
  });

  it('is said of one that only takes trust away, whatever it says', () => {
    const waits = { delivery: 'waves' } as const;
    const revoked = { id: OTHER.id, sequence: parseSequence(2), reason: 'revoked' } as const;
    expect(isAtOnce(content({ ...waits, anchors: [CA], tombstones: [revoked] }), before)).toBe(
      true,
    );
    const narrower = content({ ...waits, anchors: [CA, { ...OTHER, purposes: ['tls-client'] }] });
    expect(isAtOnce(narrower, before)).toBe(true);
  });
});

describe('planDelivery', () => {
  it('gives everybody the newest that waits for nothing, without a rollout', () => {
    expect(planDelivery({ atOnce: releaseAt(3), rollout: undefined })).toEqual({
      everybody: releaseAt(3),
    });
    expect(planDelivery({ atOnce: undefined, rollout: undefined }).everybody).toBeUndefined();
  });

  it('gives open waves the release of the rollout and everybody what was there before', () => {
    const rollout = rolloutOf();
    expect(planDelivery({ atOnce: releaseAt(1), rollout })).toEqual({
      everybody: releaseAt(1),
      rollout,
    });
  });

  it('gives everybody what an earlier rollout brought, which waits for nothing any more', () => {
    const rollout = rolloutOf({ from: releaseAt(2), to: releaseAt(3) });
    expect(planDelivery({ atOnce: releaseAt(1), rollout }).everybody).toEqual(releaseAt(2));
  });

  it('gives everybody what waits for nothing where the rollout names nothing before', () => {
    const { from: _, ...rollout } = rolloutOf();
    expect(planDelivery({ atOnce: undefined, rollout })).toEqual({ everybody: undefined, rollout });
    expect(planDelivery({ atOnce: releaseAt(1), rollout }).everybody).toEqual(releaseAt(1));
  });

  it('ends a rollout with a later release that waits for nothing', () => {
    expect(planDelivery({ atOnce: releaseAt(2), rollout: rolloutOf() })).toEqual({
      everybody: releaseAt(2),
    });
    expect(planDelivery({ atOnce: releaseAt(5), rollout: rolloutOf() })).toEqual({
      everybody: releaseAt(5),
    });
  });

  it('leaves out of what everybody gets nothing that is due at once', () => {
    const sequences = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(sequences, sequences, sequences, (atOnce, from, more) => {
        const rollout = rolloutOf({ from: releaseAt(from), to: releaseAt(from + more) });
        const plan = planDelivery({ atOnce: releaseAt(atOnce), rollout });
        expect(plan.everybody?.sequence).toBeGreaterThanOrEqual(atOnce);
        if (plan.rollout !== undefined) {
          expect(plan.rollout.to.sequence).toBeGreaterThan(plan.everybody?.sequence ?? 0);
        }
      }),
    );
  });
});

describe('openWaves', () => {
  const plan = planDelivery({ atOnce: releaseAt(1), rollout: rolloutOf() });
  const openness = { openedMs: [1, 2] };

  it('counts what is open while it runs or is paused', () => {
    expect(openWaves(plan, openness)).toBe(2);
    const paused = { ...plan, rollout: rolloutOf({ state: 'paused' }) };
    expect(openWaves(paused, openness)).toBe(2);
  });

  it('is none once it is aborted or stopped', () => {
    const stop = { atMs: 1, wave: 0, refused: 1, maxFailures: 0 };
    expect(openWaves(plan, { ...openness, stop })).toBe(0);
    expect(openWaves({ ...plan, rollout: rolloutOf({ state: 'aborted' }) }, openness)).toBe(0);
    expect(openWaves({ everybody: releaseAt(1) }, openness)).toBe(0);
  });
});
