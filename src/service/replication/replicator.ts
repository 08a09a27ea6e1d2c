/**
 * Drives the replication machine of one node: delivers events one at a time, carries out effects.
 *
 * Holds no policy. It adds to an event what only the store can know (the digest that is held far
 * below a head), and runs writes in order; a failed one gives up all that were queued behind it.
 *
 * @module
 */
import type { RepairTimes, SeedStatus, SubmitReceipt } from '../../core/admin/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import type { GossipEffect, GossipEvent, Recall } from '../../core/gossip/events.ts';
import type { Received } from '../../core/gossip/frames.ts';
import type { GossipMachine } from '../../core/gossip/machine.ts';
import type { NodeId, Sha256 } from '../../core/ids.ts';
import type { DialTarget, LinkId } from '../../core/peer.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import { holdingBack } from '../clients/farewell.ts';
import { Offers } from '../handing-in/offers.ts';
import { PolicyGate } from '../handing-in/policy-gate.ts';
import type { CharterRow } from './charter-row.ts';
import { Departures } from './departures.ts';
import { Fetches } from './fetches.ts';
import { type Judged, judgedIn } from './judged.ts';
import { LinkBoard, type LinkedNeighbour } from './link-board.ts';
import { LinkIntake, type OpenLink } from './link-intake.ts';
import { MachineTimers } from './machine-timers.ts';
import { reportNotice } from './notices.ts';
import type { LinkHandle } from './peer-transport.ts';
import { RecallSource } from './recall.ts';
import { createMachine } from './recording.ts';
import { RepairMemory } from './repair-memory.ts';
import type { Remembered, ReplicatorOptions, ToldEvent } from './replicator-options.ts';
import { WriteQueue } from './write-queue.ts';

export type { ReplicatorOptions };

