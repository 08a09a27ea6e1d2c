/**
 * The one way of a statement through a node: verify → forward → persist → serve and acknowledge.
 *
 * Forwarding before the disk is safe, since every receiver verifies for itself. Serving before it
 * is not, since a crash would take a served release back. When the disk refuses, the verified state
 * falls back to the durable one, and repair brings the statements again.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { AnchorId, NodeId, StreamName } from '../ids.ts';
import { PUSH_MAX_BYTES } from '../limits.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';
import type { Standing } from '../trusted/authority.ts';
import type { Evidence, TrustedState } from '../trusted/state.ts';
import { Commits, durableResult } from './commits.ts';
import type { Recall } from './events.ts';
import type { Push, Row } from './frames.ts';
import { Intake, type Opened, type Taken } from './intake.ts';
import type { Outbox } from './outbox.ts';
import type { Link, PeerTable } from './peers.ts';
import { type BaseBody, indexBlobs, pushBytes } from './push.ts';
import type { RowLog } from './row-log.ts';
import { rowIn } from './rows.ts';

/** Who brought a statement. */
export type Origin =
  | { readonly kind: 'peer'; readonly nodeId: NodeId }
  | { readonly kind: 'submit'; readonly requestId: number };

/** What this node holds, and how it comes to hold more. */
export class Replica {
  readonly #outbox: Outbox;
  readonly #peers: PeerTable;
  readonly #intake: Intake;
  readonly #commits: Commits;
  #nextBatchId = 1;

  constructor(outbox: Outbox, peers: PeerTable, state: TrustedState) {
    this.#outbox = outbox;
    this.#peers = peers;
    this.#intake = new Intake(state);
    this.#commits = new Commits(state);
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

  /**
   * Judges documents of one stream and adopts them; returns the proof when they forked the stream.
   * Errors: those of {@link Intake.take}.
   */
  receive(
    documents: readonly SignedDocument[],
    blobs: ReadonlyMap<AnchorId, Uint8Array>,
    recall: Recall,
    nodeId: NodeId,
    nowMs: number,
  ): Evidence | undefined {
    const taken = this.#intake.take(documents, blobs, recall, nowMs);
    this.#adopt(taken, { kind: 'peer', nodeId });
    return taken.kind === 'new' ? taken.evidence : undefined;
  }

  /** Judges fork evidence and adopts it. Errors: those of {@link Intake.evidence}. */
  receiveEvidence(evidence: Evidence, recall: Recall, nodeId: NodeId): void {
    this.#adopt(this.#intake.evidence(evidence, recall), { kind: 'peer', nodeId });
  }

  /** Judges what an admin offers; the answer is an effect, now or when it is durable. */
  submit(
    requestId: number,
    document: SignedDocument,
    blobs: readonly Uint8Array[],
    recall: Recall,
    nowMs: number,
  ): void {
    try {
      const taken = this.#intake.submit(document, indexBlobs(blobs), recall, nowMs);
      this.#adopt(taken, { kind: 'submit', requestId });
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#outbox.notice({ kind: 'refused', from: 'submit', error });
      this.#outbox.emit({ kind: 'reply', requestId, result: { kind: 'refused', error } });
    }
  }

  /**
   * The oldest batch under way is on disk: serve it, answer, acknowledge. Returns streams that it
   * moved by the way, of which peers may hold more.
   */
  persisted(batchId: number): readonly StreamName[] {
    const commit = this.#commits.done(batchId);
    if (commit === undefined) return [];
    const { row, state, moved } = commit;
    this.#outbox.emit({ kind: 'serve', state, streams: [row.stream, ...moved] });
    for (const { requestId, row: submitted, novelty } of commit.waiters) {
      const result = durableResult(submitted, novelty);
      this.#outbox.emit({ kind: 'reply', requestId, result });
    }
    const rows = [row, ...moved.map((stream) => rowIn(state, stream))];
    const before = this.rows.revision - rows.length;
    for (const link of this.#peers.ready()) {
      for (const [index, each] of rows.entries()) {
        if (each === undefined) continue;
        this.#outbox.send(link, { kind: 'held', row: each, revision: before + index + 1 });
      }
    }
    return moved;
  }

  /** The disk refused: all batches under way are given up. */
  persistFailed(error: KedgeError): void {
    const result = { kind: 'refused', error } as const;
    for (const commit of this.#commits.abandon()) {
      for (const { requestId } of commit.waiters) {
        this.#outbox.emit({ kind: 'reply', requestId, result });
      }
    }
    this.#intake.reset(this.#commits.state);
    this.#outbox.notice({ kind: 'persist-failed', error });
  }

  #adopt(taken: Taken, origin: Origin): void {
    if (taken.kind === 'held') return this.#alreadyHeld(taken.row, origin);
    for (const link of this.#peers.ready()) {
      if (origin.kind === 'submit' || link.peer.nodeId !== origin.nodeId) {
        this.#forward(link, taken);
      }
    }
    const { state, row, batch, evidence, moved } = taken;
    const batchId = this.#nextBatchId++;
    const waiters =
      origin.kind === 'submit'
        ? [{ requestId: origin.requestId, row, novelty: 'new' as const }]
        : [];
    this.#commits.add({ batchId, batch, state, row, moved, waiters });
    this.#outbox.emit({ kind: 'persist', batchId, batch });
    if (evidence !== undefined) this.#outbox.notice({ kind: 'forked', evidence });
    for (const { stream, sequence } of batch.settled ?? []) {
      this.#outbox.notice({ kind: 'settled', stream, sequence });
    }
  }

  #forward(link: Link, taken: Extract<Taken, { kind: 'new' }>): void {
    const { row, push, evidence } = taken;
    if (evidence !== undefined) return this.#outbox.send(link, { kind: 'fork', evidence });
    const held = link.held.get(row.stream);
    if (held !== undefined && held.sequence >= row.sequence) return;
    // What is too large to push is fetched by whoever lacks it, once it is durable here.
    if (isSmall(push)) this.#outbox.send(link, { kind: 'push', push });
  }

  /** Nothing new: answered at once when it is durable, else with the batch that carries it. */
  #alreadyHeld(row: Row, origin: Origin): void {
    const carrier = this.#commits.carrierOf(row);
    if (origin.kind === 'peer') {
      const link = this.#peers.linkTo(origin.nodeId);
      if (carrier === undefined && link?.ready === true) {
        this.#outbox.send(link, { kind: 'held', row });
      }
      return;
    }
    const { requestId } = origin;
    if (carrier !== undefined) {
      carrier.waiters.push({ requestId, row, novelty: 'held' });
      return;
    }
    const result = durableResult(row, 'held');
    this.#outbox.emit({ kind: 'reply', requestId, result });
  }
}

function isSmall(push: Push | undefined): push is Push {
  return push !== undefined && pushBytes(push) <= PUSH_MAX_BYTES;
}
