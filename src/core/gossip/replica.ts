/**
 * The one way of a statement through a node: verify → forward → persist → serve and acknowledge.
 *
 * Forwarding before the disk is safe, since every receiver verifies for itself. Serving before it
 * is not, since a crash would take a served release back. When the disk refuses, that batch is
 * written again until it takes it, before all others; repair brings the statements of those again.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { AnchorId, RegionName, StreamName } from '../ids.ts';
import { PUSH_MAX_BYTES } from '../limits.ts';
import type { PeerIdentity } from '../peer.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';
import type { Standing } from '../trusted/authority.ts';
import type { Evidence, TrustedState } from '../trusted/state.ts';
import { Commits, durableResult } from './commits.ts';
import type { Recall } from './events.ts';
import type { BodyContent, Push } from './frames.ts';
import { Intake, type Opened, type Taken } from './intake.ts';
import type { LinkTable } from './links.ts';
import type { Outbox } from './outbox.ts';
import { type BaseBody, indexBlobs, pushBytes } from './push.ts';
import type { RowLog } from './row-log.ts';
import type { Row } from './rows.ts';
import { rowIn } from './rows.ts';
import type { Spread } from './spread.ts';

/** Who brought a statement. */
export type Bringer =
  | { readonly kind: 'peer'; readonly from: PeerIdentity; readonly origin: RegionName }
  /** What it brings is history: others are ahead of it, or the stream has stopped. */
  | { readonly kind: 'history'; readonly from: PeerIdentity }
  | { readonly kind: 'submit'; readonly requestId: number };

/** What this node holds, and how it comes to hold more. */
export class Replica {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #spread: Spread;
  readonly #home: RegionName;
  readonly #intake: Intake;
  readonly #commits: Commits;
  #nextBatchId = 1;

  constructor(parts: {
    readonly outbox: Outbox;
    readonly links: LinkTable;
    readonly spread: Spread;
    readonly home: RegionName;
    readonly state: TrustedState;
  }) {
    const { state } = parts;
    this.#outbox = parts.outbox;
    this.#links = parts.links;
    this.#spread = parts.spread;
    this.#home = parts.home;
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
    bringer: Exclude<Bringer, { kind: 'submit' }>,
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
   * The oldest batch under way is on disk: serve it, answer, acknowledge. Returns the streams that
   * changed; `moved` are those that it moved by the way, of which peers may hold more.
   */
  persisted(batchId: number): Record<'streams' | 'moved', readonly StreamName[]> {
    const commit = this.#commits.done(batchId);
    if (commit === undefined) return { streams: [], moved: [] };
    const { row, state, moved } = commit;
    const streams = [row.stream, ...moved];
    this.#outbox.emit({ kind: 'serve', state, streams });
    for (const { requestId, row: submitted, novelty } of commit.waiters) {
      const result = durableResult(submitted, novelty);
      this.#outbox.emit({ kind: 'reply', requestId, result });
    }
    const rows = [row, ...moved.map((stream) => rowIn(state, stream))];
    const before = this.rows.revision - rows.length;
    // One object for all links: it is encoded once.
    const frames = rows.flatMap((each, index) =>
      each === undefined
        ? []
        : [{ kind: 'held' as const, row: each, revision: before + index + 1 }],
    );
    for (const link of this.#links.ready()) {
      for (const frame of frames) this.#outbox.send(link, frame);
    }
    return { streams, moved };
  }

  /** The disk refused the oldest batch under way: nobody is told that it, or one behind, is held. */
  persistFailed(error: KedgeError): void {
    const result = { kind: 'refused', error } as const;
    // What the store finds to contradict it will never take.
    const remains = error.code === 'STORE' ? 'in-doubt' : 'nothing';
    for (const { requestId } of this.#commits.failed(remains)) {
      this.#outbox.emit({ kind: 'reply', requestId, result });
    }
    this.#intake.reset(this.#commits.expected);
    this.#outbox.notice({ kind: 'persist-failed', error });
  }

  /** Called at a steady pace, and before anything else is written. */
  retry(): void {
    const failed = this.#commits.retry();
    if (failed === undefined) return;
    const { batchId, batch } = failed;
    this.#outbox.emit({ kind: 'persist', batchId, batch });
  }

  #adopt(taken: Taken, bringer: Bringer): void {
    if (taken.kind === 'held') return this.#alreadyHeld(taken.row, bringer);
    this.#forward(taken, bringer);
    const { state, row, batch, evidence, moved } = taken;
    const batchId = this.#nextBatchId++;
    const waiters =
      bringer.kind === 'submit'
        ? [{ requestId: bringer.requestId, row, novelty: 'new' as const }]
        : [];
    this.retry();
    this.#commits.add({ batchId, batch, state, row, moved, waiters, phase: 'writing' });
    this.#outbox.emit({ kind: 'persist', batchId, batch });
    if (evidence !== undefined) this.#outbox.notice({ kind: 'forked', evidence });
    for (const { stream, sequence } of batch.settled ?? []) {
      this.#outbox.notice({ kind: 'settled', stream, sequence });
    }
  }

  #forward(taken: Extract<Taken, { kind: 'new' }>, bringer: Bringer): void {
    const { row, evidence } = taken;
    if (evidence !== undefined) {
      for (const link of this.#links.ready()) {
        if (bringer.kind === 'submit' || link.nodeId !== bringer.from.nodeId) {
          this.#outbox.send(link, { kind: 'fork', evidence });
        }
      }
      return;
    }
    if (bringer.kind === 'history') return;
    const push = taken.push?.();
    // What is too large to push is fetched by whoever lacks it, once it is durable here.
    if (!isSmall(push)) return;
    const origin = bringer.kind === 'peer' ? bringer.origin : this.#home;
    const from = bringer.kind === 'peer' ? { from: bringer.from } : {};
    // One object for all links: it is encoded once.
    const frame = { kind: 'push', push, origin } as const;
    for (const link of this.#spread.targets({ ...from, origin })) {
      const held = link.held.get(row.stream);
      if (held !== undefined && held.sequence >= row.sequence) continue;
      this.#outbox.send(link, frame);
    }
  }

  /** Nothing new: answered at once when it is durable, else with the batch that carries it. */
  #alreadyHeld(row: Row, bringer: Bringer): void {
    // Whoever has a stopped stream too would fetch what it hears of and answer likewise, for ever.
    if (bringer.kind === 'history') return;
    const carrier = this.#commits.carrierOf(row);
    if (bringer.kind !== 'submit') {
      const link = this.#links.to(bringer.from.nodeId);
      if (carrier === undefined && link?.isReady === true) {
        this.#outbox.send(link, { kind: 'held', row });
      }
      return;
    }
    const { requestId } = bringer;
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
