import { describe, expect, it } from 'vitest';
import { LinkTable } from '../../../../src/core/gossip/links/links.ts';
import { type NewsSource, Spread } from '../../../../src/core/gossip/replica/spread.ts';
import { type NodeId, parseNodeId, parseRegionName } from '../../../../src/core/ids.ts';
import type { PeerIdentity } from '../../../../src/core/peer.ts';
import { STABLE_OBSERVATIONS } from '../../../../src/core/topology/region.ts';
import { Topology } from '../../../../src/core/topology/topology.ts';
import { testHello } from '../../../../src/testing/members.ts';
import { createTestRealm } from '../../../../src/testing/realm.ts';

const REALM = createTestRealm();
const REGIONS = 5;

/** Node `n<i>` in region `r<i mod regions>`. */
function nodeOf(i: number, regions: number): PeerIdentity {
  return { nodeId: parseNodeId(`n${i}`), region: parseRegionName(`r${i % regions}`) };
}

/** All nodes of a cluster, each with the links that it or the other end wants. */
class Cluster {
  readonly nodes: readonly PeerIdentity[];
  readonly #topologies: Map<NodeId, Topology> = new Map();
  readonly #spreads: Map<NodeId, Spread> = new Map();
  readonly #links: Map<NodeId, LinkTable> = new Map();

