import { beforeEach, describe, expect, it } from 'vitest';
import { parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import { MEMBERS_PER_FRAME_MAX } from '../../../src/core/limits.ts';
import type {
  MembershipEffect,
  MembershipEvent,
  MembershipTimer,
} from '../../../src/core/membership/events.ts';
import {
  type MembershipFrame,
  NO_UPDATES,
  type Observation,
} from '../../../src/core/membership/frames.ts';
import type { MembershipMachine } from '../../../src/core/membership/machine.ts';
import { peekMember, type SignedMember } from '../../../src/core/membership/record.ts';
import { framesTo, machineOf, peerOf, signedOf } from './people.ts';

const PROBE: MembershipTimer = { name: 'member-probe' };
const HELP: MembershipTimer = { name: 'member-help' };
const REJOIN: MembershipTimer = { name: 'member-rejoin' };

describe('MembershipMachine', () => {
  let machine: MembershipMachine;
  let nowMs: number;

  beforeEach(() => {
    machine = machineOf(1);
    nowMs = 0;
    handle({ kind: 'start' });
  });

  it('shows its own record on a link, and the smaller id compares', () => {
    const frames = framesTo('2', handle({ kind: 'link-up', linkId: '2', peer: peerOf(2) }));
    expect(frames.map(({ kind }) => kind)).toEqual(['members', 'member-digest']);
    const other = machineOf(3).handle({ kind: 'link-up', linkId: '2', peer: peerOf(2) }, 0);
    expect(framesTo('2', other).map(({ kind }) => kind)).toEqual(['members']);
  });

  it('idles with one ping and two arms per interval, and nothing in them', () => {
    meet(2);
    spread();
    const ping = tick()[0];
    expect(ping).toMatchObject({ kind: 'send', frame: { kind: 'ping', updates: NO_UPDATES } });
    const acked = frame('2', { kind: 'ack', sequence: sequenceOf(ping), updates: NO_UPDATES });
    expect(acked).toEqual([{ kind: 'arm', timer: PROBE, delayMs: 1000 }]);
  });

  it('numbers its pings so that nobody who did not read one can answer it', () => {
    const numberOf = (random: number): number => {
      machine = machineOf(1, { random: () => random });
      handle({ kind: 'start' });
      meet(2);
      nowMs += 1000;
      const sent = handle({ kind: 'timer', timer: PROBE });
      return sequenceOf(sent.find((one) => one.kind === 'send' && one.frame.kind === 'ping'));
    };
    const steps = 2 ** 40;
    const [one, other] = [numberOf(0.25), numberOf(0.25 + 1 / steps)];
    expect(other).not.toBe(one);
    expect(numberOf(1 - 1 / steps)).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
    frame('2', { kind: 'ack', sequence: one, updates: NO_UPDATES });
    expect(machine.link('2')?.rttMs).toBeUndefined();
  });

  it('answers a ping', () => {
    meet(2);
    spread();
    expect(frame('2', { kind: 'ping', sequence: 7, updates: NO_UPDATES })).toEqual([
      { kind: 'send', linkId: '2', frame: { kind: 'ack', sequence: 7, updates: NO_UPDATES } },
    ]);
  });

  it('asks helpers before it suspects, and warns the suspect', () => {
    meet(2);
    meet(3);
    const target = (tick()[0] as { linkId: string }).linkId;
    const helper = target === '2' ? '3' : '2';
    const asked = timer(200);
    expect(framesTo(helper, asked)).toMatchObject([{ kind: 'ping-req', target: `n${target}` }]);
    expect(state(target)).toBe('alive');
    const sequence = (framesTo(helper, asked)[0] as { sequence: number }).sequence;
    frame(helper, { kind: 'nack', sequence, reason: 'no-answer' });
    const judged = timer(1000);
    expect(state(target)).toBe('suspect');
    const warned = framesTo(target, judged).find(({ kind }) => kind === 'members');
    expect(warned).toMatchObject({ updates: { observations: [{ nodeId: `n${target}` }] } });
    expect(machine.healthFactor).toBe(1);
  });

  it('doubts itself when not even helpers answer', () => {
    meet(2);
    meet(3);
    tick();
    timer(200);
    timer(1000);
    expect(machine.healthFactor).toBe(2);
  });

  it('measures a link that answers late, and waits for it from then on', () => {
    meet(2);
    meet(3);
    const ping = tick()[0];
    const { linkId } = ping as { linkId: string };
    expect(timer(200)).toContainEqual(expect.objectContaining({ kind: 'send' }));
    nowMs += 126;
    frame(linkId, { kind: 'ack', sequence: sequenceOf(ping), updates: NO_UPDATES });
    expect(machine.link(linkId)?.rttMs).toBe(326);
  });

  it('takes no answer from a link that was not asked', () => {
    meet(2);
    meet(3);
    const ping = tick()[0];
    const stranger = (ping as { linkId: string }).linkId === '2' ? '3' : '2';
    const sequence = sequenceOf(ping);
    expect(frame(stranger, { kind: 'ack', sequence, updates: NO_UPDATES })).toEqual([]);
  });

  it('suspects nobody to whom neither it nor a helper ever had a link', () => {
    meet(2);
    members('2', [signedOf(4)]);
    const sent: MembershipFrame[] = [];
    for (let i = 0; i < 12; i += 1) {
      const effects = timer(1000);
      sent.push(...framesTo('2', effects));
      for (const one of framesTo('2', effects)) {
        if (one.kind === 'ping') {
          frame('2', { kind: 'ack', sequence: one.sequence, updates: NO_UPDATES });
        } else if (one.kind === 'ping-req') {
          frame('2', { kind: 'nack', sequence: one.sequence, reason: 'no-link' });
        }
      }
    }
    expect(sent.some((one) => one.kind === 'ping-req' && one.target === 'n4')).toBe(true);
    expect(state('4')).toBe('alive');
    handle({ kind: 'dial-failed', nodeId: parseNodeId('n4') });
    for (let i = 0; i < 4; i += 1) timer(2000);
    expect(state('4')).toBe('suspect');
  });

  it('makes nothing of a lost link that nobody needs', () => {
    meet(2);
    handle({ kind: 'link-up', linkId: '5', peer: peerOf(5, 'fra') });
    members('5', [signedOf(5, { region: parseRegionName('fra') })]);
    handle({ kind: 'relays', nodeIds: [], wanted: new Set() });
    handle({ kind: 'link-down', linkId: '5' });
    const asksFor5 = (): boolean => {
      const sent = framesTo('2', timer(1000));
      for (const one of sent) {
        if (one.kind !== 'ping') continue;
        frame('2', { kind: 'ack', sequence: one.sequence, updates: NO_UPDATES });
      }
      return sent.some((one) => one.kind === 'ping-req' && one.target === 'n5');
    };
    expect(Array.from({ length: 12 }, asksFor5)).not.toContain(true);
    expect(state('5')).toBe('alive');
    const ask: MembershipFrame = { kind: 'ping-req', sequence: 9, target: parseNodeId('n5') };
    expect(framesTo('2', frame('2', ask))).toMatchObject([{ kind: 'nack', reason: 'no-link' }]);
    handle({ kind: 'relays', nodeIds: [], wanted: new Set([parseNodeId('n5')]) });
    expect(Array.from({ length: 12 }, asksFor5)).toContain(true);
  });

  it('tries for others, and says no when the target does not answer', () => {
    meet(2);
    meet(3);
    const tried = frame('2', { kind: 'ping-req', sequence: 77, target: parseNodeId('n3') });
    const [ping] = framesTo('3', tried);
    expect(ping?.kind).toBe('ping');
    const passed = frame('3', {
      kind: 'ack',
      sequence: (ping as { sequence: number }).sequence,
      updates: NO_UPDATES,
    });
    expect(framesTo('2', passed)).toMatchObject([{ kind: 'ack', sequence: 77 }]);
    frame('2', { kind: 'ping-req', sequence: 78, target: parseNodeId('n3') });
    nowMs += 200;
    const refused = handle({ kind: 'timer', timer: HELP });
    expect(framesTo('2', refused)).toEqual([{ kind: 'nack', sequence: 78, reason: 'no-answer' }]);
    const unknown = frame('2', { kind: 'ping-req', sequence: 79, target: parseNodeId('n9') });
    expect(framesTo('2', unknown)).toEqual([{ kind: 'nack', sequence: 79, reason: 'no-link' }]);
  });

  it('refutes what is said against its incarnation, and nothing else', () => {
    meet(2);
    const own = { nodeId: parseNodeId('n1'), state: 'suspect', by: [parseNodeId('n2')] } as const;
    expect(observe('2', { ...own, incarnation: 9 })).toEqual([]);
    const effects = observe('2', { ...own, incarnation: 1 });
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'self' }));
    expect(machine.self.record.incarnation).toBe(2);
  });

  it('refutes no faster than once a second when somebody insists', () => {
    meet(2);
    for (let i = 0; i < 50; i += 1) {
      const { incarnation } = machine.self.record;
      const by = [parseNodeId('n2')];
      observe('2', { nodeId: parseNodeId('n1'), incarnation, state: 'failed', by });
    }
    expect(machine.self.record.incarnation).toBe(6);
  });

  it('goes beyond the incarnation of an earlier life', () => {
    meet(2);
    members('2', [signedOf(1, { incarnation: 41, bootId: 'f'.repeat(32) })]);
    expect(machine.self.record.incarnation).toBe(42);
  });

  it('reports a second process with its id and key', () => {
    meet(2);
    const bootId = 'f'.repeat(32);
    expect(members('2', [signedOf(1, { incarnation: 41, bootId })])).not.toContainEqual(
      expect.objectContaining({ kind: 'notice' }),
    );
    expect(members('2', [signedOf(1, { incarnation: 43, bootId })])).toContainEqual({
      kind: 'notice',
      notice: { kind: 'duplicate', bootId },
    });
  });

  it('reminds a peer that restarted without its memory', () => {
    meet(2);
    members('2', [signedOf(2, { incarnation: 8 })]);
    const known = framesTo('2', members('2', [signedOf(2)])).find(({ kind }) => kind === 'members');
    const [signed] = known?.kind === 'members' ? known.updates.members : [];
    expect(signed === undefined ? 0 : peekMember(signed).incarnation).toBe(8);
  });

  it('gives up a suspect when its time is over, and takes it back when it refutes', () => {
    meet(2);
    const [about, by] = [parseNodeId('n2'), [parseNodeId('n3')]];
    observe('2', { nodeId: about, incarnation: 1, state: 'suspect', by });
    expect(state('2')).toBe('suspect');
    for (let i = 0; i < 8; i += 1) timer(1000);
    expect(state('2')).toBe('failed');
    expect(machine.root.count).toBe(1);
    members('2', [signedOf(2, { incarnation: 2 })]);
    expect(state('2')).toBe('alive');
  });

  it('dials failed members again for as long as it remembers them', () => {
    meet(2);
    handle({ kind: 'link-down', linkId: '2' });
    const dials: MembershipEffect[] = [];
    for (let i = 0; i < 120; i += 1) {
      timer(1000);
      const due = handle({ kind: 'timer', timer: REJOIN });
      dials.push(...due.filter(({ kind }) => kind === 'dial'));
    }
    expect(dials.length).toBeGreaterThan(2);
    expect(dials[0]).toMatchObject({ nodeId: 'n2', address: 'n2.example.org:7441' });
    nowMs += 25 * 3_600_000;
    const effects = Array.from({ length: 61 }, () => timer(1000)).flat();
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'removed' }));
    expect(machine.member(parseNodeId('n2'))).toBeUndefined();
  });

  it('arms no timer for those who failed while nobody has', () => {
    meet(2);
    const isArmed = (effects: readonly MembershipEffect[]): boolean =>
      effects.some(({ kind, ...rest }) => 'timer' in rest && rest.timer.name === REJOIN.name);
    expect(isArmed(tick())).toBe(false);
    handle({ kind: 'link-down', linkId: '2' });
    const effects = Array.from({ length: 60 }, () => timer(1000)).flat();
    expect(state('2')).toBe('failed');
    expect(effects.filter((effect) => isArmed([effect]))).toHaveLength(1);
    expect(isArmed(handle({ kind: 'timer', timer: REJOIN }))).toBe(true);
  });

  it('gives a probe its time again when its own timer came late', () => {
    meet(2);
    tick();
    const effects = timer(6000);
    expect(effects).toEqual([{ kind: 'arm', timer: PROBE, delayMs: 200 }]);
    expect(state('2')).toBe('alive');
    expect(machine.healthFactor).toBe(2);
    handle({ kind: 'late', lateMs: 900 });
    expect(machine.healthFactor).toBe(3);
  });

  it('says farewell on every link and is silent then', () => {
    meet(2);
    meet(3);
    const effects = handle({ kind: 'leave' });
    for (const linkId of ['2', '3']) expect(framesTo(linkId, effects)).toHaveLength(1);
    expect(machine.self.record).toMatchObject({ status: 'left', incarnation: 2 });
    expect(timer(1000)).toEqual([]);
    expect(handle({ kind: 'leave' })).toEqual([]);
  });

  it('refuses lists that are too long and changes nothing', () => {
    meet(2);
    const many = Array.from({ length: MEMBERS_PER_FRAME_MAX + 1 }, () => signedOf(3));
    expect(members('2', many)).toMatchObject([{ notice: { error: { code: 'LIMIT' } } }]);
    expect(frame('2', { kind: 'member-buckets', sums: [1] })).toMatchObject([
      { notice: { kind: 'refused', from: 'n2', error: { code: 'PARSE' } } },
    ]);
    expect(machine.root.count).toBe(2);
  });

  it('takes the good records beside a bad one', () => {
    meet(2);
    const forged = { payload: signedOf(3).payload, signature: signedOf(4).signature };
    const effects = members('2', [forged, signedOf(5)]);
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'notice' }));
    expect(state('3')).toBeUndefined();
    expect(state('5')).toBe('alive');
  });

  it('passes on what members run, also what it hears later, and remembers it', () => {
    const software = { version: '1.2.3', documents: 1 };
    machine = machineOf(1, { software });
    const shown = framesTo('2', handle({ kind: 'link-up', linkId: '2', peer: peerOf(2) }));
    expect(shown[0]).toMatchObject({ updates: { members: [{ software }] } });
    members('2', [signedOf(2), signedOf(3)]);
    spread();
    const other = { version: '3.2.1', documents: 0 };
    members('2', [{ ...signedOf(3), software: other }]);
    const link = { kind: 'link-up', linkId: '4', peer: peerOf(4) } as const;
    handle(link);
    const spreads = { kind: 'timer', timer: { name: 'member-spread' } } as const;
    const told = framesTo('4', [...handle(spreads), ...handle(spreads)]);
    expect(JSON.stringify(told)).toContain('3.2.1');
    const again = machineOf(1, { remembered: machine.snapshot() });
    expect(again.member(parseNodeId('n3'))?.signed.software).toEqual(other);
  });

  it('remembers members and its incarnation across a restart', () => {
    meet(2);
    members('2', [signedOf(3)]);
    const again = machineOf(1, { remembered: machine.snapshot() });
    expect(again.self.record.incarnation).toBe(2);
    expect(again.root.count).toBe(3);
    expect([...again.members()].map(({ record }) => record.nodeId)).toEqual(['n1', 'n2', 'n3']);
  });

  it('mends two tables in one comparison', () => {
    meet(2);
    members('2', [signedOf(3), signedOf(4)]);
    const other = machineOf(2);
    other.handle({ kind: 'link-up', linkId: '1', peer: peerOf(1) }, 0);
    let frames = framesTo('2', handle({ kind: 'link-up', linkId: '2', peer: peerOf(2) }));
    let side: 'here' | 'there' = 'there';
    for (let i = 0; i < 8 && frames.length > 0; i += 1) {
      const receive = (one: MembershipFrame): readonly MembershipFrame[] =>
        side === 'there'
          ? framesTo('1', other.handle({ kind: 'frame', linkId: '1', frame: one }, 0))
          : framesTo('2', frame('2', one));
      frames = frames.flatMap(receive);
      side = side === 'there' ? 'here' : 'there';
    }
    expect(other.root).toEqual(machine.root);
    expect(other.root.count).toBe(4);
  });

  function handle(event: MembershipEvent): readonly MembershipEffect[] {
    return machine.handle(event, nowMs);
  }

  function frame(linkId: string, sent: MembershipFrame): readonly MembershipEffect[] {
    return handle({ kind: 'frame', linkId, frame: sent });
  }

  function members(linkId: string, signed: readonly SignedMember[]): readonly MembershipEffect[] {
    return frame(linkId, { kind: 'members', updates: { members: signed, observations: [] } });
  }

  function observe(linkId: string, one: Observation): readonly MembershipEffect[] {
    return frame(linkId, { kind: 'members', updates: { members: [], observations: [one] } });
  }

  /** A link to a member that shows its record; the link is named by the number. */
  function meet(number: number): void {
    handle({ kind: 'link-up', linkId: String(number), peer: peerOf(number) });
    members(String(number), [signedOf(number)]);
  }

  /** Lets all news go out. */
  function spread(): void {
    for (let i = 0; i < 20; i += 1) handle({ kind: 'timer', timer: { name: 'member-spread' } });
  }

  /** The first round: the timer that start armed. */
  function tick(): readonly MembershipEffect[] {
    return timer(500).filter((one) => one.kind === 'send' && one.frame.kind === 'ping');
  }

  function timer(afterMs: number): readonly MembershipEffect[] {
    nowMs += afterMs;
    return handle({ kind: 'timer', timer: PROBE });
  }

  function state(number: string): string | undefined {
    return machine.member(parseNodeId(`n${number}`))?.state;
  }
});

function sequenceOf(effect: MembershipEffect | undefined): number {
  if (effect?.kind === 'send' && effect.frame.kind === 'ping') return effect.frame.sequence;
  throw new Error('not a ping');
}
