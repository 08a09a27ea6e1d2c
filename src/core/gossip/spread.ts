/**
 * To whom news is pushed, and in which order: one hop over a WAN from the origin to everybody.
 *
 * 1. The origin, and whoever has it from another region: the relays of its own region, then all
 *    its links there. A relay does the same, wherever it has it from.
 * 2. Relay number j of the origin's region: relay number j of every other region, farthest first.
 * 3. Everybody: the links across regions that do not join two relays, so that nothing depends on
 *    relays alone, and 2 links of its own region by chance.
 *
 * Who hears nothing of all that learns of it by an acknowledgement, or by repair. Source:
 * docs/replication.md.
 *
 * @module
 */
import type { RegionName } from '../ids.ts';
import type { PeerIdentity } from '../peer.ts';
import type { Topology } from '../topology/topology.ts';
import type { Link, LinkTable } from './links.ts';

/** Links of the own region that a node pushes to when others push to all. */
const CHANCE_LINKS = 2;

/** Where news comes from. */
export interface NewsSource {
  /** Who brought it; absent when it was submitted here. */
  readonly from?: PeerIdentity;
  /** The region in which it was submitted. */
  readonly origin: RegionName;
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
  targets({ from, origin }: NewsSource): readonly Link[] {
    const { region, nodeId } = this.#self;
    const relays = this.#topology.relaysOf(region);
    const place = relays.indexOf(nodeId);
    const home: Link[] = [];
    const homeRelays: Link[] = [];
    const across: Link[] = [];
    const farRelays: Link[] = [];
    for (const link of this.#links.ready()) {
      if (link.nodeId === from?.nodeId) continue;
      if (link.region === region) (relays.includes(link.nodeId) ? homeRelays : home).push(link);
      else if (place >= 0 && origin === region && this.#isCounterpart(link, place)) {
        farRelays.push(link);
      } else if (this.#joinsRegions(link, place)) across.push(link);
    }
    farRelays.sort((a, b) => b.rttMs - a.rttMs);
    const isFirstHere = from === undefined || from.region !== region || place >= 0;
    const near = isFirstHere ? [...homeRelays, ...home] : this.#some([...homeRelays, ...home]);
    return [...farRelays, ...near, ...across];
  }

  /** True for relay number `place` of another region, or its last one where it has fewer. */
  #isCounterpart({ nodeId, region }: Link, place: number): boolean {
    const relays = this.#topology.relaysOf(region);
    return relays.indexOf(nodeId) === Math.min(place, relays.length - 1);
  }

  /** A link across regions that one of the two nodes chose, not one between relays. */
  #joinsRegions(link: Link, place: number): boolean {
    if (this.#topology.crossLinks().has(link.nodeId)) return true;
    return place < 0 || !this.#topology.isRelay(link.peer);
  }

  #some(links: Link[]): readonly Link[] {
    const chosen: Link[] = [];
    while (chosen.length < CHANCE_LINKS && links.length > 0) {
      const [link] = links.splice(Math.floor(this.#random() * links.length), 1);
      if (link !== undefined) chosen.push(link);
    }
    return chosen;
  }
}
