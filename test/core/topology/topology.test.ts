import { beforeEach, describe, expect, it } from 'vitest';
import { parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import type { PeerIdentity } from '../../../src/core/peer.ts';
import { STABLE_OBSERVATIONS } from '../../../src/core/topology/region.ts';
import {
  CROSS_LINKS,
  MESH_MAX,
  REGION_LINKS,
  RELAYS,
  RELAYS_OF_FEW,
  Topology,
  YOUNG_OBSERVATIONS,
} from '../../../src/core/topology/topology.ts';

/** Node `n<i>` in region `r<i mod regions>`. */
function nodeOf(i: number, regions: number): PeerIdentity {
  return { nodeId: parseNodeId(`n${i}`), region: parseRegionName(`r${i % regions}`) };
}

/** The topology of each node of a cluster, after all relays settled. */
function settled(nodes: number, regions: number): readonly Topology[] {
  const all = Array.from({ length: nodes }, (_, i) => nodeOf(i, regions));
  return all.map((self) => {
    const topology = new Topology(self);
    for (const one of all) topology.add(one);
    for (let i = 0; i <= STABLE_OBSERVATIONS; i += 1) topology.observe();
    return topology;
  });
}

describe('Topology', () => {
  it.each([
    [3, 3],
    [15, 5],
    [64, 4],
    [300, 6],
  ])('gives all %i nodes in %i regions the same relays', (nodes, regions) => {
    const topologies = settled(nodes, regions);
    const count = nodes <= 30 ? RELAYS_OF_FEW : RELAYS;
    for (let i = 0; i < regions; i += 1) {
      const region = parseRegionName(`r${i}`);
      const [first, ...others] = topologies.map((one) => one.relaysOf(region).toSorted());
      expect(first).toHaveLength(Math.min(count, nodes / regions));
      for (const other of others) expect(other).toEqual(first);
    }
  });

  it('knows who is alive, wherever it is', () => {
    const topology = new Topology(nodeOf(0, 2));
    topology.add(nodeOf(1, 2));
    expect([0, 1, 2].map((i) => topology.has(nodeOf(i, 2).nodeId))).toEqual([true, true, false]);
    topology.remove(nodeOf(1, 2));
    expect(topology.has(nodeOf(1, 2).nodeId)).toBe(false);
  });

  it('numbers the relays of a region alike, whoever was met first', () => {
    const all = Array.from({ length: 12 }, (_, i) => nodeOf(i, 2));
    const region = parseRegionName('r1');
    const numbered = [all, all.toReversed()].map((others) => {
      const topology = new Topology(nodeOf(0, 2));
      for (const one of others) topology.add(one);
      for (let i = 0; i <= STABLE_OBSERVATIONS; i += 1) topology.observe();
      const [first] = topology.relaysOf(region);
      topology.remove({ nodeId: first ?? parseNodeId('n1'), region });
      return topology.relaysOf(region);
    });
    expect(numbered[0]).toHaveLength(RELAYS_OF_FEW);
    expect(numbered[1]).toEqual(numbered[0]);
  });

  describe('with nodes that nobody met', () => {
    const region = parseRegionName('r0');
    const all = Array.from({ length: 20 }, (_, i) => nodeOf(i, 1));
    const [self, ...others] = all;
    let topology: Topology;

    beforeEach(() => {
      topology = new Topology(self ?? nodeOf(0, 1));
      for (const one of others) topology.add(one);
      settle();
    });

    it('gives none of them a place of a relay that it gives somebody else', () => {
      const before = topology.relaysOf(region);
      for (let i = 0; i < 200; i += 1) topology.add(ghost(i), 'unmet');
      settle();
      const relays = topology.relaysOf(region);
      expect(before).toEqual(expect.arrayContaining([...relays]));
      const [relay = ''] = relays.filter((one) => one !== self?.nodeId);
      topology.remove({ nodeId: parseNodeId(relay), region });
      expect(topology.relaysOf(region)).toHaveLength(RELAYS);
      expect(topology.relaysOf(region).every((one) => one.startsWith('n'))).toBe(true);
    });

    it('tries those that would be relays, and takes the first that shows itself', () => {
      for (let i = 0; i < 200; i += 1) topology.add(ghost(i), 'unmet');
      settle();
      for (const nodeId of topology.relaysOf(region)) topology.remove({ nodeId, region });
      const tried = [...topology.links()].filter((one) => one.startsWith('g'));
      expect(tried.length).toBeGreaterThan(0);
      const [real = parseNodeId('none')] = tried.filter(
        (one) => !topology.relaysOf(region).includes(one),
      );
      topology.meet({ nodeId: real, region });
      expect(topology.relaysOf(region)).toContain(real);
    });

    it('changes nothing when one shows itself that would be no relay anyway', () => {
      const [home = topology] = settled(40, 2);
      for (let i = 0; i < 200; i += 1) home.add(ghost(i), 'unmet');
      const links = home.links();
      const [relays, version] = [home.relaysOf(region), home.version];
      const [other = ghost(0)] = Array.from({ length: 200 }, (_, i) => ghost(i)).filter(
        ({ nodeId }) => !links.has(nodeId) && !relays.includes(nodeId),
      );
      home.meet(other);
      expect([home.version, home.relaysOf(region)]).toEqual([version, relays]);
      expect(home.links()).toBe(links);
    });

    it('takes them as relays where there is nobody else', () => {
      const alone = new Topology(nodeOf(0, 2));
      const away = parseRegionName('r1');
      alone.add(nodeOf(1, 2), 'unmet');
      alone.add(nodeOf(3, 2), 'unmet');
      expect(alone.relaysOf(away).toSorted()).toEqual(['n1', 'n3']);
    });

    it('ranks those of regions whose relays it does not link to like all others', () => {
      const ordinary = topologyOfOrdinary();
      const away = parseRegionName('r1');
      const before = ordinary.relaysOf(away);
      for (const nodeId of before) ordinary.remove({ nodeId, region: away });
      for (const nodeId of before) ordinary.add({ nodeId, region: away }, 'unmet');
      settle(ordinary);
      expect(ordinary.relaysOf(away).toSorted()).toEqual(before.toSorted());
    });

    /** A node of 40 that is no relay. */
    function topologyOfOrdinary(): Topology {
      const found = settled(40, 2).find((one, i) => !one.isRelay(nodeOf(i, 2)) && i % 2 === 0);
      if (found === undefined) throw new Error('all are relays');
      return found;
    }

    function ghost(i: number): PeerIdentity {
      return { nodeId: parseNodeId(`g${i}`), region };
    }

    function settle(one: Topology = topology): void {
      for (let i = 0; i <= STABLE_OBSERVATIONS; i += 1) one.observe();
    }
  });

  describe('of a node that is young', () => {
    const all = Array.from({ length: 200 }, (_, i) => nodeOf(i, 10));
    const region = parseRegionName('r0');

    it('has the best of those that it knows as relays, whoever came first', () => {
      const [known] = settled(200, 10);
      for (const others of [all, all.toReversed()]) {
        const topology = new Topology(nodeOf(0, 10));
        for (const one of others) topology.add(one);
        for (const name of topology.regions()) {
          expect(topology.relaysOf(name)).toEqual(known?.relaysOf(name));
        }
      }
    });

    it('leaves the relays of many other regions alone until nobody comes any more', () => {
      const [known] = settled(200, 10);
      const relay = all.find((one) => known?.isRelay(one) === true);
      const topology = new Topology(relay ?? nodeOf(0, 10));
      for (const one of all) topology.add(one);
      topology.observe();
      expect(abroad(topology, relay)).toBe(CROSS_LINKS);
      expect(topology.observe()).toBe('settled');
      expect(abroad(topology, relay)).toBe(9 * RELAYS + CROSS_LINKS);
    });

    it('is over at some time although nodes come all the time', () => {
      const topology = new Topology(nodeOf(0, 10));
      for (let i = 1; i < YOUNG_OBSERVATIONS; i += 1) {
        topology.add(nodeOf(i, 10));
        expect(topology.observe()).toBe('young');
      }
      topology.add(nodeOf(100, 10));
      expect(topology.observe()).toBe('settled');
    });

    it('lasts for as long as it knows of nobody', () => {
      const topology = new Topology(nodeOf(0, 10));
      for (let i = 0; i < 2 * YOUNG_OBSERVATIONS; i += 1) {
        expect(topology.observe()).toBe('young');
      }
    });

    it('puts those that it met before those of whom it heard, and tries these', () => {
      const topology = new Topology(nodeOf(0, 1));
      for (let i = 1; i < 40; i += 1) topology.add(nodeOf(i, 1), 'unmet');
      expect(topology.relaysOf(region)).toContain('n0');
      const [candidate = parseNodeId('none')] = topology.links();
      topology.meet({ nodeId: candidate, region });
      expect(topology.relaysOf(region)).toContain(candidate);
      topology.observe();
      topology.observe();
      const [next = parseNodeId('none')] = topology.links();
      expect(topology.relaysOf(region)).not.toContain(next);
      topology.meet({ nodeId: next, region });
      expect(topology.relaysOf(region)).toContain(next);
      expect(topology.relaysOf(region)).not.toContain('n0');
    });

    function abroad(topology: Topology, self: PeerIdentity | undefined): number {
      const home = Number(self?.region.slice(1));
      return [...topology.links()].filter((one) => Number(one.slice(1)) % 10 !== home).length;
    }
  });

  it('links all nodes of a small region, and some of a large one', () => {
    const [small] = settled(MESH_MAX, 1);
    expect(small?.links().size).toBe(MESH_MAX - 1);
    const [large] = settled(MESH_MAX + 1, 1);
    expect(large?.links().size).toBeGreaterThanOrEqual(REGION_LINKS);
    expect(large?.links().size).toBeLessThanOrEqual(REGION_LINKS + RELAYS);
    for (const relay of large?.relaysOf(parseRegionName('r0')) ?? []) {
      expect(relay === 'n0' || large?.links().has(relay)).toBe(true);
    }
  });

  it('links relays to the relays of all other regions, others to two ordinary nodes', () => {
    const regions = 6;
    const topologies = settled(120, regions);
    for (const [i, topology] of topologies.entries()) {
      const self = nodeOf(i, regions);
      const abroad = [...topology.links()].filter(
        (one) => Number(one.slice(1)) % regions !== i % regions,
      );
      const relays = [...topology.regions()]
        .filter((region) => region !== self.region)
        .flatMap((region) => topology.relaysOf(region));
      const ordinary = abroad.filter((one) => !relays.includes(one));
      expect(ordinary).toHaveLength(CROSS_LINKS);
      const expected = topology.isRelay(self) ? relays.length + CROSS_LINKS : CROSS_LINKS;
      expect(abroad).toHaveLength(expected);
    }
  });

  it('never links a node to itself', () => {
    for (const [i, topology] of settled(60, 3).entries()) {
      expect(topology.links().has(parseNodeId(`n${i}`))).toBe(false);
    }
  });

  it('connects everybody, also when one node in twenty is dead', () => {
    const topologies = settled(200, 8);
    const dead = new Set([...topologies.keys()].filter((i) => i % 20 === 7));
    const near = topologies.map((): Set<number> => new Set());
    for (const [i, topology] of topologies.entries()) {
      for (const one of topology.links()) {
        const j = Number(one.slice(1));
        if (dead.has(i) || dead.has(j)) continue;
        near[i]?.add(j);
        near[j]?.add(i);
      }
    }
    const reached = new Set([0]);
    for (const i of reached) for (const j of near[i] ?? []) reached.add(j);
    expect(reached.size).toBe(200 - dead.size);
  });

  it('replaces a failed relay at once, and takes it back only after some observations', () => {
    const topology = settled(120, 2)[0];
    const region = parseRegionName('r1');
    const before = topology?.relaysOf(region) ?? [];
    const [failed] = before;
    if (topology === undefined || failed === undefined) throw new Error('no relay');
    topology.remove({ nodeId: failed, region });
    const between = topology.relaysOf(region);
    expect(between).toHaveLength(RELAYS);
    expect(between).not.toContain(failed);
    expect(between).toContain(before[1]);
    topology.add({ nodeId: failed, region });
    for (let i = 1; i < STABLE_OBSERVATIONS; i += 1) topology.observe();
    expect(topology.relaysOf(region)).toEqual(between);
    topology.observe();
    expect(topology.relaysOf(region).toSorted()).toEqual(before.toSorted());
  });

  it('takes nodes that are to be avoided as relays only where there are no others', () => {
    const [topology] = settled(120, 2);
    const region = parseRegionName('r0');
    if (topology === undefined) throw new Error('no node');
    const before = topology.relaysOf(region);
    topology.avoid(new Set(before));
    for (let i = 0; i < STABLE_OBSERVATIONS; i += 1) topology.observe();
    const after = topology.relaysOf(region);
    expect(after).toHaveLength(RELAYS);
    for (const relay of before) expect(after).not.toContain(relay);
    for (let i = 0; i < 120; i += 2) {
      const one = nodeOf(i, 2);
      if (!before.includes(one.nodeId)) topology.remove(one);
    }
    const self = nodeOf(0, 2).nodeId;
    const [other] = topology.relaysOf(region).filter((relay) => relay !== self);
    expect(topology.relaysOf(region)).toContain(self);
    expect(before).toContain(other);
    topology.avoid(new Set());
    for (let i = 0; i < 120; i += 2) topology.add(nodeOf(i, 2));
    for (let i = 0; i < STABLE_OBSERVATIONS; i += 1) topology.observe();
    expect(topology.relaysOf(region)).toEqual(before);
  });

  it('does not move relays for a node that comes and goes', () => {
    const topology = settled(120, 2)[0];
    const region = parseRegionName('r1');
    const [failed] = topology?.relaysOf(region) ?? [];
    if (topology === undefined || failed === undefined) throw new Error('no relay');
    topology.remove({ nodeId: failed, region });
    const between = topology.relaysOf(region);
    for (let i = 0; i < 5; i += 1) {
      topology.add({ nodeId: failed, region });
      for (let j = 1; j < STABLE_OBSERVATIONS; j += 1) topology.observe();
      topology.remove({ nodeId: failed, region });
      topology.observe();
    }
    expect(topology.relaysOf(region)).toEqual(between);
  });

  it('gives the same links until something changes', () => {
    const topology = settled(60, 3)[0];
    const links = topology?.links();
    topology?.observe();
    expect(topology?.links()).toBe(links);
    topology?.add(nodeOf(1, 3));
    expect(topology?.links()).toBe(links);
    topology?.remove(nodeOf(1, 3));
    expect(topology?.links()).not.toBe(links);
  });

  it('chooses the same others whether it chose before or not', () => {
    const all = Array.from({ length: 120 }, (_, i) => nodeOf(i, 4));
    const [self = nodeOf(0, 4)] = all;
    const [often, once] = [new Topology(self), new Topology(self)];
    for (const topology of [often, once]) {
      for (const one of all) {
        topology.add(one);
        if (topology === often) often.crossLinks();
      }
      for (const one of all.slice(20, 60)) {
        topology.remove(one);
        if (topology === often) often.crossLinks();
      }
    }
    expect([...often.crossLinks()]).toEqual([...once.crossLinks()]);
    expect([...often.links()]).toEqual([...once.links()]);
  });

  it('moves few links when one node goes', () => {
    const topologies = settled(300, 3);
    let moved = 0;
    for (const topology of topologies) {
      const before = topology.links();
      topology.remove(nodeOf(150, 3));
      for (const one of topology.links()) if (!before.has(one)) moved += 1;
    }
    expect(moved).toBeLessThan(300);
  });
});
