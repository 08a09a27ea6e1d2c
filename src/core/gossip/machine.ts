/**
 * The machine of one node: `handle(event, nowMs, monotonicMs) → effects`.
 *
 * No I/O, clock or randomness here: time comes with the event, jitter from the driver's `random`.
 * Parts: `connecting.ts` makes links, `neighbours.ts` knows nodes, `replica.ts` takes statements,
 * `fetching.ts` asks, `repair.ts` compares, `reading.ts` reads. Here: who takes which event.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { NodeId, Sha256 } from '../ids.ts';
import type { MemberView } from '../membership/view.ts';
import { Topology } from '../topology/topology.ts';
import type { TrustedState } from '../trusted/state.ts';
import { Adoption } from './adoption.ts';
import { Attestations } from './attestations.ts';
import type { GossipEffect, GossipEvent } from './events.ts';
import { Fetching } from './fetching/fetching.ts';
import { Conduct, type PeerConduct } from './links/conduct.ts';
import { Connecting } from './links/connecting.ts';
import { Dialer } from './links/dialer.ts';
import { type Link, LinkTable } from './links/links.ts';
import { Neighbours, type NeighbourView } from './links/neighbours.ts';
import type { GossipOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import { Proposals } from './proposals/proposals.ts';
import { Reading } from './reading.ts';
import { REPAIR_INTERVAL_MS, Repair } from './repair/repair.ts';
import { Replica } from './replica/replica.ts';
import { Spread } from './replica/spread.ts';
import { Replication } from './replication.ts';
import { Holding } from './restored/holding.ts';
import { Marks } from './restored/marks.ts';
import { OwnLines } from './restored/own-lines.ts';
import { Serving } from './restored/serving.ts';
import type { Timer } from './timer.ts';

export type { GossipOptions };

type FrameEvent = Extract<GossipEvent, { readonly kind: 'frame' }>;

/** One node's replication state. Not re-entrant: one event at a time. */
export class GossipMachine {
  readonly #outbox: Outbox = new Outbox();
  readonly #links: LinkTable;
  readonly #connecting: Connecting;
  readonly #dialer: Dialer;
  readonly #neighbours: Neighbours;
  readonly #replica: Replica;
  readonly #fetching: Fetching;
  readonly #reading: Reading;
  readonly #repair: Repair;
  readonly #conduct: Conduct = new Conduct();
  readonly #attestations: Attestations;
  readonly #adoption: Adoption;
  readonly #proposals: Proposals;
  readonly #holding: Holding;
  readonly #marks: Marks;
  readonly #random: () => number;

