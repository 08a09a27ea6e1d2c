/**
 * Fetching what this node misses from those who announced it: what comes is handed on, what is
 * missing then is asked for, and who sent nothing of use is named.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import { CHARTER_STREAM, type NodeId, rolloutStream, splitStream } from '../../ids.ts';
import type { PeerIdentity } from '../../peer.ts';
import type { Evidence } from '../../trusted/state.ts';
import type { GossipEvent, Recall } from '../events.ts';
import { isEmptyAnswer, isFetchFault, type Refused } from '../links/blame.ts';
import type { Link, LinkTable } from '../links/links.ts';
import type { Outbox } from '../outbox.ts';
import type { Replica } from '../replica/replica.ts';
import type { Row } from '../rows.ts';
import type { ActiveFetch, Want } from './active-fetches.ts';
import { FetchAnswers } from './fetch-answer.ts';
import { FetchPlan } from './fetch-plan.ts';
import { Missing } from './missing.ts';
import { missingRows, rowsBeneath } from './places.ts';
import type { Outcome } from './wants.ts';

type EventOf<Kind extends GossipEvent['kind']> = Extract<GossipEvent, { readonly kind: Kind }>;

/** Feeds what fetches bring to the replica. */
export class Fetching {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #replica: Replica;
  readonly #missing: Missing;
  readonly #plan: FetchPlan;
  readonly #answers: FetchAnswers;
  #monotonicMs = 0;

  constructor(outbox: Outbox, links: LinkTable, replica: Replica) {
    this.#outbox = outbox;
    this.#links = links;
    this.#replica = replica;
    const missing = new Missing(links, replica);
    this.#missing = missing;
    this.#plan = new FetchPlan({ outbox, links, replica, missing });
    this.#answers = new FetchAnswers({ links, replica, missing, lacking: this });
  }

  /** An event is handled now; `monotonicMs` never goes back. */
  clock(monotonicMs: number, nowMs: number): void {
    this.#monotonicMs = monotonicMs;
    this.#plan.clock(monotonicMs, nowMs);
  }

  /** True while something is being fetched. */
  get isBusy(): boolean {
    return this.#plan.fetches.isBusy;
  }

  /** Notes what a peer has; starts a fetch when we miss it. */
  want(want: Want, nowMs: number): void {
    this.#plan.want([want], nowMs);
  }

  /** A peer says that these rows are durable with it: what is missing here is fetched together. */
  announced({ nodeId, hello }: Link, rows: readonly Row[], nowMs: number): void {
    const wants = rows.map((row) => ({ nodeId, row, saidBy: hello.bootId }));
    this.#plan.want(wants, nowMs);
  }

  /**
   * Asks for what a refusal shows to be missing: statements in between, a newer charter, or the
   * peer's statement at the place where it and we differ.
   * Returns false when the refusal has another cause.
   */
  wantMissing(nodeId: NodeId, statement: Uint8Array, error: KedgeError, nowMs: number): boolean {
    const charter = this.#replica.verified.charters.at(-1)?.version ?? 0;
    const rows = missingRows(statement, error, charter);
    for (const row of rows) this.want({ nodeId, row }, nowMs);
    return rows.length > 0;
  }

  /**
   * Judges evidence that a peer shows; fetches what judging it lacks, and what lies beneath it.
   * Errors: those of `acceptEvidence`.
   */
  takeEvidence(from: PeerIdentity, evidence: Evidence, recall: Recall, nowMs: number): void {
    try {
      this.#replica.receiveEvidence(evidence, recall, from);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      // Of charters that part from ours below: what the peer holds there is asked for.
      if (error.code === 'PREVIOUS') {
        this.wantMissing(from.nodeId, evidence.first.payload, error, nowMs);
      }
      throw error;
    }
    this.wantBeneath(from.nodeId, evidence, nowMs);
  }

  /**
   * Streams are on disk. Those that moved back by the way may lack what peers said to hold of them;
   * rollouts that name what was released may be good now.
   */
  moved({ streams, moved }: ReturnType<Replica['persisted']>, nowMs: number): void {
    this.#plan.wantAgain(moved, nowMs);
    const rollouts = streams.flatMap((stream) => {
      const parsed = splitStream(stream);
      return parsed.kind === 'release' ? [rolloutStream(parsed.bundle)] : [];
    });
    if (rollouts.length > 0) this.#plan.wantAnew(rollouts, nowMs);
  }

  /** Called at a steady pace: asks again for what did not come. */
  tick(nowMs: number): void {
    this.#plan.tick(nowMs);
  }

  /** After a fork: when the two statements follow different ones, the fork lies deeper. */
  wantBeneath(nodeId: NodeId, evidence: Evidence | undefined, nowMs: number): void {
    if (evidence === undefined) return;
    for (const row of rowsBeneath(evidence)) this.want({ nodeId, row }, nowMs);
  }

  /** A fetch has run for a while: when nothing came, another node is asked too. */
  stalled(fetchId: number, nowMs: number): void {
    const excess = this.#plan.look(fetchId);
    if (excess === undefined) return;
    const error = new KedgeError('UNAVAILABLE', 'nothing came in time: others are asked');
    this.#plan.cancel(excess);
    this.#end({ fetchId: excess.fetchId, error }, nowMs);
  }

