/**
 * What of a node's work goes into its audit log, and who brought it.
 *
 * What was accepted is read off the store: everything between the mark of a stream and its head,
 * a moment after it became durable and was served. So nothing is noted before it is true, a crash
 * between the two is made up for at the next start, and no statement waits for its entry, here or
 * at a neighbour that shares the processor. Refusals and the like are noted as they happen. Spec
 * section 11.
 *
 * @module
 */
import type { SubmitReceipt } from '../../core/admin/messages.ts';
import type { AuditFact } from '../../core/audit/entry.ts';
import { auditSigners } from '../../core/audit/signers.ts';
import { stepFacts } from '../../core/audit/steps.ts';
import {
  encodeStreamMark,
  NO_MARK,
  notedUpTo,
  parseStreamMark,
  type StreamMark,
} from '../../core/audit/stream-mark.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Notice, PersistBatch } from '../../core/gossip/events.ts';
import { heldIn, rowIn, rowsOf } from '../../core/gossip/rows.ts';
import { CHARTER_STREAM, type NodeId, parseSequence, type StreamName } from '../../core/ids.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { decisionsOn } from '../../core/trusted/decisions.ts';
import { lastRecovery } from '../../core/trusted/lineage.ts';
import { forkOf, headOf, type StreamState, type TrustedState } from '../../core/trusted/state.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Store } from '../../ports/store.ts';
import type { AuditLog } from './audit-log.ts';
import { AuditOrigins } from './audit-origins.ts';
import { placeOf } from './audit-place.ts';
import { AuditProposals } from './audit-proposals.ts';

/** What a feed works with. */
export interface AuditFeedOptions {
  readonly log: AuditLog;
  readonly store: Store;
  /** What the store holds at start. */
  readonly state: TrustedState;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long after the first of a group is served it is noted: until then others still need it. */
const NOTE_AFTER_MS = 250;
/** Statements read at once. */
const PAGE = 200;
/** Of a stream that was never noted, its newest statements: a log does not tell of times before. */
const BACKLOG_MAX = 1_000;
/** Of what was accepted at once, the newest are read for what else they say. */
const STEPS_BACK = 50;

/** Feeds the audit log of one node. */
export class AuditFeed implements AsyncDisposable {
  /** What is asked about proposals goes through here. */
  readonly proposals: AuditProposals;
  readonly #options: AuditFeedOptions;
  readonly #marks: Map<StreamName, StreamMark> = new Map();
  readonly #waiting: Set<StreamName> = new Set();
  /** Streams that the store failed: offered again with the next one that moves. */
  readonly #failed: Set<StreamName> = new Set();
  readonly #origins: AuditOrigins = new AuditOrigins();
  #state: TrustedState;
  #work: Promise<void> = Promise.resolve();
  #timer: ClockTimer | undefined;
  #isClosed = false;

  constructor(options: AuditFeedOptions) {
    this.#options = options;
    this.proposals = new AuditProposals(options.log);
    this.#state = options.state;
  }

  /** Notes the start, and what was accepted before and is not noted. */
  start(): void {
    this.note({ what: 'node-started', via: 'node' });
    this.#offer([...rowsOf(this.#state).keys()]);
  }

  /** Notes a fact of another part of the node; one that outsiders bring about must be bounded. */
  note(fact: AuditFact): void {
    this.#options.log.note(fact);
  }

  /** What is durable moved; no streams when holding back ends. */
  moved(state: TrustedState, streams: readonly StreamName[]): void {
    this.#state = state;
    this.#offer([...streams, ...this.#failed]);
    this.#failed.clear();
    // What a fork and a charter do to other streams is noted in the order in which it came.
    const isGrave = (stream: StreamName): boolean =>
      stream === CHARTER_STREAM || forkOf(state, stream) !== undefined;
    if (streams.some(isGrave)) this.#begin();
  }

  /** A batch is on its way to the disk; `from` brought it, absent when it is tried again. */
  taken(batch: PersistBatch, from: NodeId | 'submit' | undefined): void {
    if (from !== undefined) this.#origins.taken(batch, from);
  }

