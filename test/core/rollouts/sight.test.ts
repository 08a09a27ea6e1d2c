import { describe, expect, it } from 'vitest';
import type { BundleRow } from '../../../src/core/adoption/row.ts';
import type { ReportingNode } from '../../../src/core/adoption/view.ts';
import { parseNodeId, parseRegionName, parseSha256 } from '../../../src/core/ids.ts';
import { CLOSED, judgeRollout } from '../../../src/core/rollouts/gates.ts';
import { seeRollout } from '../../../src/core/rollouts/sight.ts';
import { BUNDLE, NOW_MS, rowOf } from '../adoption/support.ts';
import { counts, rolloutOf } from './support.ts';

const DIGEST = parseSha256('ee'.repeat(32));
const SOUGHT = { bundle: BUNDLE, digest: DIGEST, waves: 3 };
const EMPTY = counts(0, 0);

function bundleRow(change: Partial<BundleRow> = {}): BundleRow {
  return {
    bundle: BUNDLE,
    counts: { connected: 5, departed: 0, silent: 0, untracked: 0 },
    groups: [],
    anchors: [],
    knowledge: 'whole',
    rollout: {
      rollout: DIGEST,
      open: 1,
      standing: 'going',
      waves: [counts(5, 4), counts(10, 0), EMPTY],
    },
    ...change,
  };
}

function node(
  name: string,
  bundles: readonly BundleRow[] | undefined,
  change: Partial<ReportingNode> = {},
): ReportingNode {
  return {
    nodeId: parseNodeId(name),
    region: parseRegionName(name.slice(0, 3)),
    state: 'alive',
    trust: 'met',
    row: bundles && rowOf(name, bundles),
    ...change,
  };
}

describe('seeRollout', () => {
  it('adds up what nodes say, by wave and region', () => {
    const nodes = ['fra-1', 'fra-2', 'iad-1'].map((name) => node(name, [bundleRow()]));
    const seen = seeRollout(SOUGHT, nodes);
    expect(seen.waves).toEqual([counts(15, 12), counts(30, 0), EMPTY]);
    expect(seen.unknown).toEqual([]);
    expect(seen.regions.get(parseRegionName('fra'))?.[0]).toEqual(counts(10, 8));
    expect(seen.nodes.map(({ open }) => open)).toEqual([1, 1, 1]);
  });

  it('leaves out what is said of another rollout, that it stopped too (DW-6)', () => {
    const waves = [counts(5, 2, 3), EMPTY, EMPTY];
    const rollout = parseSha256('dd'.repeat(32));
    const other = bundleRow({ rollout: { rollout, open: 2, standing: 'stopped', waves } });
    const seen = seeRollout(SOUGHT, [node('fra-1', [other])]);
    expect(seen).toMatchObject({ waves: [EMPTY, EMPTY, EMPTY], elsewhere: 'going' });
    expect(seen.nodes[0]).toMatchObject({ knowledge: 'behind', open: 0 });
  });

  it('I09: does not know of who is cut off, silent, partial or counts by another rollout', () => {
    const other = bundleRow({
      rollout: { rollout: parseSha256('dd'.repeat(32)), open: 1, standing: 'going', waves: [] },
    });
    const { rollout: _, ...none } = bundleRow();
    const seen = seeRollout(SOUGHT, [
      node('fra-1', [bundleRow()]),
      node('fra-2', [bundleRow()], { state: 'suspect' }),
      node('fra-3', [bundleRow()], { trust: 'doubtful' }),
      node('fra-4', undefined),
      node('fra-5', [bundleRow({ knowledge: 'partial' })]),
      node('fra-6', [other]),
      node('fra-7', [none]),
      node('fra-8', [bundleRow()], { state: 'left' }),
      node('fra-9', []),
      node('iad-1', undefined, { row: { ...rowOf('iad-1', []), knowledge: 'partial' } }),
    ]);
    const unknown = ['fra-2', 'fra-3', 'fra-4', 'fra-5', 'fra-6', 'fra-7', 'iad-1'];
    expect(seen.unknown).toEqual(unknown);
    const openness = { openedMs: [NOW_MS] };
    const judged = judgeRollout({
      body: rolloutOf(),
      openness,
      sight: { ...seen, waves: [counts(5, 5), EMPTY, EMPTY] },
      heldSinceMs: undefined,
      nowMs: NOW_MS,
      clock: 'right',
      monotonicMs: 0,
      expiresMs: NOW_MS + 1000,
    });
    expect(judged).toMatchObject({ openness, wait: { kind: 'unknown' } });
  });

  it('counts refusals of a node that is cut off since, and nothing else', () => {
    const waves = [counts(5, 2, 3), EMPTY, EMPTY];
    const row = bundleRow({ rollout: { rollout: DIGEST, open: 1, standing: 'going', waves } });
    const seen = seeRollout(SOUGHT, [node('fra-1', [row], { state: 'failed' })]);
    expect(seen.waves[0]).toEqual(counts(0, 0, 3));
    const openness = judgeRollout({
      body: rolloutOf(),
      openness: { ...CLOSED, openedMs: [NOW_MS] },
      sight: seen,
      heldSinceMs: undefined,
      nowMs: NOW_MS,
      clock: 'right',
      monotonicMs: 0,
      expiresMs: NOW_MS + 1000,
    }).openness;
    expect(openness.stop).toMatchObject({ refused: 3 });
  });

  it('adds up who got the release and has not said yet what became of it', () => {
    const waves = [{ ...counts(5, 2), delivered: 3 }, EMPTY, EMPTY];
    const row = bundleRow({ rollout: { rollout: DIGEST, open: 1, standing: 'going', waves } });
    const seen = seeRollout(SOUGHT, [node('fra-1', [row]), node('iad-1', [row])]);
    expect(seen.waves[0]).toEqual({ ...counts(10, 4), delivered: 6 });
  });

  it('hears that another node has stopped', () => {
    const waves = [EMPTY, EMPTY, EMPTY];
    const row = bundleRow({ rollout: { rollout: DIGEST, open: 1, standing: 'stopped', waves } });
    expect(seeRollout(SOUGHT, [node('fra-1', [row])]).elsewhere).toBe('stopped');
  });
});
