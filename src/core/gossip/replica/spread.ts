/**
 * To whom news is pushed, and in which order: one hop over a WAN from the origin to everybody.
 *
 * 1. Where it was submitted: the relays of the own region, then all links there.
 * 2. The region of origin: a relay at which it was submitted pushes to all relays of all other
 *    regions, farthest first, where these are few, and its fellows leave that to it; else relay
 *    number j pushes to relay number j of each. And everybody pushes over up to 4 links across
 *    regions that do not join two relays, so that no region depends on relays alone.
 * 3. A relay, unless a fellow relay of its region brought it: the ordinary nodes of its region.
 * 4. A relay of another region: those of the 2 regions nearest to it, since the shortest way may
 *    lead over a third region. Where it does not, they say so and are spared for a while, as in
 *    Plumtree (Leitão et al. 2007).
 *
 * So where all is well a relay gets it once or twice and an ordinary node from its relays. The
 * rest is left to acknowledgements, which everybody sends inside its region when the news is
 * durable: a few milliseconds later whoever was left out knows where to fetch it. What nobody
 * acknowledges is pushed to fellow relays too. Source: docs/replication.md.
 *
 * @module
 */
import type { RegionName } from '../../ids.ts';
import type { PeerIdentity } from '../../peer.ts';
import type { Topology } from '../../topology/topology.ts';
import type { Link, LinkTable } from '../links/links.ts';

/** Links across regions, as many as a node has on average: its own ones and those of others. */
const ACROSS_LINKS = 4;
/** Relays of other regions that one node pushes to by itself. */
const DIRECT_MAX = 32;
/** Regions that a relay outside of the origin's region passes news on to. */
const NEAR_REGIONS = 2;

/** Where news comes from. */
export interface NewsSource {
  /** Who brought it; absent when it was submitted here. */
  readonly from?: PeerIdentity;
  /** The region in which it was submitted. */
  readonly origin: RegionName;
  /** Nobody acknowledges it, so who is left out does not hear of it; absent: everybody does. */
  readonly acks?: 'none';
}

/** Chooses whom a node pushes to. */
export class Spread {
  readonly #self: PeerIdentity;
  readonly #links: LinkTable;
  readonly #topology: Topology;
  readonly #random: () => number;

  constructor(parts: {
    readonly self: PeerIdentity;
    readonly links: LinkTable;
    readonly topology: Topology;
    readonly random: () => number;
  }) {
    this.#self = parts.self;
    this.#links = parts.links;
    this.#topology = parts.topology;
    this.#random = parts.random;
  }

  /** The links to push to, the most urgent first; whoever brought the news is left out. */
  targets(news: NewsSource): readonly Link[] {
    const { region, nodeId } = this.#self;
    const relays = this.#topology.relaysOf(region);
    const place = relays.indexOf(nodeId);
    const fellows: Link[] = [];
    const home: Link[] = [];
    const away: Link[] = [];
    for (const link of this.#links.ready()) {
      if (link.nodeId === news.from?.nodeId) continue;
      if (link.region !== region) away.push(link);
      else (relays.includes(link.nodeId) ? fellows : home).push(link);
    }
    const near = this.#near(news, place, { fellows, home });
    if (news.origin !== region) return [...near, ...this.#detours(away, place, news.origin)];
    const { farRelays, across } = this.#away(away, place, news);
    return [...farRelays, ...near, ...across];
  }

  /**
   * Says whether a peer is told of what was pushed once it is durable here: of two relays of
   * different regions those that are counterparts, and all others. So each region hears of it over
   * as many links as it has relays, and over all that no relay is on both ends of.
   */
  tells(link: Link): boolean {
    const { region, nodeId } = this.#self;
    if (link.region === region) return true;
    const place = this.#topology.relaysOf(region).indexOf(nodeId);
    return place < 0 || !this.#topology.isRelay(link.peer) || this.#isCounterpart(link, place);
  }

  /** Those of the own region; `place`: which of its relays this node is, -1 for none. */
  #near(
    { from, acks }: NewsSource,
    place: number,
    { fellows, home }: Readonly<Record<'fellows' | 'home', readonly Link[]>>,
  ): readonly Link[] {
    if (from === undefined) return [...fellows, ...home];
    const isFromHome = from.region === this.#self.region;
    if (acks === 'none') {
      if (place >= 0) return [...fellows, ...home];
      return isFromHome ? [] : fellows;
    }
    return place >= 0 && !(isFromHome && this.#topology.isRelay(from)) ? home : [];
  }

  /** Relays to whom the way over this region may be the shortest one. */
  #detours(links: readonly Link[], place: number, origin: RegionName): readonly Link[] {
    if (place < 0) return [];
    return links
      .filter((link) => link.region !== origin && this.#isCounterpart(link, place))
      .toSorted((a, b) => a.rttMs - b.rttMs)
      .slice(0, NEAR_REGIONS)
      .filter((link) => link.takesPush(origin));
  }

  /** Those of other regions, for a node of the region of origin. */
  #away(
    links: readonly Link[],
    place: number,
    news: NewsSource,
  ): Readonly<Record<'farRelays' | 'across', readonly Link[]>> {
    const farRelays = place < 0 ? [] : this.#farRelays(links, place, news);
    const own: Link[] = [];
    const others: Link[] = [];
    for (const link of links) {
      if (farRelays.includes(link)) continue;
      if (this.#topology.crossLinks().has(link.nodeId)) own.push(link);
      else if (place < 0 || !this.#topology.isRelay(link.peer)) others.push(link);
    }
    return { farRelays, across: [...own, ...this.#some(others, ACROSS_LINKS - own.length)] };
  }

  /** The relays of other regions that this relay pushes to, the farthest first. */
  #farRelays(links: readonly Link[], place: number, { from, acks }: NewsSource): readonly Link[] {
    const relays = links
      .filter(({ peer }) => this.#topology.isRelay(peer))
      .toSorted((a, b) => b.rttMs - a.rttMs);
    if (relays.length <= DIRECT_MAX) {
      if (from === undefined) return relays;
      // A relay pushes to its fellows only what was submitted to it.
      if (acks !== 'none' && this.#topology.isRelay(from)) return [];
    }
    return relays.filter((link) => this.#isCounterpart(link, place));
  }

  /** True for relay number `place` of another region, or its last one where it has fewer. */
  #isCounterpart({ nodeId, region }: Link, place: number): boolean {
    const relays = this.#topology.relaysOf(region);
    return relays.indexOf(nodeId) === Math.min(place, relays.length - 1);
  }

  /** Some of the links by chance, which are taken out of the list. */
  #some(links: Link[], count: number): readonly Link[] {
    const chosen: Link[] = [];
    while (chosen.length < count && links.length > 0) {
      const [link] = links.splice(Math.floor(this.#random() * links.length), 1);
      if (link !== undefined) chosen.push(link);
    }
    return chosen;
  }
}
