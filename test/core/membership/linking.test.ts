import { beforeEach, describe, expect, it } from 'vitest';
import { parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import type { MembershipMachine } from '../../../src/core/membership/machine.ts';
import { MemberTable } from '../../../src/core/membership/table.ts';
import { machineOf, peerOf, recordOf, signedOf } from './people.ts';
import { Simulation } from './simulation.ts';

const GHOST = parseNodeId('n9');

describe('a member that was only told of', () => {
  let machine: MembershipMachine;

  beforeEach(() => {
    machine = machineOf(1);
    machine.handle({ kind: 'link-up', linkId: '2', peer: peerOf(2) }, 0);
    tell('2', 2);
    tell('2', 9);
  });

  it('is doubtful once it cannot be reached, and stays so whatever is told of it', () => {
    expect(machine.isDoubtful(GHOST)).toBe(false);
    const effects = machine.handle({ kind: 'dial-failed', nodeId: GHOST }, 0);
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'changed', before: 'alive' }));
    expect(machine.isDoubtful(GHOST)).toBe(true);
    tell('2', 9, 7);
    expect(machine.member(GHOST)).toMatchObject({ state: 'alive', record: { incarnation: 7 } });
    expect(machine.isDoubtful(GHOST)).toBe(true);
  });

  it('counts from the moment when it has a link, and when that is lost after it spoke', () => {
    machine.handle({ kind: 'dial-failed', nodeId: GHOST }, 0);
    const effects = machine.handle({ kind: 'link-up', linkId: '9', peer: peerOf(9) }, 0);
    expect(effects).toContainEqual(expect.objectContaining({ kind: 'changed', before: 'alive' }));
    expect(machine.isDoubtful(GHOST)).toBe(false);
    tell('9', 9);
    machine.handle({ kind: 'link-down', linkId: '9' }, 0);
    machine.handle({ kind: 'dial-failed', nodeId: GHOST }, 0);
    expect(machine.isDoubtful(GHOST)).toBe(false);
  });

  it('is tried again while it is doubtful, and fails when nobody answers for it', () => {
    machine.handle({ kind: 'relays', nodeIds: [], wanted: new Set() }, 0);
    machine.handle({ kind: 'dial-failed', nodeId: GHOST }, 0);
    let dials = 0;
    for (let nowMs = 1000; nowMs <= 60_000; nowMs += 1000) {
      const tried = machine.handle({ kind: 'timer', timer: { name: 'member-rejoin' } }, nowMs);
      dials += tried.filter((one) => one.kind === 'dial' && one.nodeId === GHOST).length;
      machine.handle({ kind: 'timer', timer: { name: 'member-probe' } }, nowMs);
    }
    expect(dials).toBeGreaterThan(5);
    expect(machine.member(GHOST)?.state).toBe('failed');
  });

  function tell(linkId: string, number: number, incarnation: number = 1): void {
    const updates = { members: [signedOf(number, { incarnation })], observations: [] };
    machine.handle({ kind: 'frame', linkId, frame: { kind: 'members', updates } }, 0);
  }
});

describe('the table', () => {
  it('does not count doubtful members, and agrees with others about them', () => {
    const table = new MemberTable({ signed: signedOf(1), record: recordOf(1), state: 'alive' }, 0);
    for (const number of [2, 3]) {
      table.take(signedOf(number), { peer: peerOf(4), pay: () => undefined }, 0);
    }
    const { root } = table.digest;
    const ghost = table.get(parseNodeId('n3'));
    if (ghost === undefined) throw new Error('not there');
    expect(table.reached(ghost, undefined)).toBe('other-standing');
    expect(table.aliveCount).toBe(2);
    expect(table.aliveIn(ghost.region)).toBe(2);
    expect(table.hasLost).toBe(true);
    expect(table.digest.root).toBe(root);
    expect(table.digest.count).toBe(3);
    table.mark(ghost, 'failed', 0);
    expect(table.aliveCount).toBe(2);
    table.remove(ghost);
    expect(table.hasLost).toBe(false);
  });
});

describe('a node that invents members', () => {
  it('gets none of them into the place of a relay, or into what others count', () => {
    const simulation = new Simulation();
    for (let i = 0; i < 9; i += 1) {
      simulation.join(`n${String(i)}`, `r${String(i % 3)}`, i === 0 ? [] : ['n0']);
    }
    simulation.runUntil(60_000, () => simulation.agrees());
    simulation.run(10_000);
    const [liar] = simulation.up();
    if (liar === undefined) throw new Error('nobody is there');
    const honest = simulation.up().filter((one) => one !== liar);
    for (let round = 1; round <= 20; round += 1) {
      simulation.invent(liar, 30, round);
      simulation.run(5000);
    }
    for (const { machine, topology, region } of honest) {
      expect(machine.root.count).toBeGreaterThan(9);
      expect(topology.size).toBe(9);
      expect([...topology.links()].filter((one) => one.startsWith('ghost'))).toEqual([]);
      expect(topology.relaysOf(parseRegionName(region))).toHaveLength(3);
    }
  });
});