/** The replication of one node, running. */
export class Replicator implements AsyncDisposable {
  /** What admins offer, and programs show. */
  readonly offers: Offers;
  readonly #options: ReplicatorOptions;
  readonly #machine: GossipMachine;
  readonly #links: Map<LinkId, OpenLink> = new Map();
  readonly #board: LinkBoard;
  readonly #intake: LinkIntake;
  readonly #departures: Departures;
  readonly #repair: RepairMemory = new RepairMemory();
  readonly #recalls: RecallSource;
  readonly #writes: WriteQueue;
  readonly #timers: MachineTimers;
  readonly #fetches: Fetches;
  readonly #running: Set<Promise<void>> = new Set();
  readonly #sinceMs: number;
  #isClosed = false;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.monotonicMs();
    this.#machine = createMachine(options, options.record);
    this.#board = new LinkBoard(options.clock, options.logger);
    this.#intake = new LinkIntake(options);
    this.#departures = new Departures(this.#links, options.metrics);
    const handle = (event: GossipEvent): void => this.#handle(event);
    this.#timers = new MachineTimers(options.clock, (timer) => handle({ kind: 'timer', timer }));
    const { store, logger } = options;
    this.#recalls = new RecallSource({ store, logger, written: () => this.#writes.idle() });
    this.#fetches = new Fetches({
      transport: options.transport,
      logger,
      recall: (item, charterRow) => this.#recallOf(judgedIn(item), charterRow),
      room: () => this.#writes.room(),
      onEvent: handle,
    });
    const gate = new PolicyGate(options, () => this.#machine.verified);
    this.offers = new Offers({
      ...{ machine: this.#machine, gate, store, clock: options.clock, logger },
      recall: (judged) => this.#recallOf(judged),
      handle,
      requireReady: () => this.#requireReady(),
      track: (work) => this.#track(work),
    });
    this.#writes = new WriteQueue(store, handle);
  }

  /** What is verified and on disk. */
  get durable(): TrustedState {
    return this.#machine.durable;
  }

  /** Why this node holds back, and for whose answers the key of its region waits. */
  get waits(): Pick<GossipMachine, 'awaited' | 'holding'> {
    return this.#machine;
  }

  /** Errors: `UNAVAILABLE` while this node holds back. */
  requireServing(): void {
    const reason = this.#machine.holding;
    if (reason === undefined) return;
    throw holdingBack(reason, this.#options.clock.monotonicMs() - this.#sinceMs);
  }

  /** The summary of all rows. */
  get root(): { readonly root: Sha256; readonly count: number } {
    return this.#machine.root;
  }

  get repair(): RepairTimes {
    return this.#repair.times;
  }

  get attestations(): GossipMachine['attestations'] {
    return this.#machine.attestations;
  }

  /** What nodes say of their clients. */
  get adoption(): GossipMachine['adoption'] {
    return this.#machine.adoption;
  }

  /** Something happened in this node beside replication. */
  tell(event: ToldEvent): void {
    this.#handle(event);
  }

  /** All other nodes that are known, and how the connection to each is. */
  neighbours(): readonly LinkedNeighbour[] {
    const { nodeId } = this.#options.self;
    return this.#machine
      .neighbours()
      .filter((one) => one.nodeId !== nodeId)
      .map((one) => this.#board.linked(one, this.#machine.conduct(one.nodeId)));
  }

  /** Seeds that lead to nobody; not those of nodes that are linked or have left. */
  failingSeeds(): readonly SeedStatus[] {
    return this.#board.failingSeeds(this.#machine.neighbours());
  }

  /** What is worth remembering of the other nodes across a restart. */
  memory(): Remembered {
    return { members: this.#machine.memory(), marks: this.#machine.marks() };
  }

  /** This node stops: the others need not wait for it. */
  leave(): void {
    this.#handle({ kind: 'leave' });
  }

  start(): void {
    this.#handle({ kind: 'start' });
  }

  /**
   * Offers a document. Resolves when it is durable here. Errors: those of verification, `POLICY`
   * (a rule of the charter), `CONFLICT` when the sequence is taken, `STORE` when the disk refuses,
   * `UNAVAILABLE` when shutting down or holding back.
   */
  async submit(document: SignedDocument, blobs: readonly Uint8Array[]): Promise<SubmitReceipt> {
    return await this.offers.submit(document, blobs);
  }

  /** A connection is open; `target` says where it was dialled, when it was from here. */
  linkUp(link: LinkHandle, nodeId: NodeId, target?: DialTarget): void {
    const { linkId } = link;
    this.#links.set(linkId, { handle: link, nodeId });
    const dialled = target === undefined ? {} : { target };
    if (target !== undefined) this.#board.answered(nodeId, target);
    this.#handle({ kind: 'link-up', linkId, nodeId, ...dialled });
  }

  linkFrame(linkId: LinkId, frame: Received, bytes: number): void {
    const link = this.#links.get(linkId);
    if (link === undefined) return;
    this.#intake.took(link, frame, bytes);
    if (frame === 'unknown') return;
    const recall = this.#recallOf(judgedIn(frame));
    const event = { kind: 'frame', linkId, frame } as const;
    const next = (recalled: Recall): void => this.#handle({ ...event, recall: recalled });
    if (recall === undefined) next({});
    else this.#track(this.#intake.during(link, recall.then(next)));
  }

  /** A peer sent what could not even be read. */
  linkRefused(linkId: LinkId, error: KedgeError): void {
    if (this.#links.has(linkId)) this.#handle({ kind: 'garbage', linkId, error });
  }

  linkDown(linkId: LinkId, error: KedgeError | undefined): void {
    const link = this.#links.get(linkId);
    if (link === undefined) return;
    this.#links.delete(linkId);
    this.#intake.forget(linkId);
    this.#handle({ kind: 'link-down', linkId });
    const { nodeId } = link;
    if (this.#machine.isLinked(nodeId)) return;
    const member = this.#machine.neighbours().find((one) => one.nodeId === nodeId);
    this.#board.lost(nodeId, member?.address, error);
  }

  linkFailed(target: DialTarget, error: KedgeError): void {
    this.#board.failed(target, error);
    this.#handle({ kind: 'dial-failed', target });
  }

  /** Stops timers, fetches and links; waits for writes under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timers[Symbol.dispose]();
    this.#intake[Symbol.dispose]();
    const error = new KedgeError('UNAVAILABLE', 'this node is shutting down');
    this.#fetches.abort(error);
    for (const { handle } of this.#links.values()) handle.close(error);
    this.offers.abandon(error);
    await Promise.allSettled(this.#running);
    await this.#writes.idle();
  }

  #handle(event: GossipEvent): void {
    if (this.#isClosed && event.kind !== 'persisted') return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const effects = this.#machine.handle(event, nowMs, clock.monotonicMs());
    this.#repair.note(event, effects, nowMs);
    for (const effect of effects) this.#perform(effect);
  }

  // eslint-disable-next-line complexity -- one case per kind of effect
  #perform(effect: GossipEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#departures.add(effect.linkId, effect.frame);
      case 'close':
        return this.#close(effect.linkId, effect.error);
      case 'dial':
        return this.#options.transport.dial(effect.target);
      case 'resolve':
        return this.#track(this.#resolve());
      case 'renew':
      case 'vouched':
      case 'unvouched':
        return this.#options.onStore?.(effect.kind);
      case 'advance':
        return this.#track(this.#writes.advance(effect.beyond));
      case 'fetch':
        return this.#track(this.#fetches.run(effect));
      case 'cancel-fetch':
        return this.#fetches.cancel(effect.fetchId);
      case 'persist':
        this.#options.onTaken?.(effect.batch, effect.from);
        return this.#writes.add(effect.batchId, effect.batch);
      case 'serve':
        return this.#options.onServe(effect.state, effect.streams);
      case 'hold':
        return this.#options.onHold?.(effect.state, effect.streams);
      case 'attested':
        return this.#options.onAttested?.(effect.said);
      case 'arrived':
        return this.#options.onArrived?.(effect.clients);
      case 'reply':
      case 'proposed':
      case 'keep-proposals':
      case 'complete':
      case 'fork-judged':
        return this.offers.perform(effect);
      case 'arm':
        return this.#timers.arm(effect.timer, effect.delayMs);
      case 'notice': {
        if (effect.notice.kind === 'link-ready') this.#board.up(effect.notice.peer.nodeId);
        return reportNotice(effect.notice, this.#options);
      }
    }
  }

  #close(linkId: LinkId, error: KedgeError): void {
    this.#links.get(linkId)?.handle.close(error);
    this.linkDown(linkId, error);
  }

  async #resolve(): Promise<void> {
    const seeds = await this.#options.transport.resolveSeeds();
    this.#board.resolved(seeds);
    this.#handle({ kind: 'resolved', addresses: seeds.addresses });
  }

  #recallOf(judged?: Judged, charterRow?: CharterRow): Promise<Recall> | undefined {
    return judged && this.#recalls.find(judged, this.#machine.verified, charterRow);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  #requireReady(): void {
    this.requireServing();
    if (this.#isClosed) throw new KedgeError('UNAVAILABLE', 'this node is shutting down');
  }
}