  /** Notes who submits what, and why it was refused. Errors: those of `submit`. */
  async submitting(
    by: string,
    { statement: { payload } }: SignedDocument,
    submit: () => Promise<SubmitReceipt>,
  ): Promise<SubmitReceipt> {
    const digest = sha256(payload);
    using _ = this.#origins.submitting(digest, by);
    try {
      return await submit();
    } catch (thrown) {
      const { code, message: reason } = KedgeError.from(thrown);
      const source = { via: 'admin', by, code } as const;
      this.#options.log.refused(source, { ...placeOf(payload), digest, reason });
      throw thrown;
    }
  }

  /** Notes what replication noticed, as far as it is for auditors. */
  noticed(notice: Notice): void {
    const { log } = this.#options;
    if (notice.kind === 'refused' && notice.from !== 'submit') {
      const { from: by, error } = notice;
      const { code, message: reason } = error;
      const stream = 'stream' in notice && { stream: notice.stream };
      log.refused({ via: 'peer', by, code }, { ...stream, reason });
    } else if (notice.kind === 'region-split') {
      const { keyId, first } = notice.split;
      const { stream, size } = first.checkpoint;
      const reason = `key ${keyId} of ${first.line.name} signed two roots for size ${size}`;
      log.note({ what: 'region-split', stream, via: 'node', reason });
    } else if (notice.kind === 'proposal' || notice.kind === 'proposal-ended') {
      this.proposals.noticed(notice, this.#state.charters);
    }
  }

  /** Notes at once all that moved so far; resolves when it is noted, or could not be. */
  async idle(): Promise<void> {
    this.#begin();
    await this.#work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.idle();
    this.#isClosed = true;
  }

  #offer(streams: readonly StreamName[]): void {
    for (const stream of streams) this.#waiting.add(stream);
    if (streams.length === 0 || this.#isClosed) return;
    this.#timer ??= this.#options.clock.setTimer(NOTE_AFTER_MS, () => this.#begin());
  }

  #begin(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#waiting.size > 0) this.#work = this.#work.then(() => this.#noteAll());
  }

  async #noteAll(): Promise<void> {
    for (const stream of this.#waiting) {
      if (this.#isClosed) return;
      // Before the work: what comes meanwhile is newer.
      this.#waiting.delete(stream);
      try {
        await this.#noteStream(stream);
      } catch (thrown) {
        this.#marks.delete(stream);
        this.#failed.add(stream);
        const { code, message: reason } = KedgeError.from(thrown);
        const fields = { event: 'audit.failed', stream, code, reason } as const;
        this.#options.logger.error(fields, 'a stream is not noted');
      }
    }
  }

