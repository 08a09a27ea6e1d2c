import { beforeEach, describe, expect, it } from 'vitest';
import { generateSigningKey, type SigningKey } from '../../../../src/core/crypto.ts';
import { KedgeError } from '../../../../src/core/errors.ts';
import type { GossipEffect, GossipEvent } from '../../../../src/core/gossip/events.ts';
import type { Frame, Hello, StoreDigest } from '../../../../src/core/gossip/frames.ts';
import { GossipMachine, type GossipOptions } from '../../../../src/core/gossip/machine.ts';
import {
  NO_BOOT,
  parseMark,
  type SignedMark,
  type StoreMark,
  signMark,
} from '../../../../src/core/gossip/restored/store-mark.ts';
import { NO_PREVIOUS, parseNodeId } from '../../../../src/core/ids.ts';
import type { CosignedHead } from '../../../../src/core/log/regions.ts';
import type { RememberedMember } from '../../../../src/core/membership/events.ts';
import { peekMember, signMember } from '../../../../src/core/membership/record.ts';
import { emptyTrustedState } from '../../../../src/core/trusted/state.ts';
import { testHello } from '../../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';
import { checkpointOf, cosign, IAD, leavesOf, regionKey } from '../../log/fixtures.ts';
import { REALM } from '../../support.ts';
import { digestsIn, framesIn, isMarkOf, markIn } from './marks-support.ts';

const SELF = 'iad-1';
const BOOT = 'a'.repeat(32);
const OTHER_BOOT = 'b'.repeat(32);
/** A peer holds no line by the own key, or the same. */
const NO_LINES: Frame = { kind: 'lines', heads: [] };
const STORE = 'd'.repeat(32);

