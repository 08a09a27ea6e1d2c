import { beforeEach, describe, expect, it } from 'vitest';
import type { GossipEffect, GossipEvent } from '../../../../src/core/gossip/events.ts';
import type { Frame, Hello } from '../../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../../src/core/gossip/machine.ts';
import { parseNodeId } from '../../../../src/core/ids.ts';
import { emptyTrustedState } from '../../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';

const PEER = parseNodeId('iad-1');
const TARGET = { nodeId: PEER, address: 'iad-1:7441' };

/** A node that dialled a peer of a larger id, whose links wait behind that one. */
describe('Connecting', () => {
  let realm: TestRealm;
  let machine: GossipMachine;

  beforeEach(() => {
    realm = createTestRealm();
    const self = testHello('fra-1', realm);
    machine = new GossipMachine({
      self,
      hasSeeds: true,
      membership: testMembership(self),
      state: emptyTrustedState(realm.name, realm.firstCharterDigest),
      random: () => 0.5,
    });
    handle({ kind: 'link-up', linkId: 'better', nodeId: PEER, target: TARGET });
    greet('better');
  });

  it('lets a peer that restarted replace its dead link as soon as it greets', () => {
    expect(accept('new')).toEqual([]);
    expect(closed(greet('new', { bootId: 'b'.repeat(32) }))).toEqual(['better']);
    expect(linkOf(tick())).toBe('new');
  });

  it('greets on a second link of the same process, and keeps the better one', () => {
    expect(accept('second')).toEqual([]);
    expect(closed(greet('second'))).toEqual([]);
    expect(linkOf(tick())).toBe('better');
    expect(handle({ kind: 'link-down', linkId: 'second' })).toEqual([]);
  });

  it('takes the second link when the peer uses it, since it lost the better one', () => {
    accept('second');
    greet('second');
    const effects = frame('second', { kind: 'rows-ask', since: 0 });
    expect(closed(effects)).toEqual(['better']);
    expect(linkOf(effects)).toBe('second');
    expect(machine.isLinked(PEER)).toBe(true);
  });

  it('takes the second link when the better one goes down, greeted or not', () => {
    accept('second');
    handle({ kind: 'link-down', linkId: 'better' });
    expect(machine.isLinked(PEER)).toBe(false);
    greet('second');
    expect(machine.isLinked(PEER)).toBe(true);
  });

  it('hangs up on a second link that greets wrongly, and on no other', () => {
    accept('second');
    expect(closed(greet('second', { nodeId: parseNodeId('sin-1') }))).toEqual(['second']);
    expect(machine.isLinked(PEER)).toBe(true);
  });

  it('gives up a link on which no greeting comes', () => {
    handle({ kind: 'link-down', linkId: 'better' });
    handle({ kind: 'link-up', linkId: 'silent', nodeId: PEER, target: TARGET });
    expect(closed(tick())).toEqual([]);
    expect(closed(tick())).toEqual(['silent']);
    accept('other');
    greet('other');
    expect(machine.isLinked(PEER)).toBe(true);
  });

  it('keeps a link that greets between two looks, and one that waits behind another', () => {
    accept('second');
    expect(closed(tick())).toEqual([]);
    greet('second');
    expect([...closed(tick()), ...closed(tick())]).toEqual([]);
    accept('third');
    expect([...closed(tick()), ...closed(tick())]).toEqual(['third']);
    expect(machine.isLinked(PEER)).toBe(true);
  });

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, TEST_EPOCH_MS);
  }

  function tick(): readonly GossipEffect[] {
    return handle({ kind: 'timer', timer: { name: 'repair' } });
  }

  /** Returns what was closed at once. */
  function accept(linkId: string): readonly string[] {
    return closed(handle({ kind: 'link-up', linkId, nodeId: PEER }));
  }

  function greet(linkId: string, change: Partial<Hello> = {}): readonly GossipEffect[] {
    return frame(linkId, { kind: 'hello', hello: testHello('iad-1', realm, change) });
  }

  function frame(linkId: string, sent: Frame): readonly GossipEffect[] {
    return handle({ kind: 'frame', linkId, frame: sent, recall: {} });
  }
});

function closed(effects: readonly GossipEffect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.kind === 'close' ? [effect.linkId] : []));
}

/** Where the first frame goes. */
function linkOf(effects: readonly GossipEffect[]): string | undefined {
  const sent = effects.find((effect) => effect.kind === 'send');
  return sent?.kind === 'send' ? sent.linkId : undefined;
}
