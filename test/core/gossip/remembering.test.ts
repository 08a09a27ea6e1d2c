import { describe, expect, it } from 'vitest';
import type { StoreDigest } from '../../../src/core/gossip/frames.ts';
import { Link } from '../../../src/core/gossip/links.ts';
import type { ShownStore } from '../../../src/core/gossip/options.ts';
import { Remembering } from '../../../src/core/gossip/remembering.ts';
import { NO_PREVIOUS, parseNodeId } from '../../../src/core/ids.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';

const realm = createTestRealm();
const COPY = 'c'.repeat(32);
const NO_STORE = '0'.repeat(32);

describe('Remembering', () => {
  it('tells a process what those before it showed of the same store, and no more', () => {
    const node = remembering(0);
    node.heard(link('fra-1', '1'), digest(7));
    node.heard(link('fra-1', '1'), digest(9));
    expect(node.rememberedOf(link('fra-1', '1'))).toBe(0);
    expect(node.rememberedOf(link('fra-1', '2'))).toBe(9);
    node.heard(link('fra-1', '2'), digest(8));
    node.heard(link('fra-1', '2'), digest(12));
    expect(node.rememberedOf(link('fra-1', '2'))).toBe(9);
    expect(node.rememberedOf(link('fra-1', '3'))).toBe(12);
  });

  it('tells nothing of another store', () => {
    const node = remembering(0);
    node.heard(link('fra-1', '1'), digest(9));
    expect(node.rememberedOf(link('fra-1', '2', COPY))).toBe(0);
  });

  it('knows after a restart what it knew before', () => {
    const node = remembering(0);
    node.heard(link('fra-1', '1'), digest(9));
    const again = remembering(0, node.snapshot());
    expect(again.rememberedOf(link('fra-1', '2'))).toBe(9);
  });

  it('holds nothing against a process that wrote on while this node restarted', () => {
    const node = remembering(0);
    node.heard(link('fra-1', '1'), digest(9));
    const again = remembering(0, node.snapshot());
    again.heard(link('fra-1', '1'), digest(12));
    expect(again.rememberedOf(link('fra-1', '1'))).toBe(0);
  });

  it('holds what a second process of a store wrote against none that was there before', () => {
    const node = remembering(0);
    node.heard(link('fra-1', '1'), digest(3));
    node.heard(link('fra-1', '2'), digest(8));
    node.heard(link('fra-1', '1'), digest(4));
    expect(node.rememberedOf(link('fra-1', '1'))).toBe(0);
    expect(node.rememberedOf(link('fra-1', '2'))).toBe(3);
  });

  it('remembers a few processes of each node, the ones that showed something last', () => {
    const node = remembering(0);
    for (const boot of ['1', '2', '3', '4', '5']) node.heard(link('fra-1', boot), digest(9));
    expect(node.snapshot().map(({ bootId }) => bootId.slice(0, 1))).toEqual(['2', '3', '4', '5']);
    expect(node.rememberedOf(link('fra-1', '6'))).toBe(9);
  });

  it('takes the word of two peers, and of one where there is no other', () => {
    const node = remembering(5);
    node.heard(link('fra-1', '1'), digest(1, 6));
    expect(node.isContradicted(2)).toBe(false);
    expect(node.isContradicted(1)).toBe(true);
    node.heard(link('fra-1', '1'), digest(1, 6));
    expect(node.isContradicted(2)).toBe(false);
    node.heard(link('sin-1', '1'), digest(1, 6));
    expect(node.isContradicted(2)).toBe(true);
    expect(node.claimants).toEqual(['fra-1', 'sin-1']);
  });

  it('takes no word about another store than its own', () => {
    const node = remembering(5);
    node.heard(link('fra-1', '1'), digest(1, 6, COPY));
    node.heard(link('sin-1', '1'), digest(1, 6, COPY));
    expect(node.claimants).toEqual([]);
    expect(node.isVouchedFor(2)).toBe(false);
  });

  it('is vouched for by two peers that remember no more, beside none that does', () => {
    const node = remembering(5);
    node.heard(link('fra-1', '1'), digest(1, 5));
    expect(node.isVouchedFor(2)).toBe(false);
    node.heard(link('sin-1', '1'), digest(1));
    expect(node.isVouchedFor(2)).toBe(true);
    node.heard(link('gru-1', '1'), digest(1, 6));
    expect(node.isVouchedFor(3)).toBe(false);
  });

  it('judges by what the process began with, whatever it wrote since', () => {
    const node = remembering(5);
    node.wrote(20);
    node.heard(link('fra-1', '1'), digest(1, 6));
    expect(node.isContradicted(1)).toBe(true);
  });
});

function remembering(written: number, shown: readonly ShownStore[] = []): Remembering {
  const self = testHello('iad-1', realm);
  const membership = testMembership(self);
  const state = realm.trustedState();
  const rest = { hasSeeds: false, membership, state, random: () => 0.5 };
  return new Remembering({ self, written, shown, ...rest });
}

function link(name: string, boot: string, storeId = '0'.repeat(32)): Link {
  const made = new Link('1', parseNodeId(name), undefined);
  made.greeted(testHello(name, realm, { bootId: boot.repeat(32), storeId }));
  return made;
}

function digest(written: number, remembered = 0, rememberedOf = NO_STORE): StoreDigest {
  const rows = { root: NO_PREVIOUS, count: 1, revision: 1, seen: 0, ask: 'note' } as const;
  return { ...rows, others: 1, standing: 'serving', written, remembered, rememberedOf };
}
