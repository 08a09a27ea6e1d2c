/**
 * The replication machine of one node: `handle(event, nowMs) → effects`.
 *
 * No I/O, clock or randomness here: time comes with the event, jitter from the `random` that the
 * driver gives. Its parts: `peers.ts` knows the links, `replica.ts` takes statements in,
 * `fetching.ts` asks for what is missing, `repair.ts` compares two nodes. This file reads the
 * events and the frames and says which part acts. Source: docs/replication.md.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, type NodeId, type Sha256, type StreamName } from '../ids.ts';
import { forked, forkOf, type TrustedState } from '../trusted/state.ts';
import type { GossipEffect, GossipEvent, Recall, Timer } from './events.ts';
import { Fetching } from './fetching.ts';
import type { Frame, Hello, Push, Row } from './frames.ts';
import { helloProblem } from './hello.ts';
import { Outbox } from './outbox.ts';
import { type Link, PeerTable } from './peers.ts';
import { REPAIR_INTERVAL_MS, Repair } from './repair.ts';
import { Replica } from './replica.ts';

/** What a machine is made of. */
export interface GossipOptions {
  readonly self: Hello;
  /** The peers to dial and to accept; never contains the node itself. */
  readonly peers: readonly NodeId[];
  /** The state that the store held at start. */
  readonly state: TrustedState;
  /** Uniform in [0, 1): jitter only, never a decision about trust. */
  readonly random: () => number;
}

type EventOf<Kind extends GossipEvent['kind']> = Extract<GossipEvent, { readonly kind: Kind }>;
type FrameOf<Kind extends Frame['kind']> = Extract<Frame, { readonly kind: Kind }>;

/** One node's replication state. Not re-entrant: one event at a time. */
export class GossipMachine {
  readonly #self: Hello;
  readonly #random: () => number;
  readonly #outbox: Outbox = new Outbox();
  readonly #peers: PeerTable;
  readonly #replica: Replica;
  readonly #fetching: Fetching;
  readonly #repair: Repair;

  constructor(options: GossipOptions) {
    this.#self = options.self;
    this.#random = options.random;
    this.#peers = new PeerTable(options.self.nodeId, options.peers);
    this.#replica = new Replica(this.#outbox, this.#peers, options.state);
    this.#fetching = new Fetching(this.#outbox, this.#peers, this.#replica);
    this.#repair = new Repair(this.#outbox, this.#peers, this.#replica, this.#fetching);
  }

  /** What is verified and on disk: all that may be served. */
  get durable(): TrustedState {
    return this.#replica.durable;
  }

  /** What the next statement is judged against; ahead of `durable` while a batch is written. */
  get verified(): TrustedState {
    return this.#replica.verified;
  }

  /** The summary of all durable rows. */
  get root(): { readonly root: Sha256; readonly count: number } {
    const { root, rows } = this.#replica.rows;
    return { root, count: rows.size };
  }

  /** Peers with a ready link, and the last root that each told on it. */
  peerRoots(): ReadonlyMap<NodeId, Sha256 | undefined> {
    return new Map(this.#peers.ready().map((link) => [link.peer.nodeId, link.root]));
  }

  /** Takes one event; returns what the driver has to do, in order. A refusal never throws. */
  handle(event: GossipEvent, nowMs: number): readonly GossipEffect[] {
    this.#dispatch(event, nowMs);
    return this.#outbox.take();
  }

  #dispatch(event: GossipEvent, nowMs: number): void {
    switch (event.kind) {
      case 'start':
        return this.#start();
      case 'link-up':
        return this.#linkUp(event);
      case 'link-down':
        return this.#redial(this.#peers.drop(event.linkId));
      case 'dial-failed':
        return this.#redial(event.nodeId);
      case 'frame':
        return this.#frame(event, nowMs);
      case 'submit': {
        const { requestId, document, blobs, recall } = event;
        return this.#replica.submit(requestId, document, blobs, recall, nowMs);
      }
      case 'fetch-item':
        return this.#fetching.item(event.fetchId, event.item, event.recall, nowMs);
      case 'fetch-end':
        return this.#fetching.end(event.fetchId, event.error, nowMs);
      case 'persisted':
        return this.#fetching.wantAgain(this.#replica.persisted(event.batchId), nowMs);
      case 'persist-failed':
        return this.#replica.persistFailed(event.error);
      case 'timer':
        return this.#timer(event.timer);
    }
  }

  // Links: dial, admit, greet.

  #start(): void {
    for (const nodeId of this.#peers.nodeIds()) this.#outbox.emit({ kind: 'dial', nodeId });
    this.#outbox.arm({ name: 'repair' }, REPAIR_INTERVAL_MS * this.#random());
  }

