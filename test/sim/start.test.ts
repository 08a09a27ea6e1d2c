import { expect, it } from 'vitest';
import { Truth } from '../../sim/oracle/truth.ts';
import { createPool } from '../../sim/people/pool.ts';
import { World } from '../../sim/world/world.ts';
import { GossipMachine, type GossipOptions } from '../../src/core/gossip/machine.ts';

const NODES = 120;
const REGIONS = 12;

it('opens not many more links than it needs while all nodes of many regions start', () => {
  const pool = createPool();
  const hosts = Array.from({ length: NODES }, (_, i) => ({ region: i % REGIONS, holds: 22 }));
  const phases = { start: 0, healAtMs: Infinity, endMs: Infinity };
  const plan = { seed: 1, profile: 'dense' as const, hosts, publications: [], faults: [] };
  const machines: GossipMachine[] = [];
  const makeMachine = (options: GossipOptions): GossipMachine => {
    const machine = new GossipMachine(options);
    machines.push(machine);
    return machine;
  };
  new World({ ...plan, ...phases }, { pool, truth: new Truth(pool), makeMachine }).runUntil(10_000);
  let linkEnds = 0;
  for (const machine of machines) {
    const others = machine.neighbours();
    linkEnds += others.filter(({ link }) => link !== undefined).length;
    const wanted = others.filter((one) => one.wanted === 'wanted');
    expect(wanted.length).toBeGreaterThan(NODES / REGIONS);
    for (const { link } of wanted) expect(link).toBeDefined();
  }
  expect(machines).toHaveLength(NODES);
  expect(linkEnds / NODES).toBeLessThan(NODES / 3);
}, 60_000);
