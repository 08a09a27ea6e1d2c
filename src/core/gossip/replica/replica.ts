/**
 * The one way of a statement through a node: verify → forward → persist → serve and acknowledge.
 *
 * Forwarding before the disk is safe, since every receiver verifies for itself. Serving before it
 * is not, since a crash would take a served release back. When the disk refuses, that is written
 * again until it takes it, before all else; repair brings the statements of those again.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import type { AnchorId, NodeId, RegionName, StreamName } from '../../ids.ts';
import { PUSH_MAX_BYTES } from '../../limits.ts';
import type { PeerIdentity } from '../../peer.ts';
import type { BodyContent } from '../../statements/body-content.ts';
import type { SignedDocument, SignedStatement } from '../../statements/envelope.ts';
import type { Standing } from '../../trusted/authority.ts';
import { type Evidence, forked, type TrustedState } from '../../trusted/state.ts';
import type { GossipEvent, Recall, SubmitResult } from '../events.ts';
import type { Push } from '../frames.ts';
import type { LinkTable } from '../links/links.ts';
import type { Outbox } from '../outbox.ts';
import type { Row } from '../rows.ts';
import type { AcknowledgeScope } from '../timer.ts';
import { Acknowledging } from './acknowledging.ts';
import { Commits, durableResult, type News, newsOf, streamsOf } from './commits.ts';
import { Intake, type Opened, type Taken } from './intake.ts';
import { type BaseBody, indexBlobs, pushBytes } from './push.ts';
import type { RowLog } from './row-log.ts';
import type { Spread } from './spread.ts';

/** Who brought a statement. */
export type Bringer =
  | { readonly kind: 'peer'; readonly from: PeerIdentity; readonly origin: RegionName }
  /** What it brings is history: others are ahead of it, or the stream has stopped. */
  | { readonly kind: 'history'; readonly from: PeerIdentity }
  | { readonly kind: 'submit'; readonly requestId: number }
  | { readonly kind: 'program' };

type ShownFork = Extract<GossipEvent, { readonly kind: 'fork-shown' }>;

/** What this node holds, and how it comes to hold more. */
export class Replica {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #spread: Spread;
  readonly #home: RegionName;
  readonly #acknowledging: Acknowledging;
  readonly #intake: Intake;
  readonly #commits: Commits;
  #nextBatchId = 1;

  constructor(parts: {
    readonly outbox: Outbox;
    readonly links: LinkTable;
    readonly spread: Spread;
    readonly self: PeerIdentity;
    readonly state: TrustedState;
  }) {
    const { outbox, links, spread, self, state } = parts;
    this.#outbox = outbox;
    this.#links = links;
    this.#spread = spread;
    this.#home = self.region;
    this.#intake = new Intake(state);
    this.#commits = new Commits(state);
    this.#acknowledging = new Acknowledging({ outbox, links, spread, self, rows: this.rows });
  }

  /** Verified and on disk: all that may be served. */
  get durable(): TrustedState {
    return this.#commits.state;
  }

  /** What the next statement is judged against; ahead of `durable` while a batch is written. */
  get verified(): TrustedState {
    return this.#intake.state;
  }

  /** The rows of the durable state. */
  get rows(): RowLog {
    return this.#commits.rows;
  }

  /** True while something is on its way to the disk. */
  get isWriting(): boolean {
    return this.#commits.isBusy;
  }

  /** Takes a push apart; see {@link Intake.open}. */
  open(push: Push, tip?: BaseBody): Opened {
    return this.#intake.open(push, tip);
  }

  /** What a statement's signatures are good for; see {@link Intake.standing}. */
  standing(signed: SignedStatement): Standing {
    return this.#intake.standing(signed);
  }

  /** A document without garbage among its signatures; see {@link Intake.proven}. */
  proven(document: SignedDocument): SignedDocument {
    return this.#intake.proven(document);
  }