describe('Marks of stores', () => {
  let realm: TestRealm;
  let machine: GossipMachine;
  let keys: Map<string, SigningKey>;
  /** What the start came to. */
  let begun: readonly GossipEffect[];

  beforeEach(() => {
    realm = createTestRealm({ realm: REALM });
    keys = new Map();
    start();
  });

  it('go to a peer until it says that it has the last one', () => {
    const first = markIn(linkUp('fra-1'));
    expect(first).toMatchObject({ storeId: STORE, after: OTHER_BOOT, begin: 10, count: 10 });
    expect(markIn(digest('fra-1', {}))).toEqual(first);
    expect(markIn(digest('fra-1', { markSeen: 10 }))).toBeUndefined();
  });

  it('go to no peer that does not keep any', () => {
    expect(markIn(linkUp('fra-1', {}))).toBeUndefined();
    expect(markIn(digest('fra-1', {}))).toBeUndefined();
  });

  it('are signed after a change, at most every 30 seconds, and shown to two peers at once', () => {
    for (const name of ['fra-1', 'gru-1', 'sin-1']) {
      linkUp(name);
      digest(name, { markSeen: 10, ask: 'note' });
    }
    wrote(12);
    const withMark = (): number => tick().filter((one) => markIn([one]) !== undefined).length;
    expect(Array.from({ length: 15 }, withMark)).toEqual([...Array(14).fill(0), 2]);
    wrote(13);
    expect(tick().filter((frame) => markIn([frame])?.count === 13)).toEqual([]);
    expect(handle({ kind: 'leave' }).filter(isMarkOf(13)).length).toBeGreaterThan(0);
  });

  it('count what the key of the region cosigned too', () => {
    linkUp('fra-1');
    const checkpoint = checkpointOf(leavesOf(1));
    const head = { checkpoint, line: cosign(IAD, checkpoint, 1) };
    handle({ kind: 'attest', said: { kind: 'cosigned', head }, count: 11 });
    expect(handle({ kind: 'leave' }).filter(isMarkOf(11))).toHaveLength(1);
  });

  it('are kept of members, and shown to a process that began with less', () => {
    meet('fra-1');
    digest('fra-1', { mark: markOf('fra-1', { count: 20 }) });
    expect(machine.marks().snapshot()).toHaveLength(1);
    handle({ kind: 'link-down', linkId: 'fra-1' });
    meet('fra-1', OTHER_BOOT);
    const copy = markOf('fra-1', { bootId: OTHER_BOOT, begin: 13, count: 13 });
    const [answer] = digestsIn(digest('fra-1', { mark: copy }));
    expect(answer).toMatchObject({ markSeen: 13 });
    expect(answer?.remembered && parseMark(answer.remembered.payload).count).toBe(20);
    const next = markOf('fra-1', { bootId: OTHER_BOOT, storeId: OTHER_BOOT, begin: 14, count: 14 });
    expect(digestsIn(digest('fra-1', { mark: next }))[0]?.remembered).toBeUndefined();
  });

  it('are kept across a restart', () => {
    meet('fra-1');
    digest('fra-1', { mark: markOf('fra-1', { count: 20 }) });
    start({ marks: machine.marks().snapshot() });
    meet('fra-1', OTHER_BOOT);
    const copy = markOf('fra-1', { bootId: OTHER_BOOT, begin: 13, count: 13 });
    expect(digestsIn(digest('fra-1', { mark: copy }))[0]?.remembered).toBeDefined();
  });

  it('of a node are not kept when it did not sign them, or another process did', () => {
    meet('fra-1');
    const key = generateSigningKey('ed25519');
    digest('fra-1', { mark: markOf('fra-1', {}, key) });
    const effects = handleDigest('fra-1', { mark: markOf('fra-1', { bootId: OTHER_BOOT }) });
    expect(effects.filter(({ kind }) => kind === 'notice')).toMatchObject([
      { notice: { kind: 'refused', error: { code: 'PARSE' } } },
    ]);
    expect(machine.marks().snapshot()).toEqual([]);
  });

  it('of several processes are bounded, and the highest of a store stays', () => {
    meet('fra-1');
    digest('fra-1', { mark: markOf('fra-1', { count: 50 }) });
    for (let number = 0; number < 9; number += 1) {
      const bootId = String(number).repeat(32);
      handle({ kind: 'link-down', linkId: 'fra-1' });
      meet('fra-1', bootId);
      digest('fra-1', { mark: markOf('fra-1', { bootId, begin: 3, count: 3 }) });
    }
    const counts = machine
      .marks()
      .snapshot()
      .map(({ payload }) => parseMark(payload).count);
    expect(counts).toHaveLength(4);
    expect(counts).toContain(50);
  });

  it('prove to a node by its own signature that its store is an old copy', () => {
    linkUp('fra-1');
    const remembered = markOf(SELF, { bootId: OTHER_BOOT, after: NO_BOOT, begin: 5, count: 20 });
    const effects = handleDigest('fra-1', { remembered });
    expect(effects).toContainEqual({ kind: 'renew' });
    expect(effects.filter(isCopy)).toMatchObject([
      { notice: { what: 'older', by: 'fra-1', mark: { count: 20 }, own: { count: 10 } } },
    ]);
    expect(machine.holding).toContain('old copy');
    expect(handleDigest('fra-1', { remembered }).filter(isCopy)).toEqual([]);
    handle({ kind: 'renewed', storeId: OTHER_BOOT, count: 11 });
    expect(markIn(digest('fra-1', {}))).toMatchObject({ storeId: OTHER_BOOT, begin: 11 });
    expect(handleDigest('fra-1', { remembered }).filter(isCopy)).toEqual([]);
    expect(linkUp('gru-1')[0]).toMatchObject({ hello: { storeId: OTHER_BOOT } });
  });

  it('prove it also to an operator who serves anyway', () => {
    start({ override: 'serve-anyway' });
    linkUp('fra-1');
    const remembered = markOf(SELF, { bootId: OTHER_BOOT, begin: 5, count: 20 });
    expect(handleDigest('fra-1', { remembered })).toContainEqual({ kind: 'renew' });
    expect(machine.holding).toBeUndefined();
  });

  it.each([
    ['with another key', { bootId: OTHER_BOOT, count: 99 }, 'stranger'],
    ['of another store', { bootId: OTHER_BOOT, storeId: OTHER_BOOT, count: 99 }, SELF],
    ['of a process before', { bootId: OTHER_BOOT, count: 9, begin: 3 }, SELF],
  ])('prove nothing when they were signed %s', (_, change, signer) => {
    linkUp('fra-1');
    const remembered = markOf(SELF, change, keyOf(signer));
    expect(handleDigest('fra-1', { remembered }).filter(isCopy)).toEqual([]);
    expect(machine.holding).toBeUndefined();
  });

  it('tell a node of a process on a copy of its store, once, and it goes on', () => {
    linkUp('fra-1');
    wrote(14);
    const remembered = markOf(SELF, { bootId: OTHER_BOOT, after: BOOT, begin: 12, count: 12 });
    const [found] = handleDigest('fra-1', { remembered }).filter(isCopy);
    expect(found).toMatchObject({ notice: { what: 'copied', mark: { bootId: OTHER_BOOT } } });
    expect(handleDigest('fra-1', { remembered }).filter(isCopy)).toEqual([]);
    expect(machine.holding).toBeUndefined();
  });

  it('of a copy are outrun by the count of the original, which is none after its restart', () => {
    linkUp('fra-1');
    wrote(14);
    const shown = (count: number): readonly GossipEffect[] => {
      const copy = { bootId: OTHER_BOOT, after: BOOT, begin: 12, count };
      return handleDigest('fra-1', { remembered: markOf(SELF, copy) });
    };
    expect(shown(13).filter(isAdvance)).toEqual([]);
    expect(shown(60).filter(isAdvance)).toEqual([{ kind: 'advance', beyond: 60 }]);
    expect(shown(60).filter(isAdvance)).toEqual([]);
    const error = new KedgeError('STORE', 'the disk is full');
    const [failed] = handle({ kind: 'advanced', count: 14, error });
    expect(failed).toEqual({ kind: 'notice', notice: { kind: 'persist-failed', error } });
    expect(shown(60).filter(isAdvance)).toHaveLength(1);
    handle({ kind: 'advanced', count: 61 });
    tick();
    wrote(15);
    expect(shown(60).filter(isAdvance)).toEqual([]);
    const more = shown(61);
    expect(more.filter(isCopy)).toEqual([]);
    expect(more.filter(isAdvance)).toEqual([{ kind: 'advance', beyond: 61 }]);
    handle({ kind: 'advanced', count: 62 });
    expect(handle({ kind: 'leave' }).filter(isMarkOf(62))).toHaveLength(1);
    const self = { ...helloOf(SELF, { storeId: STORE, marks: true }), bootId: 'c'.repeat(32) };
    start({ self, started: { after: BOOT, count: 63 } });
    linkUp('fra-1');
    expect(shown(61).filter(isCopy)).toEqual([]);
    expect(machine.holding).toBeUndefined();
  });

  it('with a count near the end of numbers are told of, and not outrun', () => {
    linkUp('fra-1');
    wrote(14);
    const copy = { bootId: OTHER_BOOT, after: BOOT, begin: 12, count: Number.MAX_SAFE_INTEGER };
    const effects = handleDigest('fra-1', { remembered: markOf(SELF, copy) });
    expect(effects.filter(isCopy)).toMatchObject([{ notice: { what: 'copied' } }]);
    expect(effects.filter(isAdvance)).toEqual([]);
  });

  describe('keep the key of a region from signing', () => {
    it('until two peers have looked', () => {
      expect(begun).not.toContainEqual({ kind: 'vouched' });
      for (const name of ['fra-1', 'gru-1', 'sin-1']) meet(name);
      expect(handleDigest('fra-1', { markSeen: 10 })).not.toContainEqual({ kind: 'vouched' });
      expect(handleDigest('fra-1', { markSeen: 10 })).not.toContainEqual({ kind: 'vouched' });
      expect(handleDigest('gru-1', {})).not.toContainEqual({ kind: 'vouched' });
      expect(handleDigest('gru-1', { markSeen: 10 })).toContainEqual({ kind: 'vouched' });
      expect(handleDigest('sin-1', { markSeen: 10 })).not.toContainEqual({ kind: 'vouched' });
    });

    it('until one has, where there is but one', () => {
      meet('fra-1');
      expect(handleDigest('fra-1', { markSeen: 10 })).not.toContainEqual({ kind: 'vouched' });
      resolve('fra-1');
      expect(handleDigest('fra-1', { markSeen: 10 })).toContainEqual({ kind: 'vouched' });
    });

    it('while nobody answers at a seed, of whom one peer may keep quiet', () => {
      resolve('fra-1', 'gru-1');
      meet('fra-1');
      expect(handleDigest('fra-1', { markSeen: 10 })).not.toContainEqual({ kind: 'vouched' });
      // The next one is no member yet; two that looked are enough, whoever is silent.
      linkUp('sin-1');
      expect(handleDigest('sin-1', { markSeen: 10 })).toContainEqual({ kind: 'vouched' });
    });

    it('for ten minutes where nobody ever answers at a seed', () => {
      resolve('fra-1', 'gru-1');
      meet('fra-1');
      handleDigest('fra-1', { markSeen: 10 });
      const vouched = (): boolean => timer().some(({ kind }) => kind === 'vouched');
      expect(Array.from({ length: 299 }, vouched)).not.toContain(true);
      expect(vouched()).toBe(true);
    });

    it('no longer once it is known who is behind the silent seed, and that it is gone', () => {
      meet('fra-1');
      meet('gru-1');
      const remembered = machine.memory().snapshot();
      const members = remembered.members.map((one) => {
        return isOf(one, 'gru-1') ? { ...one, state: 'failed' as const } : one;
      });
      const self = helloOf(SELF, { storeId: STORE, marks: true });
      const membership = { ...memberOf(SELF, self), remembered: { ...remembered, members } };
      start({ membership });
      resolve('fra-1', 'gru-1');
      linkUp('fra-1');
      expect(handleDigest('fra-1', { markSeen: 10 })).toContainEqual({ kind: 'vouched' });
    });

    it('while what a peer shows was too much to be read', () => {
      resolve('fra-1');
      meet('fra-1');
      const harmless = markOf(SELF, { bootId: OTHER_BOOT, count: 9, begin: 3 });
      for (let digests = 0; digests < 4; digests += 1) {
        handleDigest('fra-1', { remembered: harmless });
      }
      const remembered = markOf(SELF, { bootId: OTHER_BOOT, begin: 5, count: 20 });
      const unread = handleDigest('fra-1', { remembered, markSeen: 10 });
      expect(unread).not.toContainEqual({ kind: 'vouched' });
      tick();
      expect(handleDigest('fra-1', { remembered, markSeen: 10 })).toContainEqual({ kind: 'renew' });
    });

    it('also with a new store of which there was a process before', () => {
      start({ origin: 'new' });
      expect(begun).not.toContainEqual({ kind: 'vouched' });
    });

    it('not where there is nobody, with a new store, for an operator, or beside old peers', () => {
      start({ hasSeeds: false });
      expect(begun).toContainEqual({ kind: 'vouched' });
      start({ origin: 'new', started: { after: NO_BOOT, count: 1 } });
      expect(begun).toContainEqual({ kind: 'vouched' });
      start({ override: 'serve-anyway' });
      expect(begun).toContainEqual({ kind: 'vouched' });
      start();
      linkUp('fra-1', {});
      expect(handleDigest('fra-1', {})).toContainEqual({ kind: 'vouched' });
    });

    it('until all that have a link have told what they hold by it', () => {
      startWithKey();
      for (const name of ['fra-1', 'gru-1', 'sin-1']) meet(name);
      for (const name of ['fra-1', 'gru-1', 'sin-1']) handleDigest(name, { markSeen: 10 });
      expect(frame('fra-1', NO_LINES)).not.toContainEqual({ kind: 'vouched' });
      expect(frame('gru-1', NO_LINES)).not.toContainEqual({ kind: 'vouched' });
      expect(frame('sin-1', NO_LINES)).toContainEqual({ kind: 'vouched' });
    });

    it('for 16 seconds, where one of three says nothing', () => {
      startWithKey();
      for (const name of ['fra-1', 'gru-1', 'sin-1']) meet(name);
      for (const name of ['fra-1', 'gru-1']) {
        handleDigest(name, { markSeen: 10 });
        frame(name, NO_LINES);
      }
      const vouched = Array.from({ length: 8 }, () => timer().some(isVouched));
      expect(vouched).toEqual([...Array(7).fill(false), true]);
    });

    it('for ten minutes, where one of two says nothing', () => {
      startWithKey();
      for (const name of ['fra-1', 'gru-1']) meet(name);
      resolve('fra-1', 'gru-1');
      handleDigest('fra-1', { markSeen: 10 });
      frame('fra-1', NO_LINES);
      const vouched = (): boolean => timer().some(isVouched);
      expect(Array.from({ length: 299 }, vouched)).not.toContain(true);
      expect(machine.awaited).toEqual(['gru-1']);
      expect(vouched()).toBe(true);
      expect(machine.awaited).toBeUndefined();
    });

    it('again when all links are lost, until peers have answered or for half a minute', () => {
      startWithKey();
      meet('fra-1');
      resolve('fra-1');
      handleDigest('fra-1', { markSeen: 10 });
      expect(frame('fra-1', NO_LINES)).toContainEqual({ kind: 'vouched' });
      expect(handle({ kind: 'link-down', linkId: 'fra-1' })).toContainEqual({ kind: 'unvouched' });
      meet('fra-1');
      handleDigest('fra-1', { markSeen: 10 });
      expect(frame('fra-1', NO_LINES)).toContainEqual({ kind: 'vouched' });
      handle({ kind: 'link-down', linkId: 'fra-1' });
      const vouched = Array.from({ length: 15 }, () => timer().some(isVouched));
      expect(vouched).toEqual([...Array(14).fill(false), true]);
      handle({ kind: 'link-up', linkId: 'fra-1', nodeId: parseNodeId('fra-1') });
      const hello = helloOf('fra-1', { marks: true, lines: true });
      expect(frame('fra-1', { kind: 'hello', hello })).toContainEqual({ kind: 'unvouched' });
    });

    it('a moment with a new store, whose key others may know', () => {
      startWithKey({ origin: 'new', started: { after: NO_BOOT, count: 1 } });
      expect(begun).not.toContainEqual({ kind: 'vouched' });
      const vouched = Array.from({ length: 3 }, () => timer().some(isVouched));
      expect(vouched).toEqual([false, false, true]);
      startWithKey({ origin: 'new', started: { after: NO_BOOT, count: 1 } });
      linkUp('fra-1', { marks: true, lines: true });
      expect(frame('fra-1', NO_LINES)).toContainEqual({ kind: 'vouched' });
    });

    it.each([
      ['in an answer', (head: CosignedHead): Frame => ({ kind: 'lines', heads: [head] })],
      ['as news', (head: CosignedHead): Frame => ({ kind: 'cosigned', head })],
    ])('for good, when a line comes %s that the store does not have', (_, frameWith) => {
      startWithKey();
      meet('fra-1');
      resolve('fra-1');
      const checkpoint = checkpointOf(leavesOf(1));
      const head = { checkpoint, line: cosign(IAD, checkpoint, 1) };
      const effects = frame('fra-1', frameWith(head));
      expect(effects).toContainEqual({ kind: 'renew' });
      expect(effects.filter(isCopy)).toEqual([
        { kind: 'notice', notice: { kind: 'copy', what: 'cosigned', by: 'fra-1', line: head } },
      ]);
      expect(machine.holding).toContain('old copy');
      handle({ kind: 'renewed', storeId: OTHER_BOOT, count: 11 });
      expect(frame('fra-1', frameWith(head)).filter(isCopy)).toEqual([]);
      expect(handleDigest('fra-1', { markSeen: 11 })).not.toContainEqual({ kind: 'vouched' });
    });

    it('for good, when the store is an old copy', () => {
      meet('fra-1');
      const remembered = markOf(SELF, { bootId: OTHER_BOOT, begin: 5, count: 20 });
      handleDigest('fra-1', { remembered, markSeen: 10 });
      expect(handleDigest('fra-1', { markSeen: 10 })).not.toContainEqual({ kind: 'vouched' });
    });
  });

  function start(change: Partial<GossipOptions> = {}): void {
    const self = helloOf(SELF, { storeId: STORE, marks: true });
    machine = new GossipMachine({
      self,
      hasSeeds: true,
      membership: memberOf(SELF, self),
      state: emptyTrustedState(realm.name, realm.firstCharterDigest),
      started: { after: OTHER_BOOT, count: 10 },
      random: () => 0.5,
      ...change,
    });
    begun = handle({ kind: 'start' });
  }

  /** With the key of the region, by which the store has no line. */
  function startWithKey(change: Partial<GossipOptions> = {}): void {
    const { spki } = regionKey(IAD).publicKey;
    start({ regionKey: { spki, cosigned: [] }, ...change });
  }

  function helloOf(name: string, change: Partial<Hello> = {}): Hello {
    return testHello(name, realm, { bootId: BOOT, ...change });
  }

  function memberOf(name: string, hello: Hello): GossipOptions['membership'] {
    const { nodeId, region, address, bootId, protocolVersion } = hello;
    const { publicKey } = keyOf(name);
    const self = { nodeId, region, realm: realm.name, address, bootId, protocolVersion };
    const sign = (message: Uint8Array): Uint8Array => keyOf(name).sign(message);
    return { self: { ...self, publicKey: publicKey.spki }, sign, nowMs: 0 };
  }

  function keyOf(name: string): SigningKey {
    const key = keys.get(name) ?? generateSigningKey('ed25519');
    keys.set(name, key);
    return key;
  }

  /** A mark of a node; by default of the process and the store that it greets with. */
  function markOf(name: string, change: Partial<StoreMark>, key = keyOf(name)): SignedMark {
    const { nodeId, bootId } = helloOf(name);
    const mark = { realm: realm.name, nodeId, bootId, storeId: STORE, after: NO_BOOT };
    const sign = (message: Uint8Array): Uint8Array => key.sign(message);
    const publicKey = key.publicKey.spki;
    return signMark({ ...mark, begin: 1, count: 1, ...change }, { sign, publicKey });
  }

  /** A link to a peer, which says who it is as a member. */
  function meet(name: string, bootId?: string): void {
    linkUp(name, { marks: true, lines: true, ...(bootId !== undefined && { bootId }) });
    const hello = helloOf(name, bootId === undefined ? {} : { bootId });
    const { self, sign } = memberOf(name, hello);
    const incarnation = 1 + machine.neighbours().length + machine.marks().version;
    const signed = signMember({ ...self, incarnation, status: 'alive' }, sign);
    frame(name, { kind: 'members', updates: { members: [signed], observations: [] } });
  }

  function linkUp(name: string, change: Partial<Hello> = { marks: true }): readonly Frame[] {
    const up = handle({ kind: 'link-up', linkId: name, nodeId: parseNodeId(name) });
    const hello = helloOf(name, change);
    return [...framesIn(up), ...framesIn(frame(name, { kind: 'hello', hello }))];
  }

  function digest(name: string, change: Partial<StoreDigest>): readonly Frame[] {
    return framesIn(handleDigest(name, change));
  }

  function handleDigest(name: string, change: Partial<StoreDigest>): readonly GossipEffect[] {
    const rows = { root: NO_PREVIOUS, count: 0, revision: 0, seen: 0 };
    const rest = { ask: 'answer', others: 0, standing: 'serving' } as const;
    return frame(name, { kind: 'digest', digest: { ...rows, ...rest, ...change } });
  }

  /** What the seeds stand for. */
  function resolve(...names: readonly string[]): void {
    handle({ kind: 'resolved', addresses: names.map((name) => helloOf(name).address) });
  }

  function wrote(count: number): void {
    handle({ kind: 'persisted', batchId: 1, count });
  }

  function tick(): readonly Frame[] {
    return framesIn(timer());
  }

  function timer(): readonly GossipEffect[] {
    return handle({ kind: 'timer', timer: { name: 'repair' } });
  }

  function frame(name: string, sent: Frame): readonly GossipEffect[] {
    return handle({ kind: 'frame', linkId: name, frame: sent, recall: {} });
  }

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, TEST_EPOCH_MS, 0);
  }
});

function isOf({ signed }: RememberedMember, name: string): boolean {
  return peekMember(signed).nodeId === name;
}

function isVouched({ kind }: GossipEffect): boolean {
  return kind === 'vouched';
}

function isAdvance({ kind }: GossipEffect): boolean {
  return kind === 'advance';
}

function isCopy(effect: GossipEffect): boolean {
  return effect.kind === 'notice' && effect.notice.kind === 'copy';
}
