/**
 * To whom news is pushed, and in which order: one hop over a WAN from the origin to everybody.
 *
 * 1. Where it was submitted: the relays of the own region, then all links there.
 * 2. A relay: all links of its region too, unless it has the news from another relay of its region,
 *    which does so already; what nobody acknowledges it pushes in any case.
 * 3. Relay number j of the origin's region: relay number j of every other region, farthest first.
 *    A relay elsewhere: those of the 2 regions nearest to it, since the shortest way may lead over
 *    a third region.
 * 4. The origin's region, and relays everywhere: up to 4 links across regions that do not join two
 *    relays, so that no region depends on relays alone.
 * 5. An ordinary node that has it from another region: the relays of its own one. One that has it
 *    from an ordinary node of its region: 2 links there by chance.
 *
 * So where all is well a node gets it from the two relays and little more. Everybody acknowledges
 * on all links what is durable; who was left out learns of it by that, or by repair, and fetches
 * it. Source: docs/replication.md.
 *
 * @module
 */
import type { RegionName } from '../ids.ts';
import type { PeerIdentity } from '../peer.ts';
import type { Topology } from '../topology/topology.ts';
import type { Link, LinkTable } from './links.ts';

/** Links of the own region that an ordinary node pushes to when others push to all. */
const CHANCE_LINKS = 2;
/** Links across regions, as many as a node has on average: its own ones and those of others. */
const ACROSS_LINKS = 4;
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
    const { from, origin } = news;
    const { region, nodeId } = this.#self;
    const relays = this.#topology.relaysOf(region);
    const place = relays.indexOf(nodeId);
    const home: Link[] = [];
    const homeRelays: Link[] = [];
    const own: Link[] = [];
    const others: Link[] = [];
    const farRelays: Link[] = [];
    for (const link of this.#links.ready()) {
      if (link.nodeId === from?.nodeId) continue;
      if (link.region === region) (relays.includes(link.nodeId) ? homeRelays : home).push(link);
      else if (place >= 0 && this.#isCounterpart(link, place)) farRelays.push(link);
      else if (this.#topology.crossLinks().has(link.nodeId)) own.push(link);
      else if (place < 0 || !this.#topology.isRelay(link.peer)) others.push(link);
    }
    farRelays.sort((a, b) => b.rttMs - a.rttMs);
    const near = this.#near(news, place, homeRelays, home);
    const across = [...own, ...this.#some(others, ACROSS_LINKS - own.length)];
    if (origin === region) return [...farRelays, ...near, ...across];
    return place >= 0 ? [...near, ...farRelays.slice(-NEAR_REGIONS), ...across] : near;
  }

  /** Those of the own region; `place`: which of its relays this node is, -1 for none. */
  #near(
    { from, acks }: NewsSource,
    place: number,
    homeRelays: readonly Link[],
    home: readonly Link[],
  ): readonly Link[] {
    if (from === undefined) return [...homeRelays, ...home];
    const isFromHome = from.region === this.#self.region;
    const isCovered = isFromHome && this.#topology.isRelay(from);
    if (isCovered && (place < 0 || acks !== 'none')) return [];
    if (place >= 0) return [...homeRelays, ...home];
    return isFromHome ? this.#some([...homeRelays, ...home], CHANCE_LINKS) : homeRelays;
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