  #timer(timer: Timer): void {
    switch (timer.name) {
      case 'repair': {
        this.#repair.tick();
        return this.#outbox.arm(timer, REPAIR_INTERVAL_MS);
      }
      case 'dial': {
        const { nodeId } = timer;
        if (this.#peers.linkTo(nodeId) === undefined) this.#outbox.emit({ kind: 'dial', nodeId });
      }
    }
  }

  #redial(nodeId: NodeId | undefined): void {
    if (nodeId === undefined || this.#peers.linkTo(nodeId) !== undefined) return;
    this.#outbox.arm({ name: 'dial', nodeId }, this.#peers.nextDialMs(nodeId, this.#random()));
  }

  #linkUp({ linkId, peer, direction }: EventOf<'link-up'>): void {
    const admission = this.#peers.admit(linkId, peer, direction);
    if (admission.kind === 'refuse') {
      return this.#outbox.emit({ kind: 'close', linkId, error: admission.error });
    }
    if (admission.replaces !== undefined) {
      const error = new KedgeError('CONFLICT', 'replaced by another link of the same nodes');
      this.#outbox.close(admission.replaces, error);
    }
    this.#outbox.send(admission.link, { kind: 'hello', hello: this.#self });
  }

  #hello(link: Link, hello: Hello): void {
    const problem = helloProblem(this.#self, hello, link.peer);
    if (problem !== undefined) return this.#hangUp(link, problem);
    link.ready = true;
    link.bootId = hello.bootId;
    this.#peers.reached(link.peer.nodeId);
    this.#outbox.notice({ kind: 'link-ready', peer: link.peer });
    this.#repair.show(link, 'answer');
  }

  #hangUp(link: Link, error: KedgeError): void {
    this.#outbox.notice({ kind: 'refused', from: link.peer.nodeId, error });
    this.#outbox.close(link, error);
    this.#redial(this.#peers.drop(link.linkId));
  }

  // Frames.

  #frame({ linkId, frame, recall }: EventOf<'frame'>, nowMs: number): void {
    const link = this.#peers.link(linkId);
    if (link === undefined) return;
    if (frame.kind === 'hello' && !link.ready) return this.#hello(link, frame.hello);
    if (frame.kind === 'hello' || !link.ready) {
      return this.#hangUp(link, new KedgeError('PARSE', 'hello must be first, and only once'));
    }
    try {
      this.#readyFrame(link, frame, recall, nowMs);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (link.fault() === 'close') return this.#hangUp(link, error);
      this.#outbox.notice({ kind: 'refused', from: link.peer.nodeId, error });
    }
  }

  #readyFrame(
    link: Link,
    frame: Exclude<Frame, FrameOf<'hello'>>,
    recall: Recall,
    nowMs: number,
  ): void {
    const { nodeId } = link.peer;
    switch (frame.kind) {
      case 'push':
        return this.#push(link, frame.push, recall, nowMs);
      case 'held':
        link.noteHeld(frame.row);
        if (frame.revision !== undefined) this.#repair.acknowledged(link, frame.revision);
        return this.#fetching.want({ nodeId, row: frame.row }, nowMs);
      case 'digest':
        return this.#repair.digest(link, frame.digest);
      case 'rows-ask':
        return this.#repair.rowsAsk(link, frame.since);
      case 'tree':
        return this.#repair.tree(link, frame.nodes);
      case 'rows':
        return this.#repair.rows(link, frame.rows, nowMs);
      case 'fork':
        return this.#fetching.takeEvidence(nodeId, frame.evidence, recall, nowMs);
    }
  }

  #push(link: Link, push: Push, recall: Recall, nowMs: number): void {
    const { nodeId } = link.peer;
    const opened = this.#replica.open(push);
    link.noteHeld(opened.row);
    if (opened.kind === 'gap') return this.#pushBeyond(link, opened.row, nowMs);
    try {
      const { document, blobs } = opened;
      const fork = this.#replica.receive([document], blobs, recall, nodeId, nowMs);
      this.#fetching.wantBeneath(nodeId, fork, nowMs);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.code === 'FORK') this.#tellFork(link, opened.row.stream);
      if (!this.#fetching.wantMissing(nodeId, push.statement.payload, error, nowMs)) throw error;
    }
  }

  /** What lies between is fetched; beyond a fork there is nothing to fetch. */
  #pushBeyond(link: Link, row: Row, nowMs: number): void {
    const evidence = forkOf(this.#replica.verified, row.stream);
    if (evidence === undefined) {
      return this.#fetching.want({ nodeId: link.peer.nodeId, row }, nowMs);
    }
    this.#tellFork(link, row.stream);
    throw forked(evidence);
  }

  /** A peer that goes on with a stopped stream has not heard of the fork. */
  #tellFork(link: Link, stream: StreamName): void {
    const { verified } = this.#replica;
    const evidence = forkOf(verified, stream) ?? forkOf(verified, CHARTER_STREAM);
    if (evidence !== undefined) this.#outbox.send(link, { kind: 'fork', evidence });
  }
}
