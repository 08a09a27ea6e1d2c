import { beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/crypto.ts';
import { Acknowledging } from '../../../src/core/gossip/acknowledging.ts';
import { type Link, LinkTable } from '../../../src/core/gossip/links.ts';
import { Outbox } from '../../../src/core/gossip/outbox.ts';
import { RowLog } from '../../../src/core/gossip/row-log.ts';
import type { Row } from '../../../src/core/gossip/rows.ts';
import { parseNodeId, parseRegionName, parseStreamName } from '../../../src/core/ids.ts';
import { testHello } from '../../../src/testing/members.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';

const STREAM = parseStreamName('release/payments.example.org');
const SELF = { nodeId: parseNodeId('iad-2'), region: parseRegionName('iad') };
/** The names of nodes begin with their region. */
const PEERS = ['fra-1', 'iad-1', 'iad-3', 'sin-1'];

describe('Acknowledging', () => {
  const realm = createTestRealm();
  let outbox: Outbox;
  let links: LinkTable;
  let rows: RowLog;
  let acknowledging: Acknowledging;

  beforeEach(() => {
    outbox = new Outbox();
    links = new LinkTable(SELF.nodeId);
    rows = new RowLog(new Map());
    acknowledging = new Acknowledging({ outbox, links, self: SELF, rows });
    for (const name of PEERS) {
      links.admit(name, parseNodeId(name), undefined);
      links.get(name)?.greeted(testHello(name, realm));
    }
    rows.set(STREAM, row(1));
  });

  it('tells the own region at once, then those with a greater name, then the others', () => {
    acknowledging.durable(STREAM, 'pushed');
    expect(told()).toEqual(['iad-1', 'iad-3', 'timer']);
    for (const name of ['iad-1', 'iad-3']) link(name).noteHeld(row(1));
    acknowledging.due();
    expect(told()).toEqual(['sin-1', 'timer']);
    link('sin-1').noteHeld(row(1));
    acknowledging.due();
    expect(told()).toEqual(['fra-1']);
  });

  it('says nothing across regions to those who spoke meanwhile', () => {
    acknowledging.durable(STREAM, 'pushed');
    for (const name of PEERS) link(name).noteHeld(row(1));
    told();
    acknowledging.due();
    expect(told()).toEqual([]);
  });

  it('says nothing to those who are known to hold it or more', () => {
    link('fra-1').noteHeld(row(1));
    link('iad-1').noteHeld(row(2));
    acknowledging.durable(STREAM, 'pushed');
    expect(told()).toEqual(['iad-3', 'timer']);
    acknowledging.due();
    expect(told()).toContain('sin-1');
  });

  it('tells a peer that holds something else in that place', () => {
    link('iad-1').noteHeld(row(1, 'other'));
    acknowledging.durable(STREAM, 'pushed');
    expect(told()).toContain('iad-1');
  });

  it('tells everybody at once of what was not pushed', () => {
    acknowledging.durable(STREAM, 'not-pushed');
    expect(told()).toEqual(PEERS);
  });

  it('makes one frame for all, with the revision of the row', () => {
    rows.set(STREAM, row(2));
    acknowledging.durable(STREAM, 'not-pushed');
    const frames = new Set(outbox.take().map((effect) => effect.kind === 'send' && effect.frame));
    expect([...frames]).toEqual([{ kind: 'held', row: row(2), revision: 2 }]);
  });

  it('does not put off the timer when more becomes durable', () => {
    acknowledging.durable(STREAM, 'pushed');
    expect(told()).toContain('timer');
    acknowledging.durable(STREAM, 'pushed');
    expect(told()).not.toContain('timer');
  });

  function told(): readonly string[] {
    return outbox.take().map((effect) => (effect.kind === 'send' ? effect.linkId : 'timer'));
  }

  function link(name: string): Link {
    const found = links.get(name);
    if (found === undefined) throw new Error(`no link ${name}`);
    return found;
  }

  function row(sequence: number, note = ''): Row {
    const digest = sha256(new TextEncoder().encode(`${String(sequence)} ${note}`));
    return { stream: STREAM, sequence, digest, forked: false };
  }
});
