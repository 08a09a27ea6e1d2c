/**
 * The other nodes: what membership finds out about them, and what follows for links.
 *
 * Membership says who is alive, topology computes from that who should be linked to whom, and the
 * dialer makes it so. A link that only this node made and that nobody wants any more is closed.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import type { NodeId } from '../../ids.ts';
import type {
  MembershipEffect,
  MembershipEvent,
  MembershipNotice,
  MembershipSnapshot,
} from '../../membership/events.ts';
import { MembershipMachine, type MembershipOptions } from '../../membership/machine.ts';
import type { MemberDoubt, MemberState, MemberView } from '../../membership/view.ts';
import type { DialTarget, PeerIdentity } from '../../peer.ts';
import { type MeasuredPeer, RegionLabels } from '../../topology/region-labels.ts';
import type { Topology } from '../../topology/topology.ts';
import type { Outbox } from '../outbox.ts';
import type { Surroundings } from '../restored/serving.ts';
import type { Dialer } from './dialer.ts';
import type { Link, LinkTable } from './links.ts';

/** Ticks after which a link that nobody wants is closed. */
const UNWANTED_TICKS = 30;

/** A node as another one sees it. */
export interface NeighbourView extends PeerIdentity {
  readonly address: string;
  readonly state: MemberState;
  readonly role: 'relay' | 'ordinary';
  /** The ready link to it. */
  readonly link: Link | undefined;
  readonly wanted: 'wanted' | 'not-wanted';
  /** What is hard to believe of it; advice, no more. */
  readonly doubt: MemberDoubt | undefined;
  readonly software: MemberView['signed']['software'];
}

/** What neighbours are made of. */
export interface NeighboursParts {
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly dialer: Dialer;
  readonly topology: Topology;
  readonly membership: MembershipOptions;
}

/** All nodes that one node knows. */
export class Neighbours {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #dialer: Dialer;
  readonly #topology: Topology;
  readonly #membership: MembershipMachine;
  /** The version of the topology that the dialer knows. */
  #wantedVersion = -1;
  /** Other members that have not left. */
  readonly #known: Set<NodeId> = new Set();
  readonly #unwantedTicks: Map<NodeId, number> = new Map();
  readonly #labels: RegionLabels;

