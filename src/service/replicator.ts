/**
 * Drives the replication machine of one node: delivers events one at a time, carries out effects.
 *
 * Holds no policy. It adds to an event what only the store can know (the digest that is held far
 * below a head), runs writes in order, and lets a failed write give up all that were queued behind
 * it, since they build on it.
 *
 * @module
 */

import type { SubmitReceipt } from '../core/admin/messages.ts';
import { KedgeError } from '../core/errors.ts';
import type {
  GossipEffect,
  GossipEvent,
  LinkDirection,
  LinkId,
  PeerIdentity,
  Recall,
  Timer,
} from '../core/gossip/events.ts';
import type { FetchItem, FetchRequest, Frame, Hello } from '../core/gossip/frames.ts';
import { GossipMachine } from '../core/gossip/machine.ts';
import type { NodeId, Sha256, StreamName } from '../core/ids.ts';
import type { SignedDocument } from '../core/statements/envelope.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Clock, ClockTimer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Store } from '../ports/store.ts';
import { LinkBoard, type LinkInfo } from './link-board.ts';
import { reportNotice } from './notices.ts';
import { type Judged, judgedIn, RecallSource } from './recall.ts';
import { WriteQueue } from './write-queue.ts';

/** One connection to a peer, as a transport offers it. */
export interface LinkHandle {
  readonly linkId: LinkId;
  /** Takes the frame; `full` means that the peer does not keep up. */
  send(frame: Frame): 'sent' | 'full';
  close(error: KedgeError): void;
}

