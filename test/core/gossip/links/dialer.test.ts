import { beforeEach, describe, expect, it } from 'vitest';
import type { GossipEffect } from '../../../../src/core/gossip/events.ts';
import {
  DIAL_MAX_MS,
  DIAL_MIN_MS,
  Dialer,
  NEW_DIALS,
  SEEDS_INTERVAL_MS,
} from '../../../../src/core/gossip/links/dialer.ts';
import { LinkTable } from '../../../../src/core/gossip/links/links.ts';
import { Outbox } from '../../../../src/core/gossip/outbox.ts';
import { type NodeId, parseNodeId } from '../../../../src/core/ids.ts';
import { testHello } from '../../../../src/testing/members.ts';
import { createTestRealm } from '../../../../src/testing/realm.ts';

const SELF = parseNodeId('iad-1');
const FRA = parseNodeId('fra-1');
const AT = 'fra-1:7441';
const TARGET = { nodeId: FRA, address: AT };

describe('Dialer', () => {
  let outbox: Outbox;
  let links: LinkTable;
  let dialer: Dialer;
  let alive: Set<NodeId>;
  let refusedForMs: number;

  beforeEach(() => {
    refusedForMs = 0;
    outbox = new Outbox();
    links = new LinkTable(SELF);
    const self = 'iad-1:7441';
    alive = new Set();
    dialer = new Dialer({
      outbox,
      links,
      selfId: SELF,
      self,
      hasSeeds: true,
      isAlive: (nodeId) => alive.has(nodeId),
      random: () => 1,
      refusedForMs: () => refusedForMs,
    });
  });

  it('dials a wanted peer at once, and not again while it does', () => {
    dialer.want(new Map([[FRA, AT]]));
    expect(outbox.take()).toEqual([{ kind: 'dial', target: TARGET }]);
    dialer.dialDue(FRA);
    expect(outbox.take()).toEqual([]);
  });

  it('doubles the pause between dials up to the maximum, and starts over once reached', () => {
    dialer.want(new Map([[FRA, AT]]));
    const pauses = Array.from({ length: 12 }, () => {
      outbox.take();
      dialer.failed(TARGET);
      const delay = delayIn(outbox.take());
      dialer.dialDue(FRA);
      return delay;
    });
    expect(pauses.slice(0, 3)).toEqual([DIAL_MIN_MS, 2 * DIAL_MIN_MS, 4 * DIAL_MIN_MS]);
    expect(pauses.at(-1)).toBe(DIAL_MAX_MS);
    dialer.reached(FRA);
    outbox.take();
    dialer.failed(TARGET);
    expect(delayIn(outbox.take())).toBe(DIAL_MIN_MS);
  });

  it('dials a peer that is refused only when that is over', () => {
    refusedForMs = 40_000;
    dialer.want(new Map([[FRA, AT]]));
    const timer = { name: 'dial', nodeId: FRA };
    expect(outbox.take()).toEqual([{ kind: 'arm', timer, delayMs: 40_000 }]);
    refusedForMs = 0;
    dialer.dialDue(FRA);
    expect(outbox.take()).toEqual([{ kind: 'dial', target: TARGET }]);
  });

  it('dials a peer again that moved, and forgets one that nobody wants', () => {
    dialer.want(new Map([[FRA, AT]]));
    dialer.failed(TARGET);
    outbox.take();
    dialer.want(new Map([[FRA, 'elsewhere:1']]));
    const moved = { nodeId: FRA, address: 'elsewhere:1' };
    expect(outbox.take()).toEqual([{ kind: 'dial', target: moved }]);
    dialer.want(new Map());
    dialer.failed(moved);
    expect(outbox.take()).toEqual([]);
  });

  it('dials so many new peers at a time, the others later, and none that has a link', () => {
    const many = Array.from({ length: 200 }, (_, i) => parseNodeId(`n${i}`));
    const dialled = (): readonly NodeId[] =>
      outbox.take().flatMap((effect) => {
        return effect.kind === 'dial' ? (effect.target.nodeId ?? []) : [];
      });
    dialer.want(new Map(many.map((nodeId) => [nodeId, `${nodeId}:1`])));
    const { young, settled } = NEW_DIALS;
    expect(dialled()).toEqual(many.slice(0, young));
    dialer.want(new Map(many.map((nodeId) => [nodeId, `${nodeId}:1`])));
    expect(dialled()).toEqual([]);
    links.admit('link-1', many[young] ?? SELF, undefined);
    dialer.tick('young');
    expect(dialled()).toEqual(many.slice(young + 1, 2 * young + 1));
    dialer.tick('settled');
    expect(dialled()).toEqual(many.slice(2 * young + 1, 2 * young + 1 + settled));
  });

  it('lets nobody who is dialled again wait behind new ones', () => {
    const many = Array.from({ length: 200 }, (_, i) => parseNodeId(`n${i}`));
    const wanted = new Map([[FRA, AT], ...many.map((one) => [one, `${one}:1`] as const)]);
    dialer.want(wanted);
    dialer.failed(TARGET);
    outbox.take();
    dialer.dialDue(FRA);
    expect(outbox.take()).toEqual([{ kind: 'dial', target: TARGET }]);
  });

  it('looks seeds up often until all have answered, and every half minute then', () => {
    dialer.start();
    const [resolve, ...rest] = outbox.take();
    expect(resolve).toEqual({ kind: 'resolve' });
    expect(delayIn(rest)).toBeLessThan(1000);
    dialer.resolved([AT, '10.0.0.9:7441']);
    link();
    for (let round = 0; round < 10; round += 1) {
      outbox.take();
      dialer.seedsDue();
      expect(delayIn(outbox.take())).toBeLessThan(3000);
    }
    dialer.answered(FRA, { address: '10.0.0.9:7441' });
    dialer.seedsDue();
    expect(delayIn(outbox.take())).toBeGreaterThanOrEqual(SEEDS_INTERVAL_MS);
  });

  it('does not wait half a minute for the seeds once it has lost its last link', () => {
    dialer.resolved([AT]);
    dialer.answered(FRA, { address: AT });
    link();
    dialer.seedsDue();
    outbox.take();
    dialer.lost(FRA);
    expect(outbox.take()).toEqual([]);
    links.drop('1');
    dialer.lost(FRA);
    expect(outbox.take()).toEqual([
      { kind: 'arm', timer: { name: 'seeds' }, delayMs: DIAL_MIN_MS },
    ]);
    dialer.lost(FRA);
    expect(outbox.take()).toEqual([]);
  });

  it('dials seeds, but not itself, nor where somebody answers that is linked', () => {
    dialer.resolved(['iad-1:7441', AT, '10.0.0.9:7441']);
    expect(outbox.take()).toHaveLength(2);
    dialer.answered(FRA, { address: '10.0.0.9:7441' });
    link();
    dialer.resolved(['iad-1:7441', AT, '10.0.0.9:7441']);
    expect(outbox.take()).toEqual([]);
  });

  it('dials a seed that is alive now and then, and one that failed each time', () => {
    const seed = parseNodeId('gru-1');
    const look = (): boolean => {
      outbox.take();
      dialer.resolved(['gru-1:7441']);
      return outbox.take().length > 0;
    };
    expect(look()).toBe(true);
    dialer.answered(seed, { address: 'gru-1:7441' });
    alive.add(seed);
    expect(look()).toBe(true);
    link();
    expect(Array.from({ length: 20 }, look).filter(Boolean)).toHaveLength(2);
    alive.clear();
    expect(Array.from({ length: 20 }, look)).not.toContain(false);
  });

  function link(): void {
    const admission = links.admit('1', FRA, undefined);
    if (admission.kind === 'keep') admission.link.greeted(testHello('fra-1', createTestRealm()));
  }
});

function delayIn(effects: readonly GossipEffect[]): number {
  const arm = effects.find((effect) => effect.kind === 'arm');
  return arm?.kind === 'arm' ? arm.delayMs : Number.NaN;
}
