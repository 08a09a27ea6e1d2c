import { beforeEach, describe, expect, it } from 'vitest';
import type { GossipEffect, GossipEvent } from '../../../../src/core/gossip/events.ts';
import type { Frame, Hello } from '../../../../src/core/gossip/frames.ts';
import type { NeighbourView } from '../../../../src/core/gossip/links/neighbours.ts';
import { GossipMachine } from '../../../../src/core/gossip/machine.ts';
import { NO_UPDATES } from '../../../../src/core/membership/frames.ts';
import { signMember } from '../../../../src/core/membership/record.ts';
import { emptyTrustedState } from '../../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';

describe('Neighbours', () => {
  let realm: TestRealm;
  let machine: GossipMachine;
  let nowMs: number;
  /** Round trips by link; a link is named as its peer. */
  let rttMs: Map<string, number>;
  let notices: GossipEffect[];
  let closed: string[];
  let pings: { readonly linkId: string; readonly sequence: number }[];
  let members: Map<string, ReturnType<typeof testMembership>>;

  beforeEach(() => {
    realm = createTestRealm();
    const self = testHello('iad-1', realm);
    machine = new GossipMachine({
      self,
      hasSeeds: false,
      membership: testMembership(self),
      state: emptyTrustedState(realm.name, realm.firstCharterDigest),
      random: () => 0.5,
    });
    nowMs = 0;
    rttMs = new Map();
    notices = [];
    closed = [];
    pings = [];
    members = new Map();
    handle({ kind: 'start' });
  });

  it('doubts the region of a node that is far away, and prefers others as relays', () => {
    for (let i = 2; i <= 6; i += 1) meet(`iad-${String(i)}`, 1);
    const chosen = ['iad-2', 'iad-3', 'iad-4', 'iad-5', 'iad-6'].find(
      (name) => seen(name)?.role === 'relay',
    );
    if (chosen === undefined) throw new Error('only this node is a relay');
    live(60);
    expect(seen(chosen)).toMatchObject({ doubt: undefined, role: 'relay' });
    rttMs.set(chosen, 90);
    live(800);
    expect(seen(chosen)).toMatchObject({ doubt: 'too-far', role: 'ordinary', state: 'alive' });
    expect(notices).toContainEqual({
      kind: 'notice',
      notice: { kind: 'label', nodeId: chosen, region: 'iad', doubt: 'too-far' },
    });
    rttMs.set(chosen, 1);
    live(800);
    expect(seen(chosen)).toMatchObject({ doubt: undefined, role: 'relay' });
    expect(notices).toHaveLength(2);
  });

  it('closes a link in excess, but not while one that it wants is missing', () => {
    for (let i = 2; i <= 50; i += 1) meet(`iad-${String(i)}`, 1, 'dialled');
    live(70);
    const excess = closed.length;
    expect(excess).toBeGreaterThan(5);
    invent('iad-2', 'fra-9', 1);
    for (let i = 51; i <= 60; i += 1) meet(`iad-${String(i)}`, 1, 'dialled');
    live(200);
    expect(seen('fra-9')?.wanted).toBe('wanted');
    expect(closed).toHaveLength(excess);
    const target = { nodeId: testHello('fra-9', realm).nodeId, address: 'fra-9:7441' };
    handle({ kind: 'dial-failed', target });
    live(70);
    expect(closed.length).toBeGreaterThan(excess);
  });

  it('links nobody to a member that was invented, and says so', () => {
    meet('iad-2', 1);
    invent('iad-2', 'iad-9', 1);
    expect(seen('iad-9')).toMatchObject({ wanted: 'wanted', doubt: undefined });
    const target = { nodeId: testHello('iad-9', realm).nodeId, address: 'iad-9:7441' };
    handle({ kind: 'dial-failed', target });
    const unproven = { role: 'ordinary', wanted: 'not-wanted', doubt: 'unproven' };
    expect(seen('iad-9')).toMatchObject(unproven);
    invent('iad-2', 'iad-9', 2);
    expect(seen('iad-9')).toMatchObject({ ...unproven, state: 'alive' });
    meet('iad-9', 1);
    expect(seen('iad-9')).toMatchObject({ wanted: 'wanted', doubt: undefined });
  });

  it('takes nobody who was invented for a relay, and a new node once it was met', () => {
    for (let i = 2; i <= 8; i += 1) meet(`iad-${String(i)}`, 1);
    live(40);
    const relays = (): readonly string[] =>
      machine
        .neighbours()
        .filter(({ role }) => role === 'relay')
        .map(({ nodeId }) => nodeId);
    const before = relays();
    const ghosts = Array.from({ length: 40 }, (_, i) => `iad-${String(100 + i)}`);
    for (const name of ghosts) invent('iad-2', name, 1);
    live(40);
    expect(before).toEqual(expect.arrayContaining([...relays()]));
    const lost = relays().find((name) => name !== 'iad-1') ?? '';
    handle({ kind: 'link-down', linkId: lost });
    tell('iad-2', { ...testHello(lost, realm) }, 101, 'left');
    expect(relays()).not.toContain(lost);
    expect(relays().filter((name) => ghosts.includes(name))).toEqual([]);
    for (const name of ghosts) meet(name, 1);
    live(40);
    expect(relays().filter((name) => ghosts.includes(name)).length).toBeGreaterThan(0);
  });

  function handle(event: GossipEvent): void {
    for (const effect of machine.handle(event, TEST_EPOCH_MS + nowMs, nowMs)) {
      if (effect.kind === 'close') closed.push(effect.linkId);
      if (effect.kind === 'notice' && effect.notice.kind === 'label') notices.push(effect);
      if (effect.kind === 'send' && effect.frame.kind === 'ping') {
        pings.push({ linkId: effect.linkId, sequence: effect.frame.sequence });
      }
    }
  }

  /** Lets so many seconds pass in which all pings are answered. */
  function live(seconds: number): void {
    for (let i = 0; i < seconds; i += 1) {
      nowMs += 1000;
      const startMs = nowMs;
      handle({ kind: 'timer', timer: { name: 'member-probe' } });
      for (const { linkId, sequence } of pings.splice(0)) {
        nowMs = startMs + (rttMs.get(linkId) ?? 0);
        frame(linkId, { kind: 'ack', sequence, updates: NO_UPDATES });
        nowMs = startMs;
      }
      if (i % 2 === 0) handle({ kind: 'timer', timer: { name: 'repair' } });
    }
  }

  function meet(name: string, ms: number, how: 'accepted' | 'dialled' = 'accepted'): void {
    rttMs.set(name, ms);
    const hello = testHello(name, realm);
    const { nodeId, address } = hello;
    const dialled = how === 'dialled' ? { target: { nodeId, address } } : {};
    handle({ kind: 'link-up', linkId: name, nodeId, ...dialled });
    frame(name, { kind: 'hello', hello });
    tell(name, hello, 100);
  }

  function invent(liar: string, name: string, incarnation: number): void {
    tell(liar, testHello(name, realm), incarnation);
  }

  function tell(
    linkId: string,
    hello: Hello,
    incarnation: number,
    status: 'alive' | 'left' = 'alive',
  ): void {
    const membership = members.get(hello.nodeId) ?? testMembership(hello);
    members.set(hello.nodeId, membership);
    const { self, sign } = membership;
    const record = { ...self, realm: realm.name, incarnation, status };
    const updates = { members: [signMember(record, sign)], observations: [] };
    frame(linkId, { kind: 'members', updates });
  }

  function frame(linkId: string, sent: Frame): void {
    handle({ kind: 'frame', linkId, frame: sent, recall: {} });
  }

  function seen(name: string): NeighbourView | undefined {
    return machine.neighbours().find(({ nodeId }) => nodeId === name);
  }
});
