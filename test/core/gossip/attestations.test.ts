import { beforeEach, describe, expect, it } from 'vitest';
import type { GossipEffect, GossipEvent } from '../../../src/core/gossip/events.ts';
import type { AttestationFrame, Frame } from '../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../src/core/gossip/machine.ts';
import {
  CHARTER_STREAM,
  parseNodeId,
  parseRegionName,
  type RegionName,
  type Sha256,
} from '../../../src/core/ids.ts';
import type { Checkpoint } from '../../../src/core/log/checkpoint.ts';
import { headTree } from '../../../src/core/log/heads.ts';
import {
  type Heartbeat,
  heartbeatMessage,
  sealHeartbeat,
} from '../../../src/core/log/heartbeat.ts';
import type { CosignedHead } from '../../../src/core/log/regions.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import {
  cosign,
  digestOf,
  FRA,
  IAD,
  recoveredAfter,
  regionKey,
  regionsOf,
  SIN,
} from '../log/fixtures.ts';

const OTHERS = ['fra-1', 'sin-1'];
const NOW_SECONDS = TEST_EPOCH_MS / 1000;

describe('what regions attest', () => {
  let realm: TestRealm;
  let machine: GossipMachine;
  let nowMs: number;

  beforeEach(() => {
    nowMs = TEST_EPOCH_MS;
    realm = createTestRealm({ regions: regionsOf(FRA, IAD, SIN) });
    start(realm.trustedState());
  });

  it('is kept and passed on to others than the one who said it', () => {
    const head = headOf(FRA, digestOf(1));
    expect(targetsOf(say('fra-1', { kind: 'cosigned', head }), 'cosigned')).toEqual(['sin-1']);
    expect(machine.attestations.cosigned(CHARTER_STREAM)).toEqual([head]);
  });

  it('is passed on once', () => {
    const frame: Frame = { kind: 'cosigned', head: headOf(FRA, digestOf(1)) };
    say('fra-1', frame);
    expect(say('sin-1', frame)).toEqual([]);
  });

  it('is refused when it does not verify', () => {
    const { checkpoint, line } = headOf(FRA, digestOf(1));
    const head = { checkpoint: { ...checkpoint, root: digestOf(2) }, line };
    const effects = say('fra-1', { kind: 'cosigned', head });
    expect(effects).toMatchObject([
      { kind: 'notice', notice: { kind: 'refused', error: { code: 'PROOF' } } },
    ]);
    expect(machine.attestations.cosigned(CHARTER_STREAM)).toEqual([]);
  });

  it('is ignored when it is about a stream that is not held', () => {
    const { checkpoint } = headOf(FRA, digestOf(1));
    const other = { ...checkpoint, stream: realm.nextRelease('a.example.org', (b) => b).stream };
    const head = { checkpoint: other, line: cosign(FRA, other, 1) };
    expect(say('fra-1', { kind: 'cosigned', head })).toEqual([]);
  });

  it('counts no more of a region that signed two roots, which is told to all', () => {
    say('fra-1', { kind: 'cosigned', head: headOf(SIN, digestOf(1)) });
    say('fra-1', { kind: 'cosigned', head: headOf(FRA, digestOf(1)) });
    const effects = say('sin-1', { kind: 'cosigned', head: headOf(FRA, digestOf(2)) });
    expect(targetsOf(effects, 'region-split')).toEqual(['fra-1']);
    expect(effects).toContainEqual(
      expect.objectContaining({ notice: expect.objectContaining({ kind: 'region-split' }) }),
    );
    expect([...machine.attestations.faulty]).toEqual([regionKey(FRA).publicKey.keyId]);
    expect(machine.attestations.cosigned(CHARTER_STREAM)).toEqual([headOf(SIN, digestOf(1))]);
    say('sin-1', { kind: 'heartbeat', heartbeat: heartbeatOf(FRA, 5) });
    expect(machine.attestations.heartbeats.size).toBe(0);
  });

  it('passes a proof against a region on once, and to those who come later', () => {
    const pair = { first: headOf(FRA, digestOf(1)), second: headOf(FRA, digestOf(2)) };
    const frame: Frame = { kind: 'region-split', split: pair };
    expect(targetsOf(say('fra-1', frame), 'region-split')).toEqual(['sin-1']);
    expect(say('sin-1', frame)).toEqual([]);
    expect(targetsOf(greet('gru-1'), 'region-split')).toEqual(['gru-1']);
  });

  it('takes no proof that is none', () => {
    const pair = { first: headOf(FRA, digestOf(1)), second: headOf(SIN, digestOf(2)) };
    const effects = say('fra-1', { kind: 'region-split', split: pair });
    expect(effects).toMatchObject([{ notice: { error: { code: 'KEY' } } }]);
    expect(machine.attestations.faulty.size).toBe(0);
  });

  it('asks for the cosignatures of regions that send heartbeats, and answers', () => {
    const ask: AttestationFrame = {
      kind: 'cosigned-ask',
      streams: [CHARTER_STREAM],
      regions: [FRA],
    };
    expect(framesOf(tick(), 'cosigned-ask')).toEqual([]);
    say('fra-1', { kind: 'heartbeat', heartbeat: heartbeatOf(FRA, NOW_SECONDS) });
    expect(framesOf(tick(), 'cosigned-ask')).toEqual([ask]);
    const head = headOf(FRA, digestOf(1));
    say('fra-1', { kind: 'cosigned', head });
    expect(framesOf(tick(), 'cosigned-ask')).toEqual([]);
    expect(framesOf(say('sin-1', ask), 'cosigned')).toEqual([{ kind: 'cosigned', head }]);
    expect(framesOf(say('sin-1', { ...ask, regions: [SIN] }), 'cosigned')).toEqual([]);
    const any = framesOf(say('sin-1', { ...ask, regions: [] }), 'cosigned');
    expect(any).toEqual([{ kind: 'cosigned', head }]);
  });

  it('asks after a recovery for lines of the log that it began', () => {
    const { stream } = realm.nextRelease('payments.test.example.org', (body) => body);
    start(recoveredAfter(realm.trustedState()));
    say('fra-1', { kind: 'heartbeat', heartbeat: heartbeatOf(FRA, NOW_SECONDS) });
    const tell = (log: Omit<Checkpoint, 'realm' | 'root'>): void => {
      const checkpoint = { realm: realm.name, root: digestOf(1), ...log };
      say('fra-1', { kind: 'cosigned', head: { checkpoint, line: cosign(FRA, checkpoint, 1) } });
    };
    tell({ stream: CHARTER_STREAM, size: 2, recoveredBy: 2 });
    tell({ stream, size: 2, decidedBy: 9 });
    expect(framesOf(tick(), 'cosigned-ask')).toMatchObject([{ streams: [stream] }]);
    tell({ stream, size: 1, recoveredBy: 2 });
    expect(framesOf(tick(), 'cosigned-ask')).toEqual([]);
  });

  it('asks in growing steps for what nobody has, and not for a region that fell silent', () => {
    say('fra-1', { kind: 'heartbeat', heartbeat: heartbeatOf(FRA, NOW_SECONDS) });
    const asks = (count: number): number =>
      Array.from({ length: count }, () => framesOf(tick(), 'cosigned-ask')).flat().length;
    expect(asks(64)).toBeLessThan(16);
    nowMs += 3_600_000;
    expect(asks(512)).toBe(0);
  });

  it('asks a peer that comes later, however often the others did not have it', () => {
    say('fra-1', { kind: 'heartbeat', heartbeat: heartbeatOf(FRA, NOW_SECONDS) });
    for (let ticks = 0; ticks < 64; ticks += 1) tick();
    greet('gru-1');
    const asked = [1, 2, 3].flatMap(() => targetsOf(tick(), 'cosigned-ask'));
    expect(asked).toContain('gru-1');
  });

  /** A node that holds this, with links to the others. */
  function start(state: TrustedState): void {
    const self = testHello('iad-1', realm);
    machine = new GossipMachine({
      self,
      hasSeeds: true,
      membership: testMembership(self),
      state,
      random: () => 0.5,
    });
    for (const name of OTHERS) greet(name);
  }

  function headOf(region: RegionName, root: Sha256): CosignedHead {
    const checkpoint = { realm: realm.name, stream: CHARTER_STREAM, size: 1, root };
    return { checkpoint, line: cosign(region, checkpoint, 1) };
  }

  function heartbeatOf(region: RegionName, timeSeconds: number): Heartbeat {
    const { size, root } = headTree([]);
    const fields = { realm: realm.name, region, timeSeconds, heads: { size, root } };
    const { publicKey, sign } = regionKey(region);
    return sealHeartbeat(fields, publicKey, sign(heartbeatMessage(fields)));
  }

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, nowMs);
  }

  function greet(name: string): readonly GossipEffect[] {
    handle({ kind: 'link-up', linkId: name, nodeId: parseNodeId(name) });
    const region = parseRegionName(name.slice(0, 3));
    return say(name, { kind: 'hello', hello: testHello(name, realm, { region }) });
  }

  function say(linkId: string, frame: Frame): readonly GossipEffect[] {
    return handle({ kind: 'frame', linkId, frame, recall: {} });
  }

  function tick(): readonly GossipEffect[] {
    return handle({ kind: 'timer', timer: { name: 'repair' } });
  }
});

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
