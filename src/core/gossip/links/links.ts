/**
 * The links of one node: which are up, which of two to keep, what each peer said on its link.
 *
 * Both nodes of a pair may dial, so that one reachable direction is enough. Of two links between
 * the same nodes both ends keep the one that the smaller node id dialled; of two in the same
 * direction the newer one wins, since a peer opens a second one only when the first is dead for it.
 *
 * A peer that dials although this node holds a better link may have lost that one, in a restart or
 * on the way. Its link waits: it takes over when the peer greets as another process, or uses it,
 * which it would not do if it still had the better one.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import type { NodeId, RegionName, Sha256, StreamName } from '../../ids.ts';
import { PEERS_MAX, REGIONS_MAX, STREAMS_MAX } from '../../limits.ts';
import type { DialTarget, LinkId, PeerIdentity } from '../../peer.ts';
import type { Hello } from '../frames.ts';
import { RepairBudget } from '../repair/repair-budget.ts';
import type { Row } from '../rows.ts';

/** What is assumed of a link that was not measured yet: half around the earth and back. */
const RTT_UNKNOWN_MS = 300;
/** Pushes that a peer is spared before it gets one again. */
const SPARED_PUSHES = 64;

/** One open link and what its peer said on it. */
export class Link {
  readonly linkId: LinkId;
  readonly nodeId: NodeId;
  /** Where it was dialled; absent for one that the peer dialled. */
  readonly target: DialTarget | undefined;
  /** The peer's last root. */
  root: Sha256 | undefined;
  /** What the peer said it holds, by stream. */
  readonly held: Map<StreamName, Row> = new Map();
  readonly repairBudget: RepairBudget = new RepairBudget();
  /**
   * The counts of this node's mark that the peer was told last, and that it has; how often it was
   * shown one of its own.
   */
  readonly marks: { told: number; seen: number; shown: number } = { told: 0, seen: 0, shown: 0 };
  /** Regions of origin whose news the peer gets sooner by other ways; pushes left out since. */
  readonly #spared: Map<RegionName, number> = new Map();
  /** The last measured round trip, milliseconds. */
  measuredRttMs: number | undefined;
  #hello: Hello | undefined;

  constructor(linkId: LinkId, nodeId: NodeId, target: DialTarget | undefined) {
    this.linkId = linkId;
    this.nodeId = nodeId;
    this.target = target;
  }

  /** True once the peer's hello was accepted; nothing else is read or sent before. */
  get isReady(): boolean {
    return this.#hello !== undefined;
  }

