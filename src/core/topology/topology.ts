/**
 * Who links to whom: computed by each node from the members that it sees alive.
 *
 * Each region has 2 relays (3 while there are few nodes) which link to those of all other regions.
 * Inside a region all link to all while it is small, else each node to some. And each node links to
 * 2 ordinary nodes of other regions, so that no news depends on relays alone: without these, nodes
 * that are dead and not yet known to be left somebody out. The same rules hold from 3 to 1,000
 * nodes; for few nodes they give a full mesh or nearly so.
 *
 * A node that starts is young until nobody came or went for a while. Each node that it hears of
 * may change what it computes, so it computes from what it knows now, and asks for less.
 *
 * A link is wanted by one side and used by both. Fed by changes, it recomputes only what they touch
 * and only when asked.
 *
 * @module
 */

import type { NodeId, RegionName } from '../ids.ts';
import { hashText } from '../mix.ts';
import type { PeerIdentity } from '../peer.ts';
import { Best, type Ranked } from './ranking.ts';
import { type Acquaintance, Region } from './region.ts';

/** Up to so many nodes a region is a full mesh. */
export const MESH_MAX: number = 48;
/** Links inside a larger region, besides those to its relays. */
export const REGION_LINKS: number = 16;
/** Links of each node to ordinary nodes of other regions. */
export const CROSS_LINKS: number = 2;
/** Relays per region. */
export const RELAYS: number = 2;
/** Relays per region while there are at most `FEW_NODES`. */
export const RELAYS_OF_FEW: number = 3;
const FEW_NODES: number = 30;
/** Observations after which a node is settled although nodes still come. */
export const YOUNG_OBSERVATIONS: number = 8;

const NO_RELAYS: readonly NodeId[] = [];

/** The topology as one node computes it. */
export class Topology {
  readonly #self: Ranked;
  readonly #home: RegionName;
  readonly #regions: Map<RegionName, Region> = new Map();
  readonly #relayCount = (): number => (this.#size <= FEW_NODES ? RELAYS_OF_FEW : RELAYS);
  #size = 0;
  /** How many there were at the last observation. */
  #sizeBefore = 0;
  #youngObservations = 0;
  #isSettled = false;
  #version = 0;
  #links: ReadonlySet<NodeId> | undefined;
  #crossLinks: ReadonlySet<NodeId> | undefined;

  constructor({ nodeId, region }: PeerIdentity) {
    this.#self = { nodeId, hash: hashText(nodeId) };
    this.#home = region;
    this.add({ nodeId, region });
  }

  /** Counts the changes after which links or relays may be others. */
  get version(): number {
    return this.#version;
  }

  /** Alive nodes, this one included. */
  get size(): number {
    return this.#size;
  }

  /** A node is alive, suspected or not; `unmet`: as others say. Nothing happens a second time. */
  add({ nodeId, region }: PeerIdentity, acquaintance: Acquaintance = 'met'): void {
    const place = this.#regions.get(region) ?? this.#makeRegion(region);
    if (place.has(nodeId)) return;
    this.#regions.set(region, place);
    this.#size += 1;
    place.add({ nodeId, hash: hashText(nodeId) }, acquaintance);
    this.#touch();
  }

  /** A node showed itself over a link. */
  meet({ nodeId, region }: PeerIdentity): void {
    const place = this.#regions.get(region);
    if (place?.meet(nodeId) === 'changed') this.#touch();
  }

