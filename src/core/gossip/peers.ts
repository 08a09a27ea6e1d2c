/**
 * The table of configured peers and their links: which one is up, which of two to keep, when to
 * dial again, how much one peer may get wrong.
 *
 * Both nodes of a pair dial, so that one reachable direction is enough. Of two links between the
 * same nodes both ends keep the one that the smaller node id dialled; of two in the same direction
 * the newer one wins, since a peer opens a second one only when the first is dead for it.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { NodeId, Sha256, StreamName } from '../ids.ts';
import { STREAMS_MAX } from '../limits.ts';
import type { LinkDirection, LinkId, PeerIdentity } from './events.ts';
import type { Row } from './frames.ts';
import { RepairBudget } from './repair-budget.ts';

/** The first wait before a peer is dialled again, milliseconds; doubles up to the maximum. */
export const DIAL_MIN_MS: number = 250;
/** The longest wait before a peer is dialled again, milliseconds; it is dialled for ever. */
export const DIAL_MAX_MS: number = 15_000;
/** Faults that a link may cause before it is closed. */
export const LINK_FAULTS_MAX: number = 16;

/** One open link and what its peer said on it. */
export class Link {
  readonly linkId: LinkId;
  readonly peer: PeerIdentity;
  readonly direction: LinkDirection;
  /** True once the peer's hello was accepted; nothing else is read or sent before. */
  ready: boolean = false;
  /** The peer's boot id, from its hello. */
  bootId: string = '';
  /** The peer's last root. */
  root: Sha256 | undefined;
  readonly repairBudget: RepairBudget = new RepairBudget();
  /** What the peer said it holds, by stream. */
  readonly held: Map<StreamName, Row> = new Map();
  #faults = 0;

  constructor(linkId: LinkId, peer: PeerIdentity, direction: LinkDirection) {
    this.linkId = linkId;
    this.peer = peer;
    this.direction = direction;
  }

  /** Notes what the peer holds; a bounded number of streams. */
  noteHeld(row: Row): void {
    if (this.held.size < STREAMS_MAX || this.held.has(row.stream)) this.held.set(row.stream, row);
  }

  /** Counts a fault that only the peer can have caused; says whether it was one too many. */
  fault(): 'bear' | 'close' {
    this.#faults += 1;
    return this.#faults >= LINK_FAULTS_MAX ? 'close' : 'bear';
  }
}

/** A configured peer. */
interface Peer {
  link: Link | undefined;
  attempts: number;
}

/** What to do with a link that just came up. */
export type Admission =
  | { readonly kind: 'keep'; readonly link: Link; readonly replaces?: Link }
  | { readonly kind: 'refuse'; readonly error: KedgeError };

/** The peers of one node. */
export class PeerTable {
  readonly #self: NodeId;
  readonly #peers: Map<NodeId, Peer>;
  readonly #links: Map<LinkId, Link> = new Map();

  constructor(self: NodeId, peers: Iterable<NodeId>) {
    this.#self = self;
    this.#peers = new Map([...peers].map((id) => [id, { link: undefined, attempts: 0 }]));
  }

  nodeIds(): readonly NodeId[] {
    return [...this.#peers.keys()];
  }

  link(linkId: LinkId): Link | undefined {
    return this.#links.get(linkId);
  }

  linkTo(nodeId: NodeId): Link | undefined {
    return this.#peers.get(nodeId)?.link;
  }

  /** Links whose hello was accepted. */
  ready(): readonly Link[] {
    return [...this.#links.values()].filter((link) => link.ready);
  }

  /** Decides about a new link; a peer that is not configured is refused. */
  admit(linkId: LinkId, identity: PeerIdentity, direction: LinkDirection): Admission {
    const peer = this.#peers.get(identity.nodeId);
    if (peer === undefined) {
      const error = new KedgeError('ACCESS', `${identity.nodeId} is not a configured peer`);
      return { kind: 'refuse', error };
    }
    const old = peer.link;
    if (old !== undefined && old.direction !== direction && this.#prefers(old)) {
      const error = new KedgeError('CONFLICT', 'these nodes have a better link already');
      return { kind: 'refuse', error };
    }
    const link = new Link(linkId, identity, direction);
    if (old !== undefined) this.#links.delete(old.linkId);
    peer.link = link;
    this.#links.set(linkId, link);
    return old === undefined ? { kind: 'keep', link } : { kind: 'keep', link, replaces: old };
  }

  /** Forgets a link; returns its peer when that one has no link any more. */
  drop(linkId: LinkId): NodeId | undefined {
    const link = this.#links.get(linkId);
    if (link === undefined) return undefined;
    this.#links.delete(linkId);
    const peer = this.#peers.get(link.peer.nodeId);
    if (peer === undefined || peer.link !== link) return undefined;
    peer.link = undefined;
    return link.peer.nodeId;
  }

  /** The peer answered: the next dial starts from the shortest wait. */
  reached(nodeId: NodeId): void {
    const peer = this.#peers.get(nodeId);
    if (peer !== undefined) peer.attempts = 0;
  }

  /** How long to wait before the next dial, with full jitter from `random` in [0, 1). */
  nextDialMs(nodeId: NodeId, random: number): number {
    const peer = this.#peers.get(nodeId);
    if (peer === undefined) return DIAL_MAX_MS;
    const cap = Math.min(DIAL_MAX_MS, DIAL_MIN_MS * 2 ** Math.min(peer.attempts, 16));
    peer.attempts += 1;
    return Math.round(cap / 2 + (cap / 2) * random);
  }

  /** True for the link that the smaller node id dialled. */
  #prefers(link: Link): boolean {
    const selfIsSmaller = this.#self < link.peer.nodeId;
    return (link.direction === 'dialled') === selfIsSmaller;
  }
}
