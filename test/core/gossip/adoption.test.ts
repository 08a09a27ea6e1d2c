import { beforeEach, describe, expect, it } from 'vitest';
import { signArrivals } from '../../../src/core/adoption/arrivals.ts';
import { type SignedRow, signRow } from '../../../src/core/adoption/row.ts';
import { generateSigningKey, type SigningKey } from '../../../src/core/crypto.ts';
import type { GossipEffect, GossipEvent } from '../../../src/core/gossip/events.ts';
import type { Frame, Hello } from '../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../src/core/gossip/machine.ts';
import { type NodeId, parseBundleName, parseNodeId, parseSha256 } from '../../../src/core/ids.ts';
import { type SignedMember, signMember } from '../../../src/core/membership/record.ts';
import { testHello } from '../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';

const SELF = 'iad-1';
const OTHERS = ['fra-1', 'sin-1'];
/** Ticks between two comparisons at rest. */
const AT_REST = 15;

describe('the rows of nodes about their clients', () => {
  let realm: TestRealm;
  let machine: GossipMachine;
  let keys: Map<string, SigningKey>;

  beforeEach(() => {
    realm = createTestRealm();
    keys = new Map();
    const self = helloOf(SELF);
    machine = new GossipMachine({
      self,
      hasSeeds: true,
      membership: {
        self: memberOf(self),
        sign: (message) => keyOf(SELF).sign(message),
        nowMs: 0,
      },
      state: realm.trustedState(),
      random: () => 0.5,
    });
    for (const name of OTHERS) greet(name);
  });

  it('are told to all when they are this node’s own, and kept', () => {
    const effects = handle({ kind: 'report', row: rowOf(SELF, 1) });
    expect(targetsOf(effects, 'adoption-rows')).toEqual(OTHERS);
    expect(machine.adoption.row(parseNodeId(SELF))?.version).toBe(1);
  });

  it('are passed on once, and not to the one who brought them', () => {
    const frame: Frame = { kind: 'adoption-rows', rows: [rowOf('fra-1', 1)], cause: 'news' };
    expect(targetsOf(say('fra-1', frame), 'adoption-rows')).toEqual(['sin-1']);
    expect(say('sin-1', frame)).toEqual([]);
  });

  it('are not passed on when they were asked for', () => {
    const frame: Frame = { kind: 'adoption-rows', rows: [rowOf('fra-1', 1)], cause: 'asked' };
    expect(targetsOf(say('fra-1', frame), 'adoption-rows')).toEqual([]);
    expect(machine.adoption.row(parseNodeId('fra-1'))?.version).toBe(1);
  });

  it('are taken and passed on at a pace, and the last one comes by comparison', () => {
    const sent = Array.from({ length: 50 }, (_, n) => {
      const frame: Frame = { kind: 'adoption-rows', rows: [rowOf('fra-1', n + 1)], cause: 'news' };
      return targetsOf(say('fra-1', frame), 'adoption-rows');
    });
    expect(sent.flat()).toEqual(['sin-1', 'sin-1', 'sin-1']);
    expect(machine.adoption.row(parseNodeId('fra-1'))?.version).toBe(3);
    expect(framesOf(tick(), 'adoption-digest')).toHaveLength(1);
    say('fra-1', { kind: 'adoption-rows', rows: [rowOf('fra-1', 50)], cause: 'asked' });
    expect(machine.adoption.row(parseNodeId('fra-1'))?.version).toBe(50);
  });

  it('are replaced by later ones only', () => {
    say('fra-1', { kind: 'adoption-rows', rows: [rowOf('fra-1', 2)], cause: 'news' });
    say('sin-1', { kind: 'adoption-rows', rows: [rowOf('fra-1', 1)], cause: 'news' });
    expect(machine.adoption.row(parseNodeId('fra-1'))?.version).toBe(2);
  });

  it('I08: are refused when they are forged, whoever brings them', () => {
    const forged = rowOf('fra-1', 3, 'sin-1');
    const effects = say('sin-1', { kind: 'adoption-rows', rows: [forged], cause: 'news' });
    expect(effects).toMatchObject([
      { kind: 'notice', notice: { kind: 'refused', from: 'sin-1', error: { code: 'KEY' } } },
    ]);
    expect(machine.adoption.row(parseNodeId('fra-1'))).toBeUndefined();
  });

  it('I08: are not taken of a node that nobody knows', () => {
    const frame: Frame = { kind: 'adoption-rows', rows: [rowOf('gru-1', 1)], cause: 'news' };
    expect(say('fra-1', frame)).toEqual([]);
    expect(machine.adoption.row(parseNodeId('gru-1'))).toBeUndefined();
    // It may become known: the next tick compares.
    expect(framesOf(tick(), 'adoption-digest')).toHaveLength(1);
  });

  it('are taken out of a frame although another one in it is bad', () => {
    const rows = [rowOf('sin-1', 3, 'fra-1'), rowOf('fra-1', 1)];
    say('fra-1', { kind: 'adoption-rows', rows, cause: 'news' });
    expect(machine.adoption.row(parseNodeId('fra-1'))?.version).toBe(1);
    expect(machine.adoption.row(parseNodeId('sin-1'))).toBeUndefined();
  });

  it('cost a digest to one peer now and then at rest, and nothing while there are none', () => {
    const digests = (): number =>
      Array.from({ length: AT_REST }, () => framesOf(tick(), 'adoption-digest')).flat().length;
    expect(digests()).toBe(0);
    handle({ kind: 'report', row: rowOf(SELF, 1) });
    digests();
    expect(digests()).toBe(1);
  });

  it('are compared in detail when a digest differs, with one peer at a time', () => {
    handle({ kind: 'report', row: rowOf(SELF, 1) });
    const root = '0123456789abcdef';
    expect(targetsOf(say('fra-1', { kind: 'adoption-digest', root }), 'adoption-vector')).toEqual([
      'fra-1',
    ]);
    expect(say('sin-1', { kind: 'adoption-digest', root })).toEqual([]);
    expect(framesOf(tick(), 'adoption-digest')).toHaveLength(1);
  });

  it('are sent to a peer that shows that it lacks them, and asked of one that has more', () => {
    handle({ kind: 'report', row: rowOf(SELF, 1) });
    const versions = [{ nodeId: parseNodeId('fra-1'), bootId: bootOf(), version: 4 }];
    const effects = say('fra-1', { kind: 'adoption-vector', versions, turn: 'answer' });
    expect(framesOf(effects, 'adoption-rows')).toMatchObject([
      { cause: 'asked', rows: [{ nodeId: SELF, version: 1 }] },
    ]);
    expect(framesOf(effects, 'adoption-vector')).toMatchObject([
      { turn: 'last', versions: [{ nodeId: SELF, version: 1 }] },
    ]);
  });

  it('are sent later to a peer that lacks more than its share, which is no fault of it', () => {
    const names = Array.from({ length: 60 }, (_, n) => `big-${n}`);
    for (let from = 0; from < names.length; from += 20) {
      const members = names.slice(from, from + 20).map(signedMember);
      say('fra-1', { kind: 'members', updates: { members, observations: [] } });
    }
    for (const name of names) {
      const rows = [rowOf(name, 1, name, 280)];
      say('fra-1', { kind: 'adoption-rows', rows, cause: 'asked' });
    }
    const ask = (): number => {
      const effects = say('sin-1', { kind: 'adoption-vector', versions: [], turn: 'last' });
      expect(effects.filter(({ kind }) => kind !== 'send')).toEqual([]);
      return framesOf(effects, 'adoption-rows').flatMap((frame) =>
        frame.kind === 'adoption-rows' ? frame.rows : [],
      ).length;
    };
    expect([ask(), ask(), ask(), ask()]).toEqual([60, 60, expect.any(Number), 0]);
    tick();
    expect(ask()).toBe(60);
  });

  it('are not for a peer of an earlier version, which would take them for garbage', () => {
    handle({ kind: 'link-up', linkId: 'old-1', nodeId: parseNodeId('old-1') });
    const before = handle({ kind: 'report', row: rowOf(SELF, 1) });
    const hello = testHello('old-1', realm);
    const greeted = say('old-1', { kind: 'hello', hello });
    expect(targetsOf(greeted, 'adoption-digest')).toEqual([]);
    expect(targetsOf(before, 'adoption-rows')).toEqual(OTHERS);
    const after = handle({ kind: 'report', row: rowOf(SELF, 2) });
    expect(targetsOf(after, 'adoption-rows')).toEqual(OTHERS);
  });

  it('go only to peers that take counts by waves where they have some', () => {
    greet('gru-1', { waveCounts: true });
    const news = handle({ kind: 'report', row: rowOf(SELF, 1, SELF, 'waves') });
    expect(targetsOf(news, 'adoption-rows')).toEqual(['gru-1']);
    const empty: Frame = { kind: 'adoption-vector', versions: [], turn: 'last' };
    expect(targetsOf(say('fra-1', empty), 'adoption-rows')).toEqual([]);
    expect(targetsOf(say('gru-1', empty), 'adoption-rows')).toEqual(['gru-1']);
    const plain = handle({ kind: 'report', row: rowOf(SELF, 2) });
    expect(targetsOf(plain, 'adoption-rows')).toEqual([...OTHERS, 'gru-1']);
  });

  it('are shown as a digest to a peer that links', () => {
    handle({ kind: 'report', row: rowOf(SELF, 1) });
    expect(targetsOf(greet('gru-1'), 'adoption-digest')).toEqual(['gru-1']);
  });

  it('bring notices of arrivals to the node that they are for', () => {
    const effects = say('fra-1', arrivalsOf('fra-1', SELF));
    expect(effects).toEqual([{ kind: 'arrived', clients: [{ key: 'ab'.repeat(16), streams: 2 }] }]);
    expect(targetsOf(say('fra-1', arrivalsOf('fra-1', 'sin-1')), 'arrivals')).toEqual(['sin-1']);
  });

  it('I08: bring no notice that is forged, and none round in circles', () => {
    const forged = say('sin-1', arrivalsOf('fra-1', SELF, 'sin-1'));
    expect(forged).toMatchObject([{ notice: { error: { code: 'KEY' } } }]);
    const spent = { ...arrivalsOf('fra-1', 'sin-1'), hops: 0 };
    expect(say('fra-1', spent)).toEqual([]);
  });

  function helloOf(name: string, more: Partial<Hello> = {}): Hello {
    return testHello(name, realm, { adoption: true, ...more });
  }

  function bootOf(): string {
    return helloOf(SELF).bootId;
  }

  function keyOf(name: string): SigningKey {
    const known = keys.get(name) ?? generateSigningKey('ed25519');
    keys.set(name, known);
    return known;
  }

  function memberOf(hello: Hello): Parameters<typeof signMember>[0] {
    const { nodeId, region, realm: of, address, bootId, protocolVersion } = hello;
    const publicKey = keyOf(hello.nodeId).publicKey.spki;
    const self = { nodeId, region, realm: of, address, bootId, protocolVersion, publicKey };
    return { ...self, incarnation: 1, status: 'alive' };
  }

  function signedMember(name: string): SignedMember {
    return signMember(memberOf(helloOf(name)), (message) => keyOf(name).sign(message));
  }

  function rowOf(
    name: string,
    version: number,
    signer: string = name,
    wide: number | 'waves' = 0,
  ): SignedRow {
    const row = {
      nodeId: parseNodeId(name),
      realm: realm.name,
      bootId: bootOf(),
      version,
      sinceMs: TEST_EPOCH_MS,
      issuedAtMs: TEST_EPOCH_MS,
      bundles: wide === 0 ? [] : [wide === 'waves' ? wavedBundle() : wideBundle(wide)],
      knowledge: 'whole' as const,
    };
    return signRow(row, (message) => keyOf(signer).sign(message));
  }

  function arrivalsOf(name: string, to: string, signer: string = name): Frame & { hops: number } {
    const clients = [{ key: 'ab'.repeat(16), streams: 2 }];
    const [nodeId, target]: NodeId[] = [parseNodeId(name), parseNodeId(to)];
    if (nodeId === undefined || target === undefined) throw new Error('no nodes');
    const notice = { nodeId, to: target, realm: realm.name, bootId: bootOf(), clients };
    const arrivals = signArrivals(notice, (message) => keyOf(signer).sign(message));
    return { kind: 'arrivals', arrivals, hops: 3 };
  }

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, TEST_EPOCH_MS);
  }

  function greet(name: string, more: Partial<Hello> = {}): readonly GossipEffect[] {
    handle({ kind: 'link-up', linkId: name, nodeId: parseNodeId(name) });
    const effects = say(name, { kind: 'hello', hello: helloOf(name, more) });
    const updates = { members: [signedMember(name)], observations: [] };
    say(name, { kind: 'members', updates });
    return effects;
  }

  function say(linkId: string, frame: Frame): readonly GossipEffect[] {
    return handle({ kind: 'frame', linkId, frame, recall: {} });
  }

  function tick(): readonly GossipEffect[] {
    return handle({ kind: 'timer', timer: { name: 'repair' } });
  }
});