  /**
   * Judges documents of one stream and adopts them; returns the proof when they forked the stream.
   * Errors: those of {@link Intake.take}.
   */
  receive(
    documents: readonly SignedDocument[],
    blobs: ReadonlyMap<AnchorId, Uint8Array>,
    recall: Recall,
    bringer: Exclude<Bringer, { kind: 'submit' | 'program' }>,
    nowMs: number,
    content?: BodyContent,
  ): Evidence | undefined {
    const taken = this.#intake.take(documents, blobs, recall, nowMs, content);
    this.#adopt(taken, bringer);
    return taken.kind === 'new' ? taken.evidence : undefined;
  }

  /** Judges fork evidence and adopts it. Errors: those of {@link Intake.evidence}. */
  receiveEvidence(evidence: Evidence, recall: Recall, from: PeerIdentity): void {
    const bringer = { kind: 'peer', from, origin: from.region } as const;
    this.#adopt(this.#intake.evidence(evidence, recall), bringer);
  }

  /** Judges a fork that a program shows; the answer is an effect. */
  takeShown({ requestId, evidence, recall }: ShownFork): void {
    try {
      this.#adopt(this.#intake.evidence(evidence, recall), { kind: 'program' });
      this.#outbox.emit({ kind: 'fork-judged', requestId });
    } catch (thrown) {
      this.#outbox.emit({ kind: 'fork-judged', requestId, error: KedgeError.from(thrown) });
    }
  }