  /** What the peer said of itself. Errors: `BUG` before its hello. */
  get hello(): Hello {
    if (this.#hello !== undefined) return this.#hello;
    throw new KedgeError('BUG', 'the peer has not greeted yet');
  }

  /** Who the peer is. Errors: `BUG` before its hello. */
  get peer(): PeerIdentity {
    return { nodeId: this.nodeId, region: this.region };
  }

  get region(): RegionName {
    return this.hello.region;
  }

  /** Says whether the peer takes frames about clients. */
  get takesAdoption(): boolean {
    return this.#hello?.adoption === true;
  }

  /** Says whether the peer takes rows that count clients by waves. */
  get takesWaveCounts(): boolean {
    return this.#hello?.waveCounts === true;
  }

  /** Says whether the peer takes frames about proposals. */
  get takesProposals(): boolean {
    return this.#hello?.proposals === true;
  }

  /** Says whether the peer keeps marks of stores. */
  get takesMarks(): boolean {
    return this.#hello?.marks === true;
  }

  /** Says whether the peer tells which lines by a key it holds. */
  get takesLines(): boolean {
    return this.#hello?.lines === true;
  }

  /** The round trip to reckon with, milliseconds: a long one until it was measured. */
  get rttMs(): number {
    return this.measuredRttMs ?? RTT_UNKNOWN_MS;
  }

  /** The peer's hello was accepted. */
  greeted(hello: Hello): void {
    this.#hello = hello;
  }

  /** What is submitted in this region reaches the peer sooner by other ways. */
  spare(origin: RegionName): void {
    if (this.#spared.size < REGIONS_MAX) this.#spared.set(origin, 0);
  }

  /** Says whether the peer wants this push from that region: ways change, so one of many again. */
  takesPush(origin: RegionName): boolean {
    const left = this.#spared.get(origin);
    if (left === undefined) return true;
    if (left + 1 < SPARED_PUSHES) this.#spared.set(origin, left + 1);
    else this.#spared.delete(origin);
    return false;
  }

  /** Notes what the peer holds; a bounded number of streams. */
  noteHeld(row: Row): void {
    if (this.held.size < STREAMS_MAX || this.held.has(row.stream)) this.held.set(row.stream, row);
  }

  /** The peer does not hold this, although it said so before. */
  forgetHeld({ stream, sequence, digest }: Row): void {
    const held = this.held.get(stream);
    if (held?.sequence === sequence && held.digest === digest) this.held.delete(stream);
  }
}

/** What to do with a link that just came up. */
export type Admission =
  | { readonly kind: 'keep'; readonly link: Link; readonly replaces?: Link }
  /** There is a better one, which may be dead for the peer; `replaces` waited before. */
  | { readonly kind: 'wait'; readonly link: Link; readonly replaces?: Link }
  | { readonly kind: 'refuse'; readonly error: KedgeError };

/** The open links of one node, at most one to a peer, and one that waits to take its place. */
export class LinkTable {
  readonly #self: NodeId;
  readonly #byId: Map<LinkId, Link> = new Map();
  readonly #byNode: Map<NodeId, Link> = new Map();
  readonly #waiting: Map<NodeId, Link> = new Map();
  /** All links, when all are ready. */
  #ready: readonly Link[] | undefined;

  constructor(self: NodeId) {
    this.#self = self;
  }

  get(linkId: LinkId): Link | undefined {
    return this.#byId.get(linkId);
  }

  to(nodeId: NodeId): Link | undefined {
    return this.#byNode.get(nodeId);
  }

  /** Links whose hello was accepted. */
  ready(): readonly Link[] {
    if (this.#ready !== undefined) return this.#ready;
    const ready = [...this.#byNode.values()].filter((link) => link.isReady);
    // While one has not greeted, the next look may find more.
    if (ready.length === this.#byNode.size) this.#ready = ready;
    return ready;
  }

  /** Links whose peer has not greeted yet, also those that wait. */
  ungreeted(): readonly Link[] {
    return [...this.#byId.values()].filter((link) => !link.isReady);
  }

  /** Says whether a link waits behind a better one. */
  isWaiting({ nodeId, linkId }: Link): boolean {
    return this.#waiting.get(nodeId)?.linkId === linkId;
  }

  /** Decides about a new link. */
  admit(linkId: LinkId, nodeId: NodeId, target: DialTarget | undefined): Admission {
    const old = this.#byNode.get(nodeId);
    const problem = this.#problem(nodeId, old, target);
    if (problem !== undefined) return { kind: 'refuse', error: problem };
    const link = new Link(linkId, nodeId, target);
    this.#ready = undefined;
    this.#byId.set(linkId, link);
    const isBehind = old !== undefined && this.#isBetter(old, target);
    const places = isBehind ? this.#waiting : this.#byNode;
    const replaces = places.get(nodeId);
    places.set(nodeId, link);
    if (replaces !== undefined) this.#byId.delete(replaces.linkId);
    const kind = isBehind ? 'wait' : 'keep';
    return replaces === undefined ? { kind, link } : { kind, link, replaces };
  }

  /** A link that waited takes over; returns the one whose place it takes. */
  takeOver(link: Link): Link | undefined {
    const old = this.#byNode.get(link.nodeId);
    this.#waiting.delete(link.nodeId);
    this.#byNode.set(link.nodeId, link);
    if (old !== undefined) this.#byId.delete(old.linkId);
    this.#ready = undefined;
    return old;
  }

  /** Forgets a link and returns it; nothing when it was replaced before. */
  drop(linkId: LinkId): Link | undefined {
    const link = this.#byId.get(linkId);
    if (link === undefined) return undefined;
    this.#byId.delete(linkId);
    if (this.isWaiting(link)) this.#waiting.delete(link.nodeId);
    else this.#byNode.delete(link.nodeId);
    this.#ready = undefined;
    return link;
  }

  /** The link that waits for a place at a peer. */
  waitingFor(nodeId: NodeId): Link | undefined {
    return this.#waiting.get(nodeId);
  }

  #problem(
    nodeId: NodeId,
    old: Link | undefined,
    target: DialTarget | undefined,
  ): KedgeError | undefined {
    if (nodeId === this.#self) {
      return new KedgeError(
        'CONFLICT',
        `this is ${nodeId} itself, or another node with its name: names must be unique`,
      );
    }
    if (old === undefined) {
      if (this.#byNode.size < PEERS_MAX) return undefined;
      return new KedgeError('LIMIT', `this node has ${String(PEERS_MAX)} links already`);
    }
    // The peer got the better one before this dial came through, or this dial would have.
    if (target === undefined || !this.#isBetter(old, target)) return undefined;
    return new KedgeError('CONFLICT', 'these nodes have a better link already');
  }

  /** True for a link that the smaller node id dialled, beside one that the other dialled. */
  #isBetter(old: Link, target: DialTarget | undefined): boolean {
    const isSameWay = (old.target === undefined) === (target === undefined);
    const selfIsSmaller = this.#self < old.nodeId;
    return !isSameWay && (old.target !== undefined) === selfIsSmaller;
  }
}