  async #noteStream(stream: StreamName): Promise<void> {
    const row = rowIn(this.#state, stream);
    if (row === undefined) return;
    const mark = await this.#markOf(stream);
    const head = heldIn(row);
    const last = await this.#noteAccepted(stream, mark, head);
    const evidence = forkOf(this.#state, stream);
    // What the charter decided against was taken away: with a fork that was seen, or without.
    const isSettled = mark.fork === 'noted' || mark.sequence > head;
    if (evidence !== undefined && mark.fork === 'none') {
      const [digest, other] = [sha256(evidence.first.payload), sha256(evidence.second.payload)];
      const fact = { what: 'forked', stream, sequence: evidence.sequence, digest, other } as const;
      this.#noteMarked(stream, { ...fact, via: 'node' }, { ...last, fork: 'noted' });
    } else if (evidence === undefined && isSettled) {
      const at = last.sequence === 0 ? {} : { sequence: parseSequence(last.sequence) };
      const fact = { what: 'settled', stream, ...at, digest: last.digest, via: 'node' } as const;
      this.#noteMarked(stream, fact, { ...last, fork: 'none' });
    }
  }

  /** Notes what is held beyond the mark; returns the mark from then on. */
  async #noteAccepted(stream: StreamName, mark: StreamMark, head: number): Promise<StreamMark> {
    const { store, log } = this.#options;
    const next = nextInMemory(this.#state.streams.get(stream), mark);
    if (next !== undefined && (await log.room()) === 'room') {
      const noted = this.#noteStatement(stream, next, mark);
      await this.#noteSteps(stream, next, noted);
      return noted;
    }
    const noted = await this.#notedUpTo(stream, mark, head);
    let last = mark;
    let from = mark === NO_MARK ? Math.max(noted, head - BACKLOG_MAX) + 1 : noted + 1;
    while (from <= head) {
      if ((await log.room()) === 'none') throw new KedgeError('STORE', 'the log has no room');
      const page = await store.statements(stream, { from: parseSequence(from), limit: PAGE });
      if (page.length === 0) break;
      for (const signed of page) {
        last = this.#noteStatement(stream, signed, last);
        if (head - last.sequence < STEPS_BACK) await this.#noteSteps(stream, signed, last);
      }
      from += page.length;
    }
    if (last.sequence <= head) return last;
    // The head went back: what lies beneath it was noted when it came.
    const digest = head === 0 ? undefined : await store.digestAt(stream, parseSequence(head));
    return { ...NO_MARK, ...(digest !== undefined && { sequence: head, digest }), fork: last.fork };
  }

  #noteStatement(stream: StreamName, signed: SignedStatement, mark: StreamMark): StreamMark {
    const { sequence, digest } = parseStatement(signed.payload);
    const origin = this.#origins.take(digest);
    const signers = auditSigners(this.#state.charters, signed);
    const next = { ...mark, sequence, digest };
    this.#noteMarked(
      stream,
      { what: 'accepted', stream, sequence, digest, signers, ...origin },
      next,
    );
    return next;
  }

  /** What else the newest statements say. They are noted after what they follow from. */
  async #noteSteps(
    stream: StreamName,
    signed: SignedStatement,
    { sequence, digest }: StreamMark,
  ): Promise<void> {
    if (stream === CHARTER_STREAM) return;
    const place = { stream, sequence: parseSequence(sequence), digest };
    const head = headOf(this.#state, stream);
    const body =
      head?.digest === digest
        ? head.bodyBytes
        : (await this.#options.store.document(stream, place.sequence))?.body;
    if (body === undefined) return;
    const signers = auditSigners(this.#state.charters, signed);
    for (const fact of stepFacts(stream, body)) {
      this.#options.log.note({ ...fact, ...place, signers, via: 'node' });
    }
  }

  async #notedUpTo(stream: StreamName, mark: StreamMark, head: number): Promise<number> {
    const { store } = this.#options;
    const isHeld = mark.sequence > 0 && mark.sequence <= head;
    const atMark = isHeld ? await store.digestAt(stream, parseSequence(mark.sequence)) : undefined;
    const { charters } = this.#state;
    const decided = decisionsOn(charters, stream).at(-1)?.sequence;
    const isOpen = stream === CHARTER_STREAM && forkOf(this.#state, stream) === undefined;
    const recovered = isOpen ? lastRecovery(charters) : 0;
    return notedUpTo(mark, { head, atMark, decided, ...(recovered > 0 && { recovered }) });
  }

  #noteMarked(stream: StreamName, fact: AuditFact, mark: StreamMark): void {
    this.#options.log.note(fact, { stream, mark: encodeStreamMark(mark) });
    this.#marks.set(stream, mark);
  }

  async #markOf(stream: StreamName): Promise<StreamMark> {
    const known = this.#marks.get(stream);
    if (known !== undefined) return known;
    const stored = await this.#options.store.audit.mark(stream);
    return stored === undefined ? NO_MARK : parseStreamMark(stored);
  }
}

/**
 * The head, where it directly follows the mark: it names the statement before it, so what is noted
 * still counts, and nothing has to be read.
 */
function nextInMemory(
  of: StreamState | undefined,
  { digest, sequence, fork }: StreamMark,
): SignedStatement | undefined {
  if (of?.kind !== 'open' || fork === 'noted') return undefined;
  const isNext = of.head.previous === digest && of.head.sequence === sequence + 1;
  return isNext ? of.head.statement : undefined;
}