  /** Takes what comes of a fetch; says who sent it and why, when it is held against somebody. */
  answer(
    event: EventOf<'fetch-item' | 'fetch-held' | 'fetch-end'>,
    nowMs: number,
  ): Refused | undefined {
    switch (event.kind) {
      case 'fetch-item':
        return this.#item(event, nowMs);
      case 'fetch-held':
        this.#plan.fetches.get(event.fetchId)?.pace.hold(event.state, this.#monotonicMs);
        return undefined;
      case 'fetch-end':
        return this.#end(event, nowMs);
    }
  }

  /** Takes one piece of an answer. */
  #item({ fetchId, item, recall }: EventOf<'fetch-item'>, nowMs: number): Refused | undefined {
    const fetch = this.#plan.fetches.get(fetchId);
    const want = fetch?.wants[0];
    if (fetch === undefined || want === undefined) return undefined;
    fetch.items += 1;
    if (item.kind === 'over') return this.#streamOver(fetch, want, item.outcome, nowMs);
    const { fetches } = this.#plan;
    // Who was asked in its place brought it.
    if (fetches.isSpare(fetch) && this.#missing.sizeOf(want) === 0) {
      this.#drop(fetch);
      return undefined;
    }
    try {
      fetch.pace.note(item, this.#monotonicMs);
      const isMoved = this.#answers.take(fetch, want, item, recall, nowMs);
      if (isMoved) fetch.pace.moved(this.#monotonicMs);
      if (isMoved || item.kind !== 'entry' || !fetches.isDoubled(fetch)) return undefined;
      // Two bring the same, and the other one is ahead.
      this.#plan.settle(fetch, want, 'unreached', nowMs);
      this.#drop(fetch);
      return undefined;
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#plan.cancel(fetch);
      this.#settle(fetch, want, error, nowMs);
      this.#plan.end(fetch);
      return { nodeId: want.nodeId, error };
    }
  }

  /**
   * A fetch is over. Without an error it brought all that is durable with the peer; what it pushed
   * but has not written yet follows with its acknowledgement. Says who sent what cannot be read, or
   * nothing of what it said to hold.
   */
  #end({ fetchId, error }: Omit<EventOf<'fetch-end'>, 'kind'>, nowMs: number): Refused | undefined {
    const fetch = this.#plan.fetches.get(fetchId);
    const want = fetch?.wants[0];
    if (fetch === undefined || want === undefined) return undefined;
    const failure = error ?? fetch.buffer.unproven() ?? this.#answers.hollow(fetch, want);
    this.#settle(fetch, want, failure, nowMs);
    // An answer that ends well is one of a version that answers one stream at a time.
    for (let rest = fetch.wants[0]; error && rest !== undefined; rest = fetch.wants[0]) {
      this.#plan.settle(fetch, rest, 'unreached', nowMs);
    }
    this.#plan.end(fetch);
    return refusedBy(want, failure);
  }

  /** One of the streams of a fetch has come, the next one follows. */
  #streamOver(
    fetch: ActiveFetch,
    want: Want,
    outcome: 'sent' | 'missing',
    nowMs: number,
  ): Refused | undefined {
    const failure =
      fetch.buffer.unproven() ??
      this.#answers.hollow(fetch, want) ??
      (outcome === 'sent' ? undefined : new KedgeError('UNAVAILABLE', 'the peer lacks a part'));
    const rest = this.#settle(fetch, want, failure, nowMs);
    const refused = refusedBy(want, failure);
    // Of a peer that sends nothing of what it said nothing more is expected.
    if (rest === 'over' || refused !== undefined) this.#drop(fetch);
    return refused;
  }

  /** Ends a fetch; what it did not bring is asked for again. */
  #drop(fetch: ActiveFetch): void {
    this.#plan.cancel(fetch);
    this.#plan.end(fetch);
  }

  /** What became of the stream that comes now. */
  #settle(
    fetch: ActiveFetch,
    want: Want,
    failure: KedgeError | undefined,
    nowMs: number,
  ): 'more' | 'over' {
    if (failure !== undefined) {
      const { stream } = want.row;
      this.#outbox.notice({ kind: 'refused', from: want.nodeId, stream, error: failure });
    }
    if (failure !== undefined && !isEmptyAnswer(failure)) {
      return this.#plan.settle(fetch, want, outcomeOf(fetch, failure), nowMs);
    }
    const isHere = this.#missing.sizeOf(want) === 0;
    // It has that no more, as a decision about a fork took it back, or it never had it.
    if (!isHere) this.#links.to(want.nodeId)?.forgetHeld(want.row);
    return isHere || this.#missing.hasMoved(fetch, want)
      ? this.#plan.settle(fetch, want, 'done', nowMs)
      : this.#plan.settleEmpty(fetch, want, nowMs);
  }
}

function outcomeOf({ buffer }: ActiveFetch, failure: KedgeError): Outcome {
  if (failure.code === 'UNAVAILABLE') return 'unreached';
  // Neither proves anything before another charter holds.
  const lacksCharter = failure.code === 'GAP' && failure.detail['stream'] === CHARTER_STREAM;
  return lacksCharter || failure === buffer.unproven() ? 'unproven' : 'failed';
}

/** What of a failure is held against the peer. */
function refusedBy({ nodeId }: Want, error: KedgeError | undefined): Refused | undefined {
  return error !== undefined && isFetchFault(error) ? { nodeId, error } : undefined;
}
