import { beforeEach, describe, expect, it } from 'vitest';
import { parseNodeId } from '../../../src/core/ids.ts';
import type { MembershipEffect } from '../../../src/core/membership/events.ts';
import {
  type MembershipFrame,
  NO_UPDATES,
  type Observation,
} from '../../../src/core/membership/frames.ts';
import type { MembershipMachine } from '../../../src/core/membership/machine.ts';
import { framesTo, machineOf, peerOf, signedOf } from './people.ts';

const OTHERS = [2, 3, 4, 5, 6, 7, 8, 9];

describe('news about members', () => {
  let machine: MembershipMachine;

  beforeEach(() => {
    machine = machineOf(1);
    machine.handle({ kind: 'start' }, 0);
  });

  it('goes over each link once, and ends when all know it', () => {
    meet([2, 3, 4]);
    spreadAll();
    hear(2, suspicion(4, [2]));
    const told = spreadAll();
    expect(toldTo(told, 2)).toEqual([]);
    expect(toldTo(told, 3)).toHaveLength(1);
    expect(toldTo(told, 4)).toHaveLength(1);
  });

  it('is not told to whoever said it, on pings and answers too', () => {
    meet([2, 3]);
    spreadAll();
    const updates = { members: [], observations: [suspicion(3, [2])] };
    const answer = frame(2, { kind: 'ping', sequence: 7, updates });
    expect(framesTo('2', answer)).toEqual([{ kind: 'ack', sequence: 7, updates: NO_UPDATES }]);
    const other = frame(3, { kind: 'ping', sequence: 8, updates: NO_UPDATES });
    expect(framesTo('3', other)).toMatchObject([
      { kind: 'ack', updates: { observations: [{ nodeId: 'n3' }] } },
    ]);
  });

  it('is told less often by a node that hears it from others', () => {
    meet(OTHERS);
    spreadAll();
    hear(2, suspicion(9, [2]));
    const alone = spreadAll().length;
    machine = machineOf(1);
    meet(OTHERS);
    spreadAll();
    for (const other of [2, 3, 4]) hear(other, suspicion(9, [2]));
    expect(spreadAll().length).toBe(alone - 2);
  });

  it('starts over when a suspect failed, and goes on a little for one more accuser', () => {
    meet(OTHERS);
    spreadAll();
    hear(2, suspicion(9, [2]));
    expect(spreadAll()).toHaveLength(3);
    hear(3, suspicion(9, [3]));
    expect(spreadAll()).toHaveLength(2);
    hear(4, suspicion(9, [2, 3]));
    expect(spreadAll()).toEqual([]);
    for (let nowMs = 1000; machine.member(parseNodeId('n9'))?.state !== 'failed'; nowMs += 1000) {
      spreadAll();
      machine.handle({ kind: 'timer', timer: { name: 'member-probe' } }, nowMs);
    }
    const failures = spreadAll().filter(
      ({ nodeId, state }) => nodeId === 'n9' && state === 'failed',
    );
    // The fourth went with the ping of the same turn.
    expect(failures).toHaveLength(3);
  });

  it('is kept while there is no link to tell it over', () => {
    meet([2, 3]);
    hear(2, suspicion(3, [2]));
    machine.handle({ kind: 'link-down', linkId: '2' }, 0);
    machine.handle({ kind: 'link-down', linkId: '3' }, 0);
    spreadAll();
    const effects = machine.handle({ kind: 'link-up', linkId: '4', peer: peerOf(4) }, 0);
    expect(effects).toContainEqual(
      expect.objectContaining({ kind: 'arm', timer: { name: 'member-spread' } }),
    );
    expect(toldTo(spreadAll(), 4)).toMatchObject([{ nodeId: 'n3' }]);
  });

  it('does not come from an answer that a helper got late: that is passed on', () => {
    meet([2, 3]);
    const asked = frame(2, { kind: 'ping-req', sequence: 77, target: parseNodeId('n3') });
    const ping = framesTo('3', asked).find(({ kind }) => kind === 'ping');
    const sequence = ping?.kind === 'ping' ? ping.sequence : 0;
    const help = { kind: 'timer', timer: { name: 'member-help' } } as const;
    const refused = machine.handle(help, 200);
    expect(framesTo('2', refused)).toEqual([{ kind: 'nack', sequence: 77, reason: 'no-answer' }]);
    const late = frame(3, { kind: 'ack', sequence, updates: NO_UPDATES });
    expect(framesTo('2', late)).toMatchObject([{ kind: 'ack', sequence: 77 }]);
    const again = frame(2, { kind: 'ping-req', sequence: 78, target: parseNodeId('n3') });
    expect(framesTo('3', again)).toHaveLength(1);
    machine.handle(help, 400);
    machine.handle(help, 1400);
    const tooLate = frame(3, { kind: 'ack', sequence: sequence + 1, updates: NO_UPDATES });
    expect(framesTo('2', tooLate)).toEqual([]);
  });

  function frame(from: number, sent: MembershipFrame): readonly MembershipEffect[] {
    return machine.handle({ kind: 'frame', linkId: String(from), frame: sent }, 0);
  }

  function hear(from: number, observation: Observation): void {
    frame(from, { kind: 'members', updates: { members: [], observations: [observation] } });
  }

  function meet(numbers: readonly number[]): void {
    for (const number of numbers) {
      const linkId = String(number);
      machine.handle({ kind: 'link-up', linkId, peer: peerOf(number) }, 0);
      const updates = { members: [signedOf(number)], observations: [] };
      frame(number, { kind: 'members', updates });
    }
  }

  /** Lets all news go out; returns the observations among it. */
  function spreadAll(): readonly (Observation & { readonly to: string })[] {
    return Array.from({ length: 20 }, () =>
      machine.handle({ kind: 'timer', timer: { name: 'member-spread' } }, 0),
    )
      .flat()
      .flatMap((effect) =>
        effect.kind === 'send' && effect.frame.kind === 'members'
          ? effect.frame.updates.observations.map((one) => ({ ...one, to: effect.linkId }))
          : [],
      );
  }
});

function suspicion(about: number, by: readonly number[]): Observation {
  return {
    nodeId: parseNodeId(`n${about}`),
    incarnation: 1,
    state: 'suspect',
    by: by.map((one) => parseNodeId(`n${one}`)),
  };
}

function toldTo(
  told: readonly (Observation & { readonly to: string })[],
  number: number,
): readonly Observation[] {
  return told.filter(({ to }) => to === String(number));
}
