import { describe, expect, it } from 'vitest';
import type { GossipEffect, GossipEvent } from '../../../src/core/gossip/events.ts';
import type { Frame } from '../../../src/core/gossip/frames.ts';
import { CHARTER_STREAM, NO_PREVIOUS, parseNodeId, parseSequence } from '../../../src/core/ids.ts';
import { RepairMemory } from '../../../src/service/replication/repair-memory.ts';

const digest = {
  root: NO_PREVIOUS,
  count: 0,
  revision: 0,
  seen: 0,
  ask: 'note',
  others: 0,
  standing: 'serving',
} as const;
const row = { stream: CHARTER_STREAM, sequence: 1, digest: NO_PREVIOUS, forked: false };
const fetch: GossipEffect = {
  kind: 'fetch',
  fetchId: 1,
  target: { nodeId: parseNodeId('fra-1'), address: 'fra-1:1' },
  requests: [{ stream: CHARTER_STREAM, fromSequence: parseSequence(1) }],
};

function arrived(frame: Frame): GossipEvent {
  return { kind: 'frame', linkId: 'a', frame, recall: {} };
}

describe('RepairMemory', () => {
  it('knows nothing before the first comparison', () => {
    const memory = new RepairMemory();
    memory.note({ kind: 'start' }, [fetch], 5);
    expect(memory.times).toEqual({});
  });

  it('notes when a peer showed its digest', () => {
    const memory = new RepairMemory();
    memory.note(arrived({ kind: 'digest', digest }), [], 5);
    memory.note(arrived({ kind: 'digest', digest }), [], 9);
    expect(memory.times).toEqual({ comparedAtMs: 9 });
  });

  it('notes a fetch that the rows of a peer began, and no other', () => {
    const memory = new RepairMemory();
    memory.note(arrived({ kind: 'held', row }), [fetch], 5);
    memory.note(arrived({ kind: 'rows', rows: { rows: [row], buckets: [] } }), [], 6);
    expect(memory.times).toEqual({});
    memory.note(arrived({ kind: 'rows', rows: { rows: [row], buckets: [] } }), [fetch], 7);
    expect(memory.times).toEqual({ fetchedAtMs: 7 });
  });
});
