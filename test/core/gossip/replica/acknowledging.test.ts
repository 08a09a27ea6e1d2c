import { beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/crypto.ts';
import { type Link, LinkTable } from '../../../../src/core/gossip/links/links.ts';
import { Outbox } from '../../../../src/core/gossip/outbox.ts';
import { Acknowledging } from '../../../../src/core/gossip/replica/acknowledging.ts';
import { RowLog } from '../../../../src/core/gossip/replica/row-log.ts';
import type { Row } from '../../../../src/core/gossip/rows.ts';
import { parseNodeId, parseRegionName, parseStreamName } from '../../../../src/core/ids.ts';
import { testHello } from '../../../../src/testing/members.ts';
import { createTestRealm } from '../../../../src/testing/realm.ts';

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
  /** To whom no words about pushes go. */
  let apart: ReadonlySet<string>;

  beforeEach(() => {
    outbox = new Outbox();
    links = new LinkTable(SELF.nodeId);
    rows = new RowLog(new Map());
    apart = new Set();
    const spread = { tells: ({ nodeId }: Link) => !apart.has(nodeId) };
    acknowledging = new Acknowledging({ outbox, links, spread, self: SELF, rows });
    for (const name of PEERS) {
      links.admit(name, parseNodeId(name), undefined);
      links.get(name)?.greeted(testHello(name, realm));
    }
    rows.set(STREAM, row(1));
  });

  it('waits until pushes must have come, then tells those with a greater name', () => {
    acknowledging.durable(STREAM, new Set());
    expect(told()).toEqual(['in 20 ms', 'in 400 ms']);
    acknowledging.due('region');
    expect(told()).toEqual(['iad-3', 'in 20 ms']);
    acknowledging.due('abroad');
    expect(told()).toEqual(['sin-1', 'in 400 ms']);
  });

  it('tells the others when they have said nothing, and nobody twice', () => {
    acknowledging.durable(STREAM, new Set());
    for (const scope of ['region', 'abroad'] as const) acknowledging.due(scope);
    told();
    acknowledging.due('region');
    expect(told()).toEqual(['iad-1']);
    acknowledging.due('abroad');
    expect(told()).toEqual(['fra-1']);
    acknowledging.due('abroad');
    expect(told()).toEqual([]);
  });

  it('lets the second one speak of a stream that keeps moving', () => {
    acknowledging.durable(STREAM, new Set());
    acknowledging.due('region');
    told();
    rows.set(STREAM, row(2));
    acknowledging.durable(STREAM, new Set());
    acknowledging.due('region');
    expect(told()).toEqual(['iad-1', 'iad-3']);
  });

  it('says nothing to those who are known to hold it or more', () => {
    acknowledging.durable(STREAM, new Set());
    told();
    link('iad-1').noteHeld(row(1));
    link('iad-3').noteHeld(row(2));
    for (const name of ['fra-1', 'sin-1']) link(name).noteHeld(row(1));
    for (const scope of ['region', 'abroad'] as const) acknowledging.due(scope);
    expect(told()).toEqual([]);
  });

  it('says nothing to those to whom it was pushed from here', () => {
    acknowledging.durable(STREAM, new Set([parseNodeId('iad-3'), parseNodeId('fra-1')]));
    told();
    for (let turn = 0; turn < 3; turn += 1) {
      for (const scope of ['region', 'abroad'] as const) acknowledging.due(scope);
    }
    expect(told().filter((what) => !what.startsWith('in '))).toEqual(['sin-1', 'iad-1']);
  });

  it('says nothing of a push to relays that are no counterparts, and all else to them too', () => {
    apart = new Set(['fra-1', 'sin-1']);
    acknowledging.durable(STREAM, new Set());
    expect(told()).toEqual(['in 20 ms']);
    acknowledging.durable(STREAM, 'not-pushed');
    expect(told()).toEqual(PEERS);
  });

  it('tells a peer that holds something else in that place', () => {
    acknowledging.durable(STREAM, new Set());
    link('iad-3').noteHeld(row(1, 'other'));
    acknowledging.due('region');
    expect(told()).toContain('iad-3');
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

  it('does not put off the timers when more becomes durable', () => {
    acknowledging.durable(STREAM, new Set());
    expect(told()).toHaveLength(2);
    acknowledging.durable(STREAM, new Set());
    expect(told()).toEqual([]);
  });

  function told(): readonly string[] {
    return outbox.take().map((effect) => {
      if (effect.kind === 'send') return effect.linkId;
      return effect.kind === 'arm' ? `in ${String(effect.delayMs)} ms` : effect.kind;
    });
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
