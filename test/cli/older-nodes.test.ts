import { describe, expect, it } from 'vitest';
import { olderNodes } from '../../src/cli/node/older.ts';
import type { NodeStatus, PeerStatus } from '../../src/core/admin/messages.ts';
import { parseNodeId, parseRealmName, parseRegionName, parseSha256 } from '../../src/core/ids.ts';

const DIGEST = parseSha256('aa'.repeat(32));
const FRA = parseRegionName('fra');

function peer(nodeId: string, more: Partial<PeerStatus> = {}): PeerStatus {
  const place = { nodeId: parseNodeId(nodeId), region: FRA, address: '127.0.0.1:1' };
  return { ...place, state: 'alive', role: 'ordinary', link: 'up', sinceMs: 0, ...more };
}

function status(documents: number | undefined, peers: readonly PeerStatus[]): NodeStatus {
  return {
    ...{ nodeId: parseNodeId('iad-1'), region: FRA, realm: parseRealmName('prod.example.org') },
    ...{ version: '0.1.0', firstCharterDigest: DIGEST, root: DIGEST, startedAtMs: 0, behind: 0 },
    ...(documents !== undefined && { documents }),
    ...{
      streams: [],
      repair: {},
      peers,
      failingSeeds: [],
      tlsWorkers: [],
      subscribers: [],
      regions: [],
    },
  };
}

describe('olderNodes', () => {
  it('names who understands less, or says nothing, with versions', () => {
    const peers = [
      peer('fra-1', { software: { version: '0.2.0', documents: 2 } }),
      peer('fra-2', { software: { version: '0.1.0', documents: 1 }, state: 'failed' }),
      peer('fra-3'),
    ];
    expect(olderNodes(status(2, peers), 2)).toEqual([
      ...['fra-2 (0.1.0)', 'fra-3 (version not known)'],
    ]);
    expect(olderNodes(status(undefined, []), 1)).toEqual(['iad-1 (0.1.0)']);
  });

  it('names nobody for what every version understands, nor who has left or is not there', () => {
    const gone = [peer('fra-1', { state: 'left' }), peer('fra-2', { doubt: 'unproven' })];
    expect(olderNodes(status(1, gone), 1)).toEqual([]);
    expect(olderNodes(status(1, [peer('fra-3')]), 0)).toEqual([]);
  });
});
