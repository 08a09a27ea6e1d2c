import { describe, expect, it } from 'vitest';
import type { GossipEvent } from '../../../src/core/gossip/events.ts';
import type { FetchItem } from '../../../src/core/gossip/frames.ts';
import { parseNodeId, parseSequence, parseStreamName } from '../../../src/core/ids.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { Fetches } from '../../../src/service/replication/fetches.ts';

const OVER: FetchItem = { kind: 'over', outcome: 'sent' };
const EFFECT = {
  kind: 'fetch',
  fetchId: 1,
  target: { nodeId: parseNodeId('fra-1'), address: 'fra-1:7441' },
  requests: [{ stream: parseStreamName('charter'), fromSequence: parseSequence(1) }],
} as const;

describe('Fetches', () => {
  it('says when the disk of this node is what a fetch waits for, and only then', async () => {
    const told: string[] = [];
    const onEvent = (event: GossipEvent): void => {
      told.push(event.kind === 'fetch-held' ? event.state : event.kind);
    };
    let rooms = 0;
    const fetches = new Fetches({
      transport: {
        dial: () => undefined,
        resolveSeeds: async () => ({ addresses: [], unresolved: [] }),
        async *fetch() {
          yield OVER;
          yield OVER;
        },
      },
      logger: noLogger,
      recall: () => (told.length === 0 ? Promise.resolve({}) : undefined),
      room: () => {
        rooms += 1;
        return rooms === 2 ? Promise.resolve() : undefined;
      },
      onEvent,
    });
    await fetches.run(EFFECT);
    expect(told).toEqual(['on', 'off', 'fetch-item', 'fetch-item', 'on', 'off', 'fetch-end']);
  });
});