/** How nodes reach each other. */
export interface PeerTransport {
  /** Starts to connect; ends in `linkUp` or `linkFailed`. */
  dial(nodeId: NodeId): void;
  /** Streams what a peer holds. Errors: any, as rejection of the iteration. */
  fetch(
    nodeId: NodeId,
    request: FetchRequest,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<FetchItem>;
}

/** What a replicator works with. */
export interface ReplicatorOptions {
  readonly self: Hello;
  readonly peers: readonly NodeId[];
  /** What the store holds, verified again. */
  readonly state: TrustedState;
  readonly store: Store;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  /** Called when the durable state moved, with the streams that changed. */
  readonly onServe: (state: TrustedState, streams: readonly StreamName[]) => void;
}

interface Submitter {
  resolve(receipt: SubmitReceipt): void;
  reject(error: KedgeError): void;
}

/** The replication of one node, running. */
export class Replicator implements AsyncDisposable {
  readonly #options: ReplicatorOptions;
  readonly #machine: GossipMachine;
  readonly #links: Map<LinkId, LinkHandle & { readonly nodeId: NodeId }> = new Map();
  readonly #board: LinkBoard;
  readonly #recalls: RecallSource;
  readonly #writes: WriteQueue;
  readonly #timers: Map<string, ClockTimer> = new Map();
  readonly #fetches: Map<number, AbortController> = new Map();
  readonly #submitters: Map<number, Submitter> = new Map();
  readonly #running: Set<Promise<void>> = new Set();
  #nextRequestId = 1;
  #isClosed = false;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
    const { self, peers, state, random } = options;
    this.#machine = new GossipMachine({ self, peers, state, random });
    this.#board = new LinkBoard(peers, options.clock, options.logger);
    const { store, logger } = options;
    this.#recalls = new RecallSource({ store, logger, written: () => this.#writes.idle() });
    this.#writes = new WriteQueue(options.store, (outcome) => {
      this.#handle(outcome);
    });
  }

  /** What is verified and on disk. */
  get durable(): TrustedState {
    return this.#machine.durable;
  }

  /** The summary of all rows. */
  get root(): { readonly root: Sha256; readonly count: number } {
    return this.#machine.root;
  }

  /** How the connection to each configured peer is. */
  links(): ReadonlyMap<NodeId, LinkInfo> {
    return this.#board.read(this.#machine.peerRoots());
  }

  /** Begins to dial peers and to repair. */
  start(): void {
    this.#handle({ kind: 'start' });
  }

  /**
   * Offers a document. Resolves when it is durable here. Errors: those of verification, `CONFLICT`
   * when the sequence is taken, `STORE` when the disk refuses, `UNAVAILABLE` when shutting down.
   */
  async submit(document: SignedDocument, blobs: readonly Uint8Array[]): Promise<SubmitReceipt> {
    this.#requireOpen();
    const finding = this.#recalls.find(document, this.#machine.verified);
    // Not awaited when there is nothing to find: the state must not move on meanwhile.
    const recall = finding === undefined ? {} : await finding;
    this.#requireOpen();
    const requestId = this.#nextRequestId++;
    return await new Promise((resolve, reject) => {
      this.#submitters.set(requestId, { resolve, reject });
      this.#handle({ kind: 'submit', requestId, document, blobs, recall });
    });
  }

  linkUp(link: LinkHandle, peer: PeerIdentity, direction: LinkDirection): void {
    const { linkId } = link;
    this.#links.set(linkId, {
      linkId,
      nodeId: peer.nodeId,
      send: (frame) => link.send(frame),
      close: (error) => {
        link.close(error);
      },
    });
    this.#handle({ kind: 'link-up', linkId, peer, direction });
  }

  linkFrame(linkId: LinkId, frame: Frame): void {
    this.#withRecall(judgedIn(frame), (recall) => {
      this.#handle({ kind: 'frame', linkId, frame, recall });
    });
  }

  /** Reports what a peer sent that could not even be read. */
  linkRefused(linkId: LinkId, error: KedgeError): void {
    const from = this.#links.get(linkId)?.nodeId;
    if (from === undefined) return;
    const { logger, metrics } = this.#options;
    reportNotice({ kind: 'refused', from, error }, { logger, metrics });
  }

  linkDown(linkId: LinkId, error: KedgeError | undefined): void {
    const link = this.#links.get(linkId);
    if (link === undefined) return;
    this.#links.delete(linkId);
    this.#handle({ kind: 'link-down', linkId });
    if (!this.#machine.peerRoots().has(link.nodeId)) this.#board.down(link.nodeId, error);
  }

  linkFailed(nodeId: NodeId, error: KedgeError): void {
    this.#board.down(nodeId, error);
    this.#handle({ kind: 'dial-failed', nodeId });
  }

  /** Stops timers, fetches and links; waits for writes under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    const error = new KedgeError('UNAVAILABLE', 'this node is shutting down');
    for (const fetch of this.#fetches.values()) fetch.abort(error);
    for (const link of this.#links.values()) link.close(error);
    for (const submitter of this.#submitters.values()) submitter.reject(error);
    this.#submitters.clear();
    await Promise.allSettled(this.#running);
    await this.#writes.idle();
  }

  #handle(event: GossipEvent): void {
    if (this.#isClosed && event.kind !== 'persisted') return;
    const effects = this.#machine.handle(event, this.#options.clock.nowMs());
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: GossipEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.linkId, effect.frame);
      case 'close':
        return this.#close(effect.linkId, effect.error);
      case 'dial':
        return this.#options.transport.dial(effect.nodeId);
      case 'fetch':
        return this.#track(this.#fetch(effect));
      case 'cancel-fetch':
        return this.#fetches.get(effect.fetchId)?.abort();
      case 'persist':
        return this.#writes.add(effect.batchId, effect.batch);
      case 'serve':
        return this.#options.onServe(effect.state, effect.streams);
      case 'reply':
        return this.#reply(effect);
      case 'arm':
        return this.#arm(effect.timer, effect.delayMs);
      case 'notice': {
        if (effect.notice.kind === 'link-ready') this.#board.up(effect.notice.peer.nodeId);
        const { logger, metrics } = this.#options;
        return reportNotice(effect.notice, { logger, metrics });
      }
    }
  }

  #send(linkId: LinkId, frame: Frame): void {
    const link = this.#links.get(linkId);
    if (link?.send(frame) !== 'full') return;
    // A peer that does not keep up is cut off; digests repair what it missed.
    this.#close(linkId, new KedgeError('LIMIT', 'the peer does not keep up'));
  }

  #close(linkId: LinkId, error: KedgeError): void {
    this.#links.get(linkId)?.close(error);
    this.linkDown(linkId, error);
  }

  #reply(effect: Extract<GossipEffect, { kind: 'reply' }>): void {
    const submitter = this.#submitters.get(effect.requestId);
    this.#submitters.delete(effect.requestId);
    const { result } = effect;
    if (result.kind === 'refused') submitter?.reject(result.error);
    else submitter?.resolve(result);
  }

  #arm(timer: Timer, delayMs: number): void {
    const key = timer.name === 'dial' ? `dial ${timer.nodeId}` : timer.name;
    this.#timers.get(key)?.[Symbol.dispose]();
    const armed = this.#options.clock.setTimer(delayMs, () => {
      this.#handle({ kind: 'timer', timer });
    });
    this.#timers.set(key, armed);
  }

  async #fetch({
    fetchId,
    nodeId,
    request,
  }: Extract<GossipEffect, { kind: 'fetch' }>): Promise<void> {
    const abort = new AbortController();
    this.#fetches.set(fetchId, abort);
    const { logger, transport } = this.#options;
    const { stream, fromSequence } = request;
    logger.debug({ event: 'fetch.started', nodeId, stream, fromSequence }, 'fetch started');
    let error: KedgeError | undefined;
    try {
      for await (const item of transport.fetch(nodeId, request, { signal: abort.signal })) {
        const judged = judgedIn(item);
        const finding = judged && this.#recalls.find(judged, this.#machine.verified);
        const recall = finding === undefined ? {} : await finding;
        this.#handle({ kind: 'fetch-item', fetchId, item, recall });
      }
    } catch (thrown) {
      error = KedgeError.from(thrown);
    }
    this.#fetches.delete(fetchId);
    this.#handle({ kind: 'fetch-end', fetchId, ...(error !== undefined && { error }) });
  }

  /** Adds what only the store knows and judging needs. */
  #withRecall(judged: Judged | undefined, next: (recall: Recall) => void): void {
    const recall = judged && this.#recalls.find(judged, this.#machine.verified);
    if (recall === undefined) next({});
    else this.#track(recall.then(next));
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new KedgeError('UNAVAILABLE', 'this node is shutting down');
  }
}
