import { describe, expect, it } from 'vitest';
import { PIGGYBACK_MAX_BYTES } from '../../../src/core/limits.ts';
import { type Seen, type SimulatedNode, Simulation, type SimulationOptions } from './simulation.ts';

/** Nodes n0, n1, … spread evenly over regions r0, r1, …; all know n0. */
function cluster(nodes: number, regions: number, options: SimulationOptions = {}): Simulation {
  const simulation = new Simulation(options);
  for (let i = 0; i < nodes; i += 1) {
    simulation.join(`n${i}`, `r${i % regions}`, i === 0 ? [] : ['n0']);
  }
  simulation.runUntil(60_000, () => simulation.agrees());
  simulation.run(15_000);
  return simulation;
}

function node(simulation: Simulation, name: string): SimulatedNode {
  const found = [...simulation.nodes.values()].find(({ id }) => id === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return found;
}

/** What was seen about others than `about` that is not good news. */
function bad(seen: readonly Seen[], about: readonly string[] = []): readonly Seen[] {
  return seen.filter(({ state, about: one }) => state !== 'alive' && !about.includes(one));
}

function failedFor(simulation: Simulation, victim: SimulatedNode): boolean {
  return simulation.up().every((one) => simulation.state(one, victim) === 'failed');
}

describe('a cluster of members', () => {
  it.each([
    [3, 1],
    [3, 3],
    [15, 5],
    [60, 1],
    [200, 4],
  ])('of %i nodes in %i regions comes to one view and suspects nobody', (nodes, regions) => {
    const simulation = cluster(nodes, regions);
    expect(simulation.agrees()).toBe(true);
    simulation.run(60_000);
    expect(simulation.agrees()).toBe(true);
    expect(bad(simulation.seen)).toEqual([]);
    expect(simulation.notices).toEqual([]);
    expect(simulation.piggybackMax).toBeLessThanOrEqual(PIGGYBACK_MAX_BYTES);
  });

  it.each([
    [3, 1, 'silent', 15_000],
    [3, 3, 'reset', 15_000],
    [15, 5, 'silent', 20_000],
    [60, 1, 'reset', 20_000],
    [200, 4, 'silent', 25_000],
  ] as const)(
    'of %i nodes in %i regions finds a %s crash within a bound',
    (nodes, regions, how, boundMs) => {
      const simulation = cluster(nodes, regions);
      const victim = node(simulation, 'n1');
      simulation.crash(victim, how);
      const tookMs = simulation.runUntil(boundMs, () => failedFor(simulation, victim));
      expect(tookMs).toBeDefined();
      expect(simulation.agrees()).toBe(true);
      expect(bad(simulation.seen, ['n1'])).toEqual([]);
    },
  );

  it('finds a whole region that dies at once', () => {
    const simulation = cluster(20, 4);
    const lost = simulation.up().filter(({ region }) => region === 'r1');
    for (const one of lost) simulation.crash(one, 'reset');
    const done = (): boolean => lost.every((one) => failedFor(simulation, one));
    expect(simulation.runUntil(120_000, done)).toBeDefined();
    expect(
      bad(
        simulation.seen,
        lost.map(({ id }) => id),
      ),
    ).toEqual([]);
  });

  it('suspects few and fails nobody when one frame in twenty is lost', () => {
    const simulation = cluster(30, 3, { loss: 0.05 });
    simulation.run(300_000);
    expect(simulation.seen.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(simulation.agrees()).toBe(true);
  });
});

describe('a partition', () => {
  it.each([
    [3, 3, 'reset'],
    [15, 5, 'silent'],
    [60, 2, 'reset'],
    [100, 4, 'silent'],
  ] as const)(
    'of %i nodes in %i regions (%s) heals to one view within 60 s',
    (nodes, regions, how) => {
      const simulation = cluster(nodes, regions);
      const isLeft = (id: string): boolean => node(simulation, id).region === 'r0';
      simulation.partition((a, b) => isLeft(a) === isLeft(b), how);
      simulation.run(180_000);
      const [one] = simulation.up();
      const own = simulation.up().filter(({ id }) => isLeft(id) === isLeft(one?.id ?? ''));
      expect(one?.machine.root.count).toBe(own.length);
      const before = simulation.seen.length;
      simulation.heal();
      expect(simulation.runUntil(60_000, () => simulation.agrees())).toBeDefined();
      expect(simulation.seen.slice(before).filter(({ state }) => state === 'failed')).toEqual([]);
    },
  );

  it('of one direction between two nodes makes nobody fail', () => {
    const simulation = cluster(15, 3);
    simulation.partition((a, b) => !(a === 'n1' && b === 'n4'), 'silent');
    simulation.run(120_000);
    simulation.heal();
    expect(simulation.seen.filter(({ state }) => state === 'failed')).toEqual([]);
  });
});

describe('a troubled node', () => {
  it('that sleeps and wakes takes no healthy one with it', () => {
    const simulation = cluster(30, 2);
    const sleeper = node(simulation, 'n3');
    for (let i = 0; i < 8; i += 1) {
      simulation.pause(sleeper, 6000);
      simulation.run(15_000);
    }
    expect(bad(simulation.seen, ['n3']).filter(({ state }) => state === 'failed')).toEqual([]);
    expect(simulation.runUntil(60_000, () => simulation.agrees())).toBeDefined();
  });

  it('that is slow all the time takes no healthy one with it', () => {
    const simulation = cluster(30, 2);
    const slow = node(simulation, 'n3');
    slow.slowMs = 700;
    simulation.run(180_000);
    expect(slow.machine.healthFactor).toBeGreaterThan(1);
    expect(bad(simulation.seen, ['n3']).filter(({ state }) => state === 'failed')).toEqual([]);
    slow.slowMs = 0;
    expect(simulation.runUntil(60_000, () => simulation.agrees())).toBeDefined();
    simulation.run(60_000);
    expect(slow.machine.healthFactor).toBe(1);
  });

  it('that flaps makes nobody else fail', () => {
    const simulation = cluster(30, 2);
    for (let i = 0; i < 10; i += 1) {
      simulation.partition((a, b) => a !== 'n3' && b !== 'n3', 'silent');
      simulation.run(4000);
      simulation.heal();
      simulation.run(6000);
    }
    const failed = bad(simulation.seen, ['n3']).filter(({ state }) => state === 'failed');
    expect(failed).toEqual([]);
    expect(simulation.runUntil(60_000, () => simulation.agrees())).toBeDefined();
  });
});

describe('coming and going', () => {
  it.each(['kept', 'lost'] as const)(
    'a node that restarts with its memory %s is back',
    (memory) => {
      const simulation = cluster(15, 3);
      const one = node(simulation, 'n4');
      const { incarnation } = one.machine.self.record;
      simulation.crash(one, 'reset');
      simulation.run(memory === 'kept' ? 2000 : 60_000);
      simulation.restart(one, memory, ['n0']);
      expect(simulation.runUntil(60_000, () => simulation.agrees())).toBeDefined();
      expect(one.machine.self.record.incarnation).toBeGreaterThan(incarnation);
      for (const other of simulation.up()) {
        const { bootId } = one.machine.self.record;
        expect(other.machine.member(one.id)?.record.bootId).toBe(bootId);
      }
      expect(simulation.notices).toEqual([]);
    },
  );

  it('a node that leaves is not called failed, and can come back', () => {
    const simulation = cluster(15, 3);
    const one = node(simulation, 'n4');
    simulation.leave(one);
    simulation.run(20_000);
    expect(simulation.agrees()).toBe(true);
    for (const other of simulation.up()) expect(simulation.state(other, one)).toBe('left');
    expect(bad(simulation.seen, ['n4'])).toEqual([]);
    simulation.restart(one, 'lost', ['n0']);
    expect(simulation.runUntil(60_000, () => simulation.agrees())).toBeDefined();
  });

  it('a whole cluster that restarts finds together from memory, without a seed', () => {
    const simulation = cluster(15, 3);
    for (const one of simulation.up()) simulation.crash(one, 'reset');
    simulation.run(5000);
    for (const one of simulation.nodes.values()) simulation.restart(one, 'kept');
    expect(simulation.runUntil(60_000, () => simulation.agrees())).toBeDefined();
  });

  it('a run repeats itself', () => {
    const runs = [1, 2].map(() => {
      const simulation = cluster(12, 3, { loss: 0.1, seed: 7 });
      simulation.crash(node(simulation, 'n1'), 'silent');
      simulation.run(60_000);
      return JSON.stringify([simulation.seen, simulation.frames]);
    });
    expect(runs[0]).toBe(runs[1]);
  });
});
