import { describe, expect, it } from 'vitest';
import { describeAlone } from '../../src/cli/node/spreading.ts';
import type { PeerStatus } from '../../src/core/admin/messages.ts';
import { parseNodeId, parseRegionName } from '../../src/core/ids.ts';

function peer(nodeId: string, link: PeerStatus['link']): PeerStatus {
  return {
    nodeId: parseNodeId(nodeId),
    region: parseRegionName('fra'),
    address: '127.0.0.1:1',
    state: link === 'up' ? 'alive' : 'failed',
    role: 'ordinary',
    link,
    sinceMs: 0,
  };
}

describe('describeAlone', () => {
  it('says nothing of a node with a link', () => {
    expect(describeAlone([peer('fra-1', 'none'), peer('fra-2', 'up')])).toBeUndefined();
  });

  it('names others that are not linked, three of them', () => {
    expect(describeAlone([peer('fra-1', 'down')])).toBe(
      'the node is linked to none of 1 other node (fra-1)',
    );
    const four = ['a', 'b', 'c', 'd'].map((name) => peer(name, 'none'));
    expect(describeAlone(four)).toContain('none of 4 other nodes (a, b, c, …)');
  });

  it('tells a node that knows nobody', () => {
    expect(describeAlone([])).toBe('the node knows no other node');
  });
});