/** Something to tell of a rollout. */
function wavedBundle(): Parameters<typeof signRow>[0]['bundles'][number] {
  const counts = { clients: 1, delivered: 1, loaded: 1, refused: 0 };
  const rollout = parseSha256('ab'.repeat(32));
  return { ...wideBundle(1), rollout: { rollout, open: 1, standing: 'going', waves: [counts] } };
}

/** Something to tell of many groups. */
function wideBundle(groups: number): Parameters<typeof signRow>[0]['bundles'][number] {
  return {
    bundle: parseBundleName('b.test.example.org'),
    counts: { connected: groups, departed: 0, silent: 0, untracked: 0 },
    groups: Array.from({ length: groups }, (_, sequence) => ({
      stage: 'loaded',
      sequence,
      digest: '0123456789abcdef',
      labels: new Map([['service', 'x'.repeat(100)]]),
      presence: 'connected',
      count: 1,
    })),
    anchors: [],
    knowledge: 'whole',
  };
}

function framesOf(effects: readonly GossipEffect[], kind: Frame['kind']): readonly Frame[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.frame.kind === kind ? [effect.frame] : [],
  );
}

function targetsOf(effects: readonly GossipEffect[], kind: Frame['kind']): readonly string[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.frame.kind === kind ? [effect.linkId] : [],
  );
}
