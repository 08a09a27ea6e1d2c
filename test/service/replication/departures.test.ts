import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/core/gossip/frames.ts';
import {
  NO_PREVIOUS,
  parseNodeId,
  parseRegionName,
  parseStreamName,
} from '../../../src/core/ids.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import { Departures } from '../../../src/service/replication/departures.ts';
import type { OpenLink } from '../../../src/service/replication/link-intake.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';

const stream = parseStreamName('charter');
const HELD: Frame = {
  kind: 'held',
  row: { stream, sequence: 1, digest: NO_PREVIOUS, forked: false },
};
const { statement, body } = createTestRealm().charter.document;
const PUSH: Frame = {
  kind: 'push',
  push: { statement, content: { kind: 'whole', body }, blobs: [] },
  origin: parseRegionName('iad'),
};

describe('Departures', () => {
  let sent: string[];
  let links: Map<string, OpenLink>;
  let departures: Departures;

  beforeEach(() => {
    sent = [];
    links = new Map(Array.from({ length: 14 }, (_, at) => [String(at), link(String(at))]));
    departures = new Departures(links, noMetrics);
  });

  it('sends what is pushed to many in portions, in the order in which it is named', async () => {
    for (const linkId of links.keys()) departures.add(linkId, PUSH);
    expect(sent).toEqual(['0', '1', '2', '3', '4', '5'].map((id) => `${id} push`));
    await nextTurn();
    expect(sent).toHaveLength(12);
    await nextTurn();
    expect(sent).toEqual([...links.keys()].map((id) => `${id} push`));
  });

  it('sends other frames at once, and behind what waits for the same link', async () => {
    for (const linkId of links.keys()) departures.add(linkId, PUSH);
    departures.add('0', HELD);
    departures.add('13', HELD);
    expect(sent.at(-1)).toBe('0 held');
    await nextTurn();
    await nextTurn();
    expect(sent.slice(-2)).toEqual(['13 push', '13 held']);
  });

  it('forgets what waits for a link that is gone', async () => {
    for (const linkId of links.keys()) departures.add(linkId, PUSH);
    links.delete('7');
    await nextTurn();
    await nextTurn();
    expect(sent).toHaveLength(13);
  });

  function link(linkId: string): OpenLink {
    const handle: OpenLink['handle'] = {
      linkId,
      send: ({ kind }) => {
        sent.push(`${linkId} ${kind}`);
        return 'sent';
      },
      reading: () => undefined,
      close: () => undefined,
    };
    return { handle, nodeId: parseNodeId(`node-${linkId}`) };
  }
});