  constructor(
    count: number,
    extra: readonly (readonly [number, number])[] = [],
    regions: number = REGIONS,
  ) {
    this.nodes = Array.from({ length: count }, (_, i) => nodeOf(i, regions));
    for (const self of this.nodes) {
      const topology = new Topology(self);
      for (const node of this.nodes) topology.add(node);
      for (let i = 0; i <= STABLE_OBSERVATIONS; i += 1) topology.observe();
      this.#topologies.set(self.nodeId, topology);
    }
    for (const [i, self] of this.nodes.entries()) {
      const links = new LinkTable(self.nodeId);
      for (const [j, peer] of this.nodes.entries()) {
        const isExtra = extra.some(([a, b]) => (a === i && b === j) || (a === j && b === i));
        if (i === j || !(isExtra || this.#isWanted(self, peer))) continue;
        const admission = links.admit(`${i}-${j}`, peer.nodeId, undefined);
        if (admission.kind === 'keep') {
          admission.link.greeted({ ...testHello(peer.nodeId, REALM), region: peer.region });
        }
      }
      this.#links.set(self.nodeId, links);
      const topology = this.topologyOf(self);
      this.#spreads.set(self.nodeId, new Spread({ self, links, topology, random: () => 0.5 }));
    }
  }

  topologyOf({ nodeId }: PeerIdentity): Topology {
    return required(this.#topologies.get(nodeId));
  }

  /** The relays of region `r<number>`. */
  relays(number: number): readonly PeerIdentity[] {
    const region = parseRegionName(`r${number}`);
    const ids = this.topologyOf(required(this.nodes[0])).relaysOf(region);
    return ids.map((nodeId) => ({ nodeId, region }));
  }

  /** The ordinary nodes of region `r<number>`. */
  ordinary(number: number): readonly PeerIdentity[] {
    const relays = this.relays(number).map(({ nodeId }) => nodeId);
    const region = parseRegionName(`r${number}`);
    return this.nodes.filter((node) => node.region === region && !relays.includes(node.nodeId));
  }

  /** To whom a node pushes what was submitted in region `r<origin>`. */
  targets(
    self: PeerIdentity,
    origin: number,
    from?: PeerIdentity,
    rest: Pick<NewsSource, 'acks'> = {},
  ): readonly PeerIdentity[] {
    const region = parseRegionName(`r${origin}`);
    const news = { origin: region, ...(from !== undefined && { from }), ...rest };
    return required(this.#spreads.get(self.nodeId))
      .targets(news)
      .map(({ peer }) => peer);
  }

  /** `self` hears from a peer that it gets news of region `r<origin>` sooner by other ways. */
  spare(self: PeerIdentity, peer: PeerIdentity, origin: number): void {
    const link = required(this.#links.get(self.nodeId)?.to(peer.nodeId));
    link.spare(parseRegionName(`r${origin}`));
  }

  /** The peers abroad that a node tells of what was pushed. */
  told(self: PeerIdentity): readonly PeerIdentity[] {
    const spread = required(this.#spreads.get(self.nodeId));
    const links = required(this.#links.get(self.nodeId)).ready();
    const abroad = links.filter(({ region }) => region !== self.region);
    return abroad.filter((link) => spread.tells(link)).map(({ peer }) => peer);
  }

  /** Who gets it by pushes alone, when these are dead, and how many pushes that takes. */
  flood(
    from: PeerIdentity,
    origin: number,
    dead: readonly PeerIdentity[] = [],
  ): { readonly reached: ReadonlySet<NodeId>; readonly pushes: number } {
    const reached = new Set([from.nodeId]);
    let pushes = 0;
    let wave: { readonly node: PeerIdentity; readonly from?: PeerIdentity }[] = [{ node: from }];
    while (wave.length > 0) {
      const next: typeof wave = [];
      for (const { node, from: bringer } of wave) {
        for (const peer of this.targets(node, origin, bringer)) {
          pushes += 1;
          if (dead.some(({ nodeId }) => nodeId === peer.nodeId)) continue;
          if (reached.has(peer.nodeId)) continue;
          reached.add(peer.nodeId);
          next.push({ node: peer, from: node });
        }
      }
      wave = next;
    }
    return { reached, pushes };
  }

  #isWanted(a: PeerIdentity, b: PeerIdentity): boolean {
    return this.topologyOf(a).links().has(b.nodeId) || this.topologyOf(b).links().has(a.nodeId);
  }
}

describe('Spread', () => {
  const cluster = new Cluster(100);

  it('pushes what is submitted to the relays of the region first, then to all there', () => {
    const self = required(cluster.ordinary(0)[0]);
    const home = cluster.targets(self, 0).filter(({ region }) => region === self.region);
    expect(home).toHaveLength(19);
    expect(ids(home.slice(0, 2)).toSorted()).toEqual(ids(cluster.relays(0)).toSorted());
  });

  it('has relays of the region of origin push to their counterparts everywhere', () => {
    const [first, second] = cluster.relays(0);
    const from = required(cluster.ordinary(0)[0]);
    for (const [place, relay] of [first, second].entries()) {
      const targets = ids(cluster.targets(required(relay), 0, from));
      for (let region = 1; region < REGIONS; region += 1) {
        const [counterpart, other] = place === 0 ? [0, 1] : [1, 0];
        const far = cluster.relays(region).map(({ nodeId }) => nodeId);
        expect(targets).toContain(far[counterpart]);
        expect(targets).not.toContain(far[other]);
      }
    }
  });

  it('has a relay at which it was submitted push to all relays, and its fellows to none', () => {
    const [self, fellow] = cluster.relays(0).map(required);
    const relays = [1, 2, 3, 4].flatMap((region) => ids(cluster.relays(region)));
    expect(ids(cluster.targets(required(self), 0))).toEqual(expect.arrayContaining(relays));
    const pushed = ids(cluster.targets(required(fellow), 0, required(self)));
    const crossing = [...cluster.topologyOf(required(fellow)).crossLinks()];
    expect(relays.filter((id) => pushed.includes(id) && !crossing.includes(id))).toEqual([]);
    const unheard = ids(cluster.targets(required(fellow), 0, required(self), { acks: 'none' }));
    expect(relays.filter((id) => unheard.includes(id)).length).toBeGreaterThanOrEqual(4);
  });

  it('splits many regions among the relays of the region of origin', () => {
    const wide = new Cluster(100, [], 25);
    const [first, second] = wide.relays(0).map(required);
    const far = ({ region }: PeerIdentity): boolean => region !== first?.region;
    const direct = wide.targets(required(first), 0).filter(far);
    expect(direct.length).toBeLessThan(24 + 5);
    expect(wide.targets(required(second), 0, first).filter(far).length).toBeGreaterThanOrEqual(24);
  });

  it('has a relay push to the ordinary nodes of its region, unless another relay does', () => {
    const [self, other] = cluster.relays(1);
    const far = required(cluster.relays(0)[0]);
    const relay = required(self);
    const inRegion = ({ region }: PeerIdentity): boolean => region === relay.region;
    const pushed = cluster.targets(relay, 0, far).filter(inRegion);
    expect(ids(pushed).toSorted()).toEqual(ids(cluster.ordinary(1)).toSorted());
    const bringer = required(cluster.ordinary(1)[0]);
    expect(cluster.targets(relay, 0, bringer).filter(inRegion)).toHaveLength(17);
    expect(cluster.targets(relay, 0, required(other)).filter(inRegion)).toEqual([]);
  });

  it('has a relay push what nobody acknowledges to all of its region', () => {
    const [relay, other] = cluster.relays(1).map(required);
    const inRegion = ({ region }: PeerIdentity): boolean => region === relay?.region;
    const acks = { acks: 'none' } as const;
    const fromFellow = cluster.targets(required(relay), 0, required(other), acks);
    expect(fromFellow.filter(inRegion)).toHaveLength(18);
    const far = required(cluster.ordinary(0)[0]);
    const ordinary = required(cluster.ordinary(1)[0]);
    expect(ids(cluster.targets(ordinary, 0, far, acks)).toSorted()).toEqual(
      ids(cluster.relays(1)).toSorted(),
    );
  });

  it('has an ordinary node push nothing on: its acknowledgement says that it is there', () => {
    const self = required(cluster.ordinary(1)[0]);
    expect(cluster.targets(self, 0, required(cluster.ordinary(0)[0]))).toEqual([]);
    expect(cluster.targets(self, 0, required(cluster.relays(1)[0]))).toEqual([]);
    expect(cluster.targets(self, 0, required(cluster.ordinary(1)[1]))).toEqual([]);
  });

  it('has a relay push on to two near regions, until they say that they are sooner there', () => {
    const relay = required(cluster.relays(1)[0]);
    const far = required(cluster.relays(0)[0]);
    const detours = (): readonly PeerIdentity[] =>
      cluster.targets(relay, 0, far).filter(({ region }) => region !== relay.region);
    const [first, second] = detours().map(required);
    expect(detours()).toEqual([first, second]);
    cluster.spare(relay, required(first), 0);
    expect(detours()).toEqual([second]);
    for (let push = 1; push < 64; push += 1) detours();
    expect(detours()).toEqual([first, second]);
  });

  it('crosses regions from all nodes of the region of origin', () => {
    const relay = required(cluster.relays(0)[0]);
    for (const self of cluster.ordinary(0)) {
      const across = cluster.targets(self, 0, relay);
      expect(ids(across)).toEqual(
        expect.arrayContaining([...cluster.topologyOf(self).crossLinks()]),
      );
      expect(across.length).toBeLessThanOrEqual(4);
    }
  });

  it('does not push to all who happen to have a link to it', () => {
    const self = required(cluster.ordinary(0)[0]);
    const index = cluster.nodes.indexOf(self);
    const extra = cluster.nodes.map((_, peer) => [index, peer] as const);
    const sought = new Cluster(100, extra);
    expect(sought.targets(self, 0).length).toBeLessThanOrEqual(19 + 4);
  });

  it('speaks of pushes to counterparts abroad, and over links that do not join two relays', () => {
    for (const [place, relay] of cluster.relays(0).entries()) {
      const far = [1, 2, 3, 4].map((region) => required(cluster.relays(region)[place]));
      const relays = ids([1, 2, 3, 4].flatMap((region) => cluster.relays(region)));
      const told = ids(cluster.told(relay));
      expect(told.filter((id) => relays.includes(id)).toSorted()).toEqual(ids(far).toSorted());
    }
    const self = required(cluster.ordinary(0)[0]);
    const own = [...cluster.topologyOf(self).crossLinks()];
    expect(ids(cluster.told(self))).toEqual(expect.arrayContaining(own));
  });

  it('reaches everybody with few pushes each', () => {
    for (const count of [15, 100, 300]) {
      const all = new Cluster(count);
      const { reached, pushes } = all.flood(required(all.nodes.at(-1)), (count - 1) % REGIONS);
      expect(reached.size).toBe(count);
      expect(pushes / count).toBeLessThanOrEqual(4);
    }
  });

  it('reaches some of a region whose relays are dead', () => {
    const from = required(cluster.ordinary(0)[0]);
    const dead = cluster.relays(3);
    const { reached } = cluster.flood(from, 0, dead);
    const alive = cluster.ordinary(3).filter(({ nodeId }) => reached.has(nodeId));
    expect(alive.length).toBeGreaterThan(2);
  });
});

function ids(nodes: readonly PeerIdentity[]): readonly NodeId[] {
  return nodes.map(({ nodeId }) => nodeId);
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('there is none');
  return value;
}