  constructor({ outbox, links, dialer, topology, membership }: NeighboursParts) {
    this.#outbox = outbox;
    this.#links = links;
    this.#dialer = dialer;
    this.#topology = topology;
    this.#membership = new MembershipMachine(membership);
    this.#labels = new RegionLabels(membership.self);
    for (const member of this.#membership.members()) this.#place(member);
  }

  /**
   * Tells membership what happened, and carries out what it asks for. Errors: what speaks against
   * a frame; all else that followed from it is done.
   */
  handle(event: MembershipEvent, monotonicMs: number): void {
    let refusal: KedgeError | undefined;
    for (const effect of this.#membership.handle(event, monotonicMs)) {
      // Membership bears what a peer gets wrong; its link does not bear it without end.
      if (effect.kind === 'notice' && isFault(effect.notice)) refusal ??= effect.notice.error;
      else this.#perform(effect);
    }
    if (event.kind === 'frame' && event.frame.kind === 'ack') this.#measure(event.linkId);
    this.#follow(monotonicMs);
    if (refusal !== undefined) throw refusal;
  }

  linkUp({ linkId, peer }: Link, monotonicMs: number): void {
    this.#topology.meet(peer);
    this.handle({ kind: 'link-up', linkId, peer }, monotonicMs);
  }

  linkDown({ linkId }: Link, monotonicMs: number): void {
    this.handle({ kind: 'link-down', linkId }, monotonicMs);
  }

  /** A dial came to nothing; membership wants to know when it was to somebody. */
  dialFailed({ nodeId }: DialTarget, monotonicMs: number): void {
    if (nodeId !== undefined) this.handle({ kind: 'dial-failed', nodeId }, monotonicMs);
  }

  /** Called at a steady pace: compares labels, lets relays change, closes links in excess. */
  tick(): void {
    this.#compareLabels();
    this.#dialer.tick(this.#topology.observe());
    // Whom this node is told to link to instead may not exist: what works stays until that does.
    if (this.#isLinkedAsWanted()) for (const link of this.#links.ready()) this.#age(link);
  }

  /** Everybody known, this node included. */
  view(): readonly NeighbourView[] {
    return Array.from(this.#membership.members(), (member) => {
      const { nodeId, region, address } = member.record;
      const link = this.#links.to(nodeId);
      return {
        nodeId,
        region,
        address,
        state: member.state,
        role: this.#topology.isRelay({ nodeId, region }) ? 'relay' : 'ordinary',
        link: link?.isReady === true ? link : undefined,
        wanted: this.#topology.links().has(nodeId) ? 'wanted' : 'not-wanted',
        doubt: this.#membership.isDoubtful(nodeId) ? 'unproven' : this.#labels.doubt(nodeId),
        software: member.signed.software,
      };
    });
  }

  /** A member, as this node sees it; this node included. */
  member(nodeId: NodeId): MemberView | undefined {
    return this.#membership.member(nodeId);
  }

  /** How many others are there, as far as this node knows. */
  countPresent(): number {
    let count = -1;
    for (const { record, state } of this.#membership.members()) {
      const isThere = state === 'alive' || state === 'suspect';
      if (isThere && !this.#membership.isDoubtful(record.nodeId)) count += 1;
    }
    return Math.max(0, count);
  }

  /** Behind how many silent seeds is nobody that is known, gone or not. */
  countHidden(): number {
    const { silentSeeds, silent } = this.#dialer;
    if (silentSeeds === 0 || silent.length === 0) return silentSeeds;
    const hidden = new Set(silent);
    for (const { record } of this.#membership.members()) {
      if (!this.#membership.isDoubtful(record.nodeId)) hidden.delete(record.address);
    }
    return hidden.size;
  }

  /** How many others have not left, beside one of them. */
  countBeside(one: NodeId): number {
    let count = this.#known.size - (this.#known.has(one) ? 1 : 0);
    for (const nodeId of this.#unknown()) if (nodeId !== one) count += 1;
    return count;
  }

  /** Who has a link here or answered at a seed before membership heard of them; mostly nobody. */
  #unknown(): ReadonlySet<NodeId> {
    const self = this.#membership.self.record.nodeId;
    const unknown = new Set<NodeId>();
    const note = (nodeId: NodeId): void => {
      if (this.#known.has(nodeId) || nodeId === self) return;
      if (this.#membership.member(nodeId)?.state !== 'left') unknown.add(nodeId);
    };
    for (const nodeId of this.#dialer.met) note(nodeId);
    for (const { nodeId } of this.#links.ready()) note(nodeId);
    return unknown;
  }

  /** All others that have not left, and those of them with which this one should compare. */
  around(): Pick<Surroundings, 'known' | 'needed'> {
    // Who has a link here, or answered at a seed, is somebody before membership knows more.
    const known = new Set<NodeId>(this.#dialer.met);
    for (const { nodeId } of this.#links.ready()) known.add(nodeId);
    const needed = new Set(known);
    for (const { record, state } of this.#membership.members()) {
      const { nodeId } = record;
      if (state === 'left') known.delete(nodeId);
      else known.add(nodeId);
      // One that is doubtful may be somebody all the same: who must not show an old store waits.
      const isLost = state === 'failed' || this.#membership.isDoubtful(nodeId);
      if (isLost || this.#topology.links().has(nodeId)) needed.add(nodeId);
      else needed.delete(nodeId);
    }
    const self = this.#membership.self.record.nodeId;
    known.delete(self);
    needed.delete(self);
    return { known, needed };
  }

  /** What is worth remembering across a restart, and a number that grows when it changes. */
  memory(): { readonly version: number; readonly snapshot: () => MembershipSnapshot } {
    const { version } = this.#membership;
    return { version, snapshot: () => this.#membership.snapshot() };
  }

  #perform(effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'send':
      case 'arm':
        return this.#outbox.emit(effect);
      case 'changed':
        return this.#place(effect.member);
      case 'removed':
        this.#known.delete(effect.member.record.nodeId);
        this.#labels.forget(effect.member.record.nodeId);
        return this.#topology.remove(effect.member.record);
      case 'self':
        return;
      case 'dial': {
        const { nodeId, address } = effect;
        if (this.#links.to(nodeId) !== undefined) return;
        return this.#outbox.emit({ kind: 'dial', target: { nodeId, address } });
      }
      case 'notice':
        return this.#outbox.notice(effect.notice);
    }
  }

  #place({ record, state }: MemberView): void {
    const { nodeId } = record;
    if (state === 'left') this.#known.delete(nodeId);
    else if (nodeId !== this.#membership.self.record.nodeId) this.#known.add(nodeId);
    const isAlive = state === 'alive' || state === 'suspect';
    if (!isAlive || this.#membership.isDoubtful(nodeId)) return this.#topology.remove(record);
    this.#topology.add(record, this.#membership.isMet(nodeId) ? 'met' : 'unmet');
  }

  /** Compares what nodes say of their region with how far away they are. */
  #compareLabels(): void {
    const peers: MeasuredPeer[] = [];
    for (const { linkId, nodeId, region } of this.#links.ready()) {
      const fastestMs = this.#membership.link(linkId)?.fastestMs;
      if (fastestMs !== undefined) peers.push({ nodeId, region, fastestMs });
    }
    const changes = this.#labels.observe(peers);
    if (changes.length === 0) return;
    for (const change of changes) this.#outbox.notice({ kind: 'label', ...change });
    this.#topology.avoid(this.#labels.avoided);
  }

  #measure(linkId: Link['linkId']): void {
    const link = this.#links.get(linkId);
    const rttMs = this.#membership.link(linkId)?.rttMs;
    if (link !== undefined && rttMs !== undefined) link.measuredRttMs = rttMs;
  }

  /** Tells the dialer and membership when the topology is another one. */
  #follow(monotonicMs: number): void {
    if (this.#topology.version === this.#wantedVersion) return;
    this.#wantedVersion = this.#topology.version;
    const wanted = new Map<NodeId, string>();
    for (const nodeId of this.#topology.links()) {
      const member = this.#membership.member(nodeId);
      if (member !== undefined) wanted.set(nodeId, member.record.address);
    }
    this.#dialer.want(wanted);
    const { region } = this.#membership.self.record;
    const places = { nodeIds: this.#topology.relaysOf(region), wanted: this.#topology.links() };
    const effects = this.#membership.handle({ kind: 'relays', ...places }, monotonicMs);
    for (const effect of effects) this.#perform(effect);
  }

  #isLinkedAsWanted(): boolean {
    for (const nodeId of this.#topology.links()) {
      if (this.#links.to(nodeId)?.isReady !== true) return false;
    }
    return true;
  }

  #age({ nodeId, target, linkId }: Link): void {
    if (target === undefined || this.#topology.links().has(nodeId)) {
      this.#unwantedTicks.delete(nodeId);
      return;
    }
    const ticks = (this.#unwantedTicks.get(nodeId) ?? 0) + 1;
    this.#unwantedTicks.set(nodeId, ticks);
    if (ticks < UNWANTED_TICKS) return;
    this.#unwantedTicks.delete(nodeId);
    const error = new KedgeError('UNAVAILABLE', 'this link is not needed any more');
    this.#outbox.emit({ kind: 'close', linkId, error });
  }
}

/** Something that no honest peer sends; another key, or too much at once, may be honest. */
function isFault(
  notice: MembershipNotice,
): notice is Extract<MembershipNotice, { readonly kind: 'refused' }> {
  if (notice.kind !== 'refused') return false;
  return notice.error.code !== 'CONFLICT' && notice.error.code !== 'LIMIT';
}
