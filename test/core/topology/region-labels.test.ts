import { describe, expect, it } from 'vitest';
import { parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import {
  DOUBT_OBSERVATIONS,
  type LabelChange,
  type MeasuredPeer,
  RegionLabels,
} from '../../../src/core/topology/region-labels.ts';

const SELF = { nodeId: parseNodeId('self'), region: parseRegionName('iad') };
const HERE = [measured('a', 'iad', 0.4), measured('b', 'iad', 0.9), measured('c', 'iad', 1.2)];
const THERE = [measured('x', 'fra', 90), measured('y', 'fra', 91), measured('z', 'fra', 95)];

describe('RegionLabels', () => {
  it('believes nodes that are where they say, and those that it cannot compare', () => {
    expect(doubtsOf([...HERE, ...THERE])).toEqual([]);
    expect(doubtsOf([measured('a', 'iad', 80)])).toEqual([]);
    expect(doubtsOf([measured('a', 'iad', 80), measured('b', 'iad', 0.4)])).toEqual([]);
    expect(doubtsOf([...HERE, measured('x', 'fra', 0.5)])).toEqual([]);
    expect(doubtsOf([...HERE, measured('busy', 'iad', 12)])).toEqual([]);
  });

  it('believes two regions in one town', () => {
    const near = [measured('x', 'iad2', 1), measured('y', 'iad2', 1.1), measured('z', 'iad2', 1.3)];
    expect(doubtsOf([...HERE, ...near])).toEqual([]);
  });

  it('doubts who claims this region and is far away', () => {
    expect(doubtsOf([...HERE, measured('d', 'iad', 45)])).toMatchObject([
      { nodeId: 'd', doubt: 'too-far' },
    ]);
  });

  it('doubts who claims a region far away and is near, be it one of three', () => {
    expect(doubtsOf([...HERE, ...THERE, measured('d', 'fra', 0.7)])).toMatchObject([
      { nodeId: 'd', doubt: 'too-near' },
    ]);
    expect(doubtsOf([...HERE, ...THERE.slice(1), measured('d', 'fra', 0.7)])).toMatchObject([
      { nodeId: 'd', doubt: 'too-near' },
    ]);
  });

  it('doubts its own label rather than those of all others', () => {
    const far = ['a', 'b', 'c'].map((name) => measured(name, 'iad', 90));
    const near = ['x', 'y', 'z'].map((name) => measured(name, 'fra', 0.5));
    expect(doubtsOf([...far, ...near])).toEqual([
      { nodeId: 'self', region: 'iad', doubt: 'too-far' },
    ]);
  });

  it('takes its time to doubt and to believe again, and does not waver in between', () => {
    const labels = new RegionLabels(SELF);
    const far = [...HERE, measured('d', 'iad', 45)];
    const near = [...HERE, measured('d', 'iad', 1)];
    expect(observe(labels, far, DOUBT_OBSERVATIONS - 1)).toEqual([]);
    expect(observe(labels, near, DOUBT_OBSERVATIONS)).toEqual([]);
    expect(observe(labels, far, DOUBT_OBSERVATIONS)).toHaveLength(1);
    const { avoided } = labels;
    expect([...avoided]).toEqual(['d']);
    for (let i = 0; i < 5; i += 1) {
      expect(observe(labels, near, DOUBT_OBSERVATIONS - 1)).toEqual([]);
      expect(observe(labels, far, DOUBT_OBSERVATIONS)).toEqual([]);
    }
    expect(labels.avoided).toBe(avoided);
    expect(observe(labels, near, DOUBT_OBSERVATIONS)).toMatchObject([
      { nodeId: 'd', doubt: 'none' },
    ]);
    expect(labels.doubt(parseNodeId('d'))).toBeUndefined();
    expect(labels.avoided.size).toBe(0);
  });

  it('keeps a doubt while there is no link, and drops it with another label or the member', () => {
    const labels = new RegionLabels(SELF);
    observe(labels, [...HERE, measured('d', 'iad', 45)], DOUBT_OBSERVATIONS);
    expect(observe(labels, HERE, 3 * DOUBT_OBSERVATIONS)).toEqual([]);
    expect(labels.doubt(parseNodeId('d'))).toBe('too-far');
    expect(observe(labels, [...HERE, measured('d', 'gru', 45)], 1)).toMatchObject([
      { nodeId: 'd', region: 'gru', doubt: 'none' },
    ]);
    observe(labels, [...HERE, measured('d', 'iad', 45)], DOUBT_OBSERVATIONS);
    labels.forget(parseNodeId('d'));
    expect(labels.doubt(parseNodeId('d'))).toBeUndefined();
    expect(labels.avoided.size).toBe(0);
    observe(labels, [...HERE, measured('d', 'iad', 45)], DOUBT_OBSERVATIONS);
    expect(labels.doubt(parseNodeId('d'))).toBe('too-far');
  });
});

function measured(name: string, region: string, fastestMs: number): MeasuredPeer {
  return { nodeId: parseNodeId(name), region: parseRegionName(region), fastestMs };
}

function doubtsOf(peers: readonly MeasuredPeer[]): readonly LabelChange[] {
  return observe(new RegionLabels(SELF), peers, DOUBT_OBSERVATIONS);
}

function observe(
  labels: RegionLabels,
  peers: readonly MeasuredPeer[],
  times: number,
): readonly LabelChange[] {
  return Array.from({ length: times }, () => labels.observe(peers)).flat();
}