  /** A node failed, left, or moved to another region. */
  remove({ nodeId, region }: PeerIdentity): void {
    const place = this.#regions.get(region);
    if (place?.has(nodeId) !== true || nodeId === this.#self.nodeId) return;
    this.#size -= 1;
    place.remove(nodeId);
    if (place.size === 0) this.#regions.delete(region);
    this.#touch();
  }

  /** These nodes of the own region become relays only where there are no others. */
  avoid(nodeIds: ReadonlySet<NodeId>): void {
    this.#regions.get(this.#home)?.avoid(nodeIds);
  }

  /**
   * To be called at a steady pace, for example once a second; see `Region`. Says whether this node
   * knows its surroundings.
   */
  observe(): 'young' | 'settled' {
    this.#settle();
    for (const region of this.#regions.values()) {
      if (region.observe() === 'changed') this.#touch();
    }
    return this.#isSettled ? 'settled' : 'young';
  }

  /** Says whether a node is alive. */
  has(nodeId: NodeId): boolean {
    for (const region of this.#regions.values()) if (region.has(nodeId)) return true;
    return false;
  }

  regions(): Iterable<RegionName> {
    return this.#regions.keys();
  }

  /** The relays of a region; none when nobody is alive there. */
  relaysOf(region: RegionName): readonly NodeId[] {
    return this.#regions.get(region)?.relays ?? NO_RELAYS;
  }

  isRelay({ nodeId, region }: PeerIdentity): boolean {
    return this.relaysOf(region).includes(nodeId);
  }

  /** The nodes to which this node dials a link; the same object until something changes. */
  links(): ReadonlySet<NodeId> {
    this.#links ??= this.#computeLinks();
    return this.#links;
  }

  /** Those of `links()` that this node chose in other regions without regard to relays. */
  crossLinks(): ReadonlySet<NodeId> {
    this.#crossLinks ??= this.#computeCrossLinks();
    return this.#crossLinks;
  }

  #makeRegion(name: RegionName): Region {
    return new Region(name, {
      links: name === this.#home ? 'linked' : this.#linksAbroad,
      age: this.#isSettled ? 'settled' : 'young',
      relayCount: this.#relayCount,
    });
  }

  /** Who has heard of nobody yet is as young as at the start. */
  #settle(): void {
    if (this.#isSettled || this.#size === 1) return;
    const isStill = this.#size === this.#sizeBefore;
    this.#sizeBefore = this.#size;
    this.#youngObservations += 1;
    if (!isStill && this.#youngObservations < YOUNG_OBSERVATIONS) return;
    this.#isSettled = true;
    for (const region of this.#regions.values()) region.settle();
    this.#touch();
  }

  #touch(): void {
    this.#version += 1;
    this.#links = undefined;
    this.#crossLinks = undefined;
    const abroad = this.#linksAbroad;
    for (const [name, region] of this.#regions) {
      region.link(name === this.#home ? 'linked' : abroad);
    }
  }

  /**
   * Says whether this node links to the relays of other regions. A young one of many does not: it
   * takes itself for a relay until it has met those who are.
   */
  get #linksAbroad(): 'linked' | 'not-linked' {
    if (!this.#isSettled && this.#size > FEW_NODES) return 'not-linked';
    return this.relaysOf(this.#home).includes(this.#self.nodeId) ? 'linked' : 'not-linked';
  }

  #computeLinks(): ReadonlySet<NodeId> {
    const links = new Set<NodeId>();
    this.#addHomeLinks(links);
    for (const nodeId of this.crossLinks()) links.add(nodeId);
    if (this.#linksAbroad === 'linked') {
      for (const [name, region] of this.#regions) {
        if (name === this.#home) continue;
        for (const relay of region.relays) links.add(relay);
        for (const candidate of region.candidates()) links.add(candidate);
      }
    }
    links.delete(this.#self.nodeId);
    return links;
  }

  #computeCrossLinks(): ReadonlySet<NodeId> {
    const ordinary = new Best(this.#self.hash, CROSS_LINKS);
    const relays = new Best(this.#self.hash, CROSS_LINKS);
    for (const [name, region] of this.#regions) {
      if (name === this.#home) continue;
      const best = region.bestFor(this.#self.hash, CROSS_LINKS);
      for (const node of best.ordinary) ordinary.offer(node);
      for (const node of best.relays) relays.offer(node);
    }
    // Where nobody is ordinary, relays take their part.
    const missing = CROSS_LINKS - ordinary.size;
    return new Set([...ordinary.nodeIds, ...relays.nodeIds.slice(0, missing)]);
  }

  #addHomeLinks(links: Set<NodeId>): void {
    const home = this.#regions.get(this.#home);
    if (home === undefined) return;
    // Dialled in this order: whether this node is a relay shows as soon as the best were met.
    for (const nodeId of home.candidates()) links.add(nodeId);
    if (home.size <= MESH_MAX) {
      for (const node of home.nodes()) links.add(node.nodeId);
      return;
    }
    const chosen = new Best(this.#self.hash, REGION_LINKS);
    for (const node of home.nodes()) {
      if (node.nodeId !== this.#self.nodeId) chosen.offer(node);
    }
    for (const nodeId of chosen.nodeIds) links.add(nodeId);
    for (const nodeId of home.relays) links.add(nodeId);
  }
}
