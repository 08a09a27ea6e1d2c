import { describe, expect, it } from 'vitest';
import type { PeerIdentity } from '../../../src/core/gossip/events.ts';
import {
  DIAL_MAX_MS,
  DIAL_MIN_MS,
  LINK_FAULTS_MAX,
  Link,
  PeerTable,
} from '../../../src/core/gossip/peers.ts';
import { parseNodeId, parseRegionName } from '../../../src/core/ids.ts';

const FRA = parseNodeId('fra-1');
const IAD = parseNodeId('iad-1');
const SIN = parseNodeId('sin-1');

describe('PeerTable', () => {
  it('refuses a link of a node that is not configured', () => {
    const table = new PeerTable(IAD, [FRA]);
    expect(table.admit('1', peer(SIN), 'accepted')).toMatchObject({ error: { code: 'ACCESS' } });
  });

  it('keeps, of two links of one pair, the one that the smaller node id dialled', () => {
    const smaller = new PeerTable(FRA, [IAD]);
    smaller.admit('dialled', peer(IAD), 'dialled');
    expect(smaller.admit('accepted', peer(IAD), 'accepted')).toMatchObject({ kind: 'refuse' });
    const larger = new PeerTable(IAD, [FRA]);
    larger.admit('dialled', peer(FRA), 'dialled');
    expect(larger.admit('accepted', peer(FRA), 'accepted')).toMatchObject({
      replaces: { linkId: 'dialled' },
    });
    expect(larger.linkTo(FRA)?.linkId).toBe('accepted');
  });

  it('takes the newer of two links in one direction, since the older is dead for the peer', () => {
    const table = new PeerTable(IAD, [FRA]);
    table.admit('old', peer(FRA), 'accepted');
    table.admit('new', peer(FRA), 'accepted');
    expect(table.linkTo(FRA)?.linkId).toBe('new');
    expect(table.drop('old')).toBeUndefined();
    expect(table.drop('new')).toBe(FRA);
  });

  it('doubles the wait between dials up to the maximum, and starts over once reached', () => {
    const table = new PeerTable(IAD, [FRA]);
    const waits = Array.from({ length: 12 }, () => table.nextDialMs(FRA, 1));
    expect(waits.slice(0, 3)).toEqual([DIAL_MIN_MS, 2 * DIAL_MIN_MS, 4 * DIAL_MIN_MS]);
    expect(waits.at(-1)).toBe(DIAL_MAX_MS);
    table.reached(FRA);
    expect(table.nextDialMs(FRA, 0)).toBe(DIAL_MIN_MS / 2);
  });
});

describe('Link', () => {
  it('bears a bounded number of faults', () => {
    const link = new Link('1', peer(FRA), 'dialled');
    const verdicts = Array.from({ length: LINK_FAULTS_MAX }, () => link.fault());
    expect(verdicts.filter((verdict) => verdict === 'close')).toHaveLength(1);
    expect(verdicts.at(-1)).toBe('close');
  });
});

function peer(nodeId: PeerIdentity['nodeId']): PeerIdentity {
  return { nodeId, region: parseRegionName('somewhere') };
}
