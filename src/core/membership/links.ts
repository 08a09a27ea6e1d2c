/**
 * The open links of a node, as membership sees them: how slow each is, how much work it may cause.
 *
 * @module
 */

import type { NodeId } from '../ids.ts';
import { MEMBERS_MAX } from '../limits.ts';
import type { LinkId, PeerIdentity } from '../peer.ts';
import { Budget } from './budget.ts';
import type { MembershipConfig } from './config.ts';

/** Records that a link may make us verify per second, once its burst is used. */
const VERIFY_PER_SECOND = 20;
/** Records that a link may make us send per second, once its burst is used. */
const SERVE_PER_SECOND = 100;
/** Round trips after which the oldest are forgotten; between this and twice as many count. */
const RTT_WINDOW = 50;
/** Round trips before the fastest says how far away the peer is. */
const SAMPLES_MIN = 3;

/** What says whether a link to a member is missed. */
interface LinkedMember {
  readonly nodeId: NodeId;
  readonly unreachable: boolean;
  readonly isDoubtful: boolean;
}

/** One link. */
export class MemberLink {
  readonly linkId: LinkId;
  readonly peer: PeerIdentity;
  /** Signature checks; the burst is one whole table. */
  readonly verify: Budget = new Budget(MEMBERS_MAX, VERIFY_PER_SECOND);
  /** Records sent on request; the burst is two whole tables. */
  readonly serve: Budget = new Budget(2 * MEMBERS_MAX, SERVE_PER_SECOND);
  /** The last round trip; absent before the first. */
  rttMs: number | undefined;
  #slowestMs = 0;
  #slowestBeforeMs = 0;
  #nearestMs = Number.POSITIVE_INFINITY;
  #nearestBeforeMs = Number.POSITIVE_INFINITY;
  #samples = 0;

  constructor(linkId: LinkId, peer: PeerIdentity) {
    this.linkId = linkId;
    this.peer = peer;
  }

  /** The fastest of the last 50 to 100 round trips; absent before there were a few. */
  get fastestMs(): number | undefined {
    const isEarly = this.#nearestBeforeMs === Number.POSITIVE_INFINITY;
    if (isEarly && this.#samples < SAMPLES_MIN) return undefined;
    return Math.min(this.#nearestMs, this.#nearestBeforeMs);
  }

  /** Notes a round trip. */
  addRtt(rttMs: number): void {
    if (this.#samples === RTT_WINDOW) {
      this.#samples = 0;
      this.#slowestBeforeMs = this.#slowestMs;
      this.#slowestMs = 0;
      this.#nearestBeforeMs = this.#nearestMs;
      this.#nearestMs = Number.POSITIVE_INFINITY;
    }
    this.#samples += 1;
    this.rttMs = rttMs;
    if (rttMs > this.#slowestMs) this.#slowestMs = rttMs;
    if (rttMs < this.#nearestMs) this.#nearestMs = rttMs;
  }

  /**
   * How long to wait for an answer. The slowest of the last 50 to 100 round trips stands for their
   * 99th percentile: it is never below it, and costs two numbers.
   */
  timeoutMs(config: MembershipConfig): number {
    const slowestMs = Math.max(this.#slowestMs, this.#slowestBeforeMs);
    const { probeTimeoutMinMs, probeTimeoutMaxMs, probeTimeoutRtts } = config;
    return Math.min(probeTimeoutMaxMs, Math.max(probeTimeoutMinMs, probeTimeoutRtts * slowestMs));
  }
}

/** All links, at most one to a node. */
export class LinkTable {
  readonly #byId: Map<LinkId, MemberLink> = new Map();
  readonly #byNode: Map<NodeId, MemberLink> = new Map();
  readonly #list: MemberLink[] = [];
  /** Who should have a link here; absent: everybody. */
  wanted: ReadonlySet<NodeId> | undefined;

  /** In no particular order. */
  get list(): readonly MemberLink[] {
    return this.#list;
  }

  get(linkId: LinkId): MemberLink | undefined {
    return this.#byId.get(linkId);
  }

  /** Adds a link; an older one to the same node is forgotten. */
  add(linkId: LinkId, peer: PeerIdentity): MemberLink {
    const old = this.#byNode.get(peer.nodeId);
    if (old !== undefined) this.drop(old.linkId);
    const link = new MemberLink(linkId, peer);
    this.#byId.set(linkId, link);
    this.#byNode.set(peer.nodeId, link);
    this.#list.push(link);
    return link;
  }

  /** Forgets a link and returns it; nothing when it was replaced before. */
  drop(linkId: LinkId): MemberLink | undefined {
    const link = this.#byId.get(linkId);
    if (link === undefined) return undefined;
    this.#byId.delete(linkId);
    this.#byNode.delete(link.peer.nodeId);
    const last = this.#list.pop();
    if (last !== undefined && last !== link) this.#list[this.#list.indexOf(link)] = last;
    return link;
  }

  /** The link to a node. */
  to(nodeId: NodeId): MemberLink | undefined {
    return this.#byNode.get(nodeId);
  }

  /**
   * Says whether a member should have a link here and has lost it, or never got it. That a link
   * which nobody needs is gone says nothing about who was at the other end. Nobody needs one to a
   * doubtful member, and it is missed all the same: nobody else would find out.
   */
  misses(member: LinkedMember): boolean {
    if (!member.unreachable) return false;
    return member.isDoubtful || this.wanted?.has(member.nodeId) !== false;
  }

  /** Any link; `random` is uniform in [0, 1). */
  any(random: number): MemberLink | undefined {
    return this.#list[Math.floor(random * this.#list.length)];
  }
}