  /** Judges what an admin offers; the answer is an effect, now or when it is durable. */
  submit(event: Extract<GossipEvent, { readonly kind: 'submit' }>, nowMs: number): void {
    const { requestId, document, blobs, recall, told } = event;
    try {
      const taken = this.#intake.submit(document, indexBlobs(blobs), recall, nowMs);
      this.#adopt(taken, { kind: 'submit', requestId });
      // It does not hold, and is answered when the proof is durable.
      if (taken.kind !== 'new' || taken.evidence === undefined) return;
      this.#outbox.notice({ kind: 'refused', from: 'submit', error: forked(taken.evidence) });
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.message !== told) this.#outbox.notice({ kind: 'refused', from: 'submit', error });
      const result = { kind: 'refused', error } as const;
      const proving = error.code === 'FORK' ? this.#commits.proverOf(error.detail) : undefined;
      if (proving === undefined) this.#outbox.emit({ kind: 'reply', requestId, result });
      else proving.waiters.push({ requestId, result });
    }
  }

  /**
   * All batches up to this one are on disk: serve them, answer, acknowledge. Returns the streams
   * that changed; `moved` are those that moved by the way, of which peers may hold more.
   */
  persisted(batchId: number): Record<'streams' | 'moved', readonly StreamName[]> {
    const commits = this.#commits.done(batchId);
    const streams = streamsOf(commits);
    const state = this.#commits.state;
    if (streams.length > 0) this.#outbox.emit({ kind: 'serve', state, streams });
    for (const { requestId, result } of commits.flatMap(({ waiters }) => waiters)) {
      this.#outbox.emit({ kind: 'reply', requestId, result });
    }
    const news = newsOf(commits);
    for (const stream of streams) {
      this.#acknowledging.durable(stream, news.get(stream) ?? 'not-pushed');
    }
    return { streams, moved: commits.flatMap(({ moved }) => moved) };
  }

  /** Those who have said nothing about what is durable hear of it. */
  acknowledge(scope: AcknowledgeScope): void {
    this.#acknowledging.due(scope);
  }

  /**
   * The disk refused the oldest batches under way, up to this one: nobody is told that they, or
   * those behind, are held.
   */
  persistFailed(lastBatchId: number, error: KedgeError): void {
    const result = { kind: 'refused', error } as const;
    // What the store finds to contradict it will never take.
    const remains = error.code === 'STORE' ? 'in-doubt' : 'nothing';
    for (const { requestId } of this.#commits.failed(lastBatchId, remains)) {
      this.#outbox.emit({ kind: 'reply', requestId, result });
    }
    this.#intake.reset(this.#commits.expected);
    this.#outbox.notice({ kind: 'persist-failed', error });
  }

  /** Called at a steady pace, and before anything else is written. */
  retry(): void {
    for (const { batchId, batch } of this.#commits.retry()) {
      this.#outbox.emit({ kind: 'persist', batchId, batch });
    }
  }

  #adopt(taken: Taken, bringer: Bringer): void {
    if (taken.kind === 'held') return this.#alreadyHeld(taken.row, bringer);
    const news = this.#forward(taken, bringer);
    const { state, row, batch, evidence, moved } = taken;
    const batchId = this.#nextBatchId++;
    const result: SubmitResult =
      evidence === undefined
        ? durableResult(row, 'new')
        : { kind: 'refused', error: forked(evidence) };
    const waiters = bringer.kind === 'submit' ? [{ requestId: bringer.requestId, result }] : [];
    this.retry();
    this.#commits.add({ batchId, batch, state, row, moved, waiters, news, phase: 'writing' });
    const from = nameOf(bringer);
    this.#outbox.emit({ kind: 'persist', batchId, batch, ...(from !== undefined && { from }) });
    if (evidence !== undefined) this.#outbox.notice({ kind: 'forked', evidence });
    const { settled = [], replaced } = batch;
    for (const { stream, sequence } of replaced === undefined ? settled : [replaced, ...settled]) {
      this.#outbox.notice({ kind: 'settled', stream, sequence });
    }
  }

  #forward(taken: Extract<Taken, { kind: 'new' }>, bringer: Bringer): News {
    const { row, evidence } = taken;
    if (evidence !== undefined) {
      for (const link of this.#links.ready()) {
        if (link.nodeId !== nameOf(bringer)) this.#outbox.send(link, { kind: 'fork', evidence });
      }
      return 'not-pushed';
    }
    if (bringer.kind === 'history') return 'not-pushed';
    const push = taken.push?.();
    // What is too large to push is fetched by whoever lacks it, once it is durable here.
    if (!isSmall(push)) return 'not-pushed';
    const origin = bringer.kind === 'peer' ? bringer.origin : this.#home;
    const from = bringer.kind === 'peer' ? { from: bringer.from } : {};
    // One object for all links: it is encoded once.
    const frame = { kind: 'push', push, origin } as const;
    const pushedTo = new Set<NodeId>();
    for (const link of this.#spread.targets({ ...from, origin })) {
      const held = link.held.get(row.stream);
      const isKnown = held !== undefined && held.sequence >= row.sequence;
      if (isKnown && (held.rank ?? 0) >= (row.rank ?? 0)) continue;
      this.#outbox.send(link, frame);
      pushedTo.add(link.nodeId);
    }
    return pushedTo;
  }

  /** Nothing new: answered at once when it is durable, else with the batch that carries it. */
  #alreadyHeld(row: Row | undefined, bringer: Bringer): void {
    // A peer that brings it has it; only of evidence is there no row.
    if (bringer.kind !== 'submit' || row === undefined) return;
    const carrier = this.#commits.carrierOf(row);
    const { requestId } = bringer;
    const result = durableResult(row, 'held');
    if (carrier !== undefined) {
      carrier.waiters.push({ requestId, result });
      return;
    }
    this.#outbox.emit({ kind: 'reply', requestId, result });
  }
}

function nameOf(bringer: Bringer): NodeId | 'submit' | undefined {
  switch (bringer.kind) {
    case 'submit':
      return 'submit';
    case 'program':
      return undefined;
    case 'peer':
    case 'history':
      return bringer.from.nodeId;
  }
}

function isSmall(push: Push | undefined): push is Push {
  return push !== undefined && pushBytes(push) <= PUSH_MAX_BYTES;
}