  /** Errors: those of `MembershipMachine`. */
  constructor(options: GossipOptions) {
    const { self, hasSeeds, membership, state, random } = options;
    const outbox = this.#outbox;
    const links = new LinkTable(self.nodeId);
    const topology = new Topology(self);
    const dialer = new Dialer({
      outbox,
      links,
      selfId: self.nodeId,
      self: self.address,
      hasSeeds,
      isAlive: (nodeId) => topology.has(nodeId),
      random,
      refusedForMs: (nodeId) => this.#conduct.refusedForMs(nodeId),
    });
    const spread = new Spread({ self, links, topology, random });
    this.#random = random;
    this.#links = links;
    this.#dialer = dialer;
    const dialled = { outbox, links, dialer, topology };
    this.#neighbours = new Neighbours({ ...dialled, membership: { ...membership, random } });
    this.#replica = new Replica({ outbox, links, spread, self, state });
    this.#fetching = new Fetching(outbox, links, this.#replica);
    const parts = { outbox, links, replica: this.#replica, fetching: this.#fetching };
    const introduction = (link: Link): ReturnType<Holding['introduction']> =>
      this.#holding.introduction(link);
    const serving = new Serving(options.origin ?? 'intact', options.override ?? 'none');
    this.#repair = new Repair({ ...parts, introduction, isServing: () => serving.isServing });
    const memberOf = (nodeId: NodeId): MemberView | undefined => this.#neighbours.member(nodeId);
    const marks = new Marks({ options, memberOf });
    this.#marks = marks;
    const lines = new OwnLines({ outbox, options });
    const others = { neighbours: this.#neighbours, dialer, repair: this.#repair };
    this.#holding = new Holding({ ...parts, ...others, serving, marks, lines });
    this.#attestations = new Attestations({ outbox, links, spread, replica: this.#replica });
    this.#adoption = new Adoption({ self, outbox, links, spread, topology, memberOf });
    const own = { kept: options.proposals ?? [], heartbeats: () => this.attestations.heartbeats };
    this.#proposals = new Proposals({ self, ...parts, spread, ...own });
    const kinds = { adoption: this.#adoption, proposals: this.#proposals };
    const spoken = { attestations: this.#attestations, ...kinds };
    const told = { ...others, ...spoken, conduct: this.#conduct };
    this.#connecting = new Connecting({ self, marks, lines, outbox, links, ...told });
    const comparing = { repair: this.#repair, holding: this.#holding };
    const replication = new Replication({ ...parts, ...comparing, home: self.region });
    this.#reading = new Reading({ ...spoken, ...comparing, ...others, lines, replication });
  }

  /** What is verified and on disk: all that may be served. */
  get durable(): TrustedState {
    return this.#replica.durable;
  }

  /** What the next statement is judged against; ahead of `durable` while a batch is written. */
  get verified(): TrustedState {
    return this.#replica.verified;
  }

  /** Why clients are not served yet; absent when they are. */
  get holding(): string | undefined {
    return this.#holding.reason;
  }

  get awaited(): Holding['awaited'] {
    return this.#holding.awaited;
  }

  /** The summary of all durable rows. */
  get root(): { readonly root: Sha256; readonly count: number } {
    const { root, rows } = this.#replica.rows;
    return { root, count: rows.size };
  }

  /** What regions attest. */
  get attestations(): Pick<Attestations, 'cosigned' | 'faulty' | 'heartbeats' | 'splits'> {
    return this.#attestations;
  }

  /** What nodes say of their clients. */
  get adoption(): Pick<Adoption, 'row'> {
    return this.#adoption;
  }

  /** What gathers signatures. */
  get proposals(): Pick<Proposals, 'ended' | 'find' | 'isComplete' | 'open'> {
    return this.#proposals;
  }

  /** All nodes that are known, and the links to them. */
  neighbours(): readonly NeighbourView[] {
    return this.#neighbours.view();
  }

  /** What this node should remember of the others when it starts again. */
  memory(): ReturnType<Neighbours['memory']> {
    return this.#neighbours.memory();
  }

  /** What other nodes signed of their stores, to be kept across a restart. */
  marks(): Pick<Marks, 'version' | 'snapshot'> {
    return this.#marks;
  }

  /** What a peer got wrong; absent when nothing is remembered. */
  conduct(nodeId: NodeId): PeerConduct | undefined {
    return this.#conduct.view(nodeId);
  }

  /** Says whether a link to this node is ready. */
  isLinked(nodeId: NodeId): boolean {
    return this.#links.to(nodeId)?.isReady === true;
  }

  /**
   * Takes one event; returns what the driver has to do, in order. A refusal never throws.
   * `nowMs` is wall time, for what is signed; `monotonicMs` never goes back, for what takes time.
   */
  handle(event: GossipEvent, nowMs: number, monotonicMs: number = nowMs): readonly GossipEffect[] {
    this.#conduct.tick(monotonicMs);
    this.#fetching.clock(monotonicMs, nowMs);
    this.#dispatch(event, nowMs, monotonicMs);
    const held = this.#holding.screen(this.#outbox.take());
    this.#holding.review();
    const more = this.#outbox.take();
    return more.length === 0 ? held : [...held, ...more];
  }

  // eslint-disable-next-line complexity -- one case per kind of event
  #dispatch(event: GossipEvent, nowMs: number, monotonicMs: number): void {
    switch (event.kind) {
      case 'start':
        this.#proposals.start(nowMs, monotonicMs);
        return this.#start(monotonicMs);
      case 'link-up':
        return this.#connecting.linkUp(event, monotonicMs);
      case 'link-down':
        return this.#connecting.linkDown(this.#links.drop(event.linkId), monotonicMs);
      case 'dial-failed':
        this.#dialer.failed(event.target);
        return this.#neighbours.dialFailed(event.target, monotonicMs);
      case 'resolved':
        return this.#dialer.resolved(event.addresses);
      case 'frame':
        return this.#frame(event, nowMs, monotonicMs);
      case 'garbage':
        return this.#connecting.garbage(this.#links.get(event.linkId), event.error, monotonicMs);
      case 'submit':
        return this.#replica.submit(event, nowMs);
      case 'fork-shown':
        return this.#replica.takeShown(event);
      case 'fetch-item':
      case 'fetch-held':
      case 'fetch-end':
        return this.#connecting.blame(this.#fetching.answer(event, nowMs), monotonicMs);
      case 'persisted':
        this.#marks.wrote(event.count);
        return this.#persisted(event.batchId, nowMs);
      case 'persist-failed':
        return this.#replica.persistFailed(event.lastBatchId ?? event.batchId, event.error);
      case 'renewed':
        return this.#marks.renewed(event.storeId, event.count);
      case 'advanced':
        return this.#holding.advanced(event.count, event.error);
      case 'attest':
        this.#holding.attested(event.said, event.count);
        return this.#attestations.take(event.said, undefined, nowMs);
      case 'report':
        return this.#adoption.report(event.row);
      case 'arrivals':
        return this.#adoption.arrived(event.arrivals);
      case 'propose':
      case 'withdraw':
      case 'proposals-kept':
      case 'proposals-failed':
        return this.#proposals.handle(event, nowMs);
      case 'leave':
        this.#holding.leave();
        return this.#neighbours.handle(event, monotonicMs);
      case 'timer':
        return this.#timer(event.timer, nowMs, monotonicMs);
    }
  }

  #start(monotonicMs: number): void {
    this.#neighbours.handle({ kind: 'start' }, monotonicMs);
    this.#dialer.start();
    this.#holding.start();
    this.#outbox.arm({ name: 'repair' }, REPAIR_INTERVAL_MS * this.#random());
  }

  #timer(timer: Timer, nowMs: number, monotonicMs: number): void {
    switch (timer.name) {
      case 'repair':
        this.#replica.retry();
        this.#holding.tick();
        this.#fetching.tick(nowMs);
        this.#connecting.tick(monotonicMs);
        this.#attestations.tick(nowMs);
        this.#adoption.tick();
        this.#proposals.tick(nowMs, monotonicMs);
        return this.#outbox.arm(timer, REPAIR_INTERVAL_MS);
      case 'acknowledge':
        return this.#replica.acknowledge(timer.scope);
      case 'dial':
        return this.#dialer.dialDue(timer.nodeId);
      case 'seeds':
        return this.#dialer.seedsDue();
      case 'fetch':
        return this.#fetching.stalled(timer.fetchId, nowMs);
      case 'member-probe':
      case 'member-spread':
      case 'member-help':
      case 'member-rejoin':
        return this.#neighbours.handle({ kind: 'timer', timer }, monotonicMs);
    }
  }

  #persisted(batchId: number, nowMs: number): void {
    const persisted = this.#replica.persisted(batchId);
    this.#attestations.moved(persisted.streams);
    this.#fetching.moved(persisted, nowMs);
    if (persisted.streams.length > 0) this.#proposals.moved(nowMs);
  }

  #frame({ linkId, frame, recall }: FrameEvent, nowMs: number, monotonicMs: number): void {
    const link = this.#links.get(linkId);
    if (link === undefined) return;
    if (frame.kind === 'hello' || !link.isReady) {
      return this.#connecting.greeting(link, frame, monotonicMs);
    }
    this.#connecting.used(link, monotonicMs);
    try {
      this.#reading.take(link, frame, { recall, nowMs, monotonicMs });
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#outbox.notice({ kind: 'refused', from: link.nodeId, error });
      this.#connecting.blame({ nodeId: link.nodeId, error }, monotonicMs);
    }
  }
}
