/**
 * Fetching what this node misses from those who announced it.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { NodeId, StreamName } from '../ids.ts';
import type { PeerIdentity } from '../peer.ts';
import type { Evidence } from '../trusted/state.ts';
import { isFetchFault, type Refused } from './blame.ts';
import type { GossipEvent, Recall } from './events.ts';
import { FetchAnswers } from './fetch-answer.ts';
import { stallMs } from './fetch-pace.ts';
import type { Link, LinkTable } from './links.ts';
import type { Outbox } from './outbox.ts';
import { isPlace, missingRows, requestFor, rowsBeneath } from './places.ts';
import type { Replica } from './replica.ts';
import { Retries } from './retries.ts';
import type { Row } from './rows.ts';
import { compareRow, heldIn, rowIn } from './rows.ts';
import { type ActiveFetch, type Outcome, type Want, Wants } from './wants.ts';

/** After so many looks that found nothing the only one that has it is asked again; then doubled. */
const PATIENCE = 4;

type ItemEvent = Extract<GossipEvent, { readonly kind: 'fetch-item' }>;
type EndEvent = Extract<GossipEvent, { readonly kind: 'fetch-end' }>;

/** Plans fetches and feeds what they bring to the replica. */
export class Fetching {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #replica: Replica;
  readonly #answers: FetchAnswers;
  readonly #wants: Wants = new Wants();
  readonly #retries: Retries = new Retries();
  #nextFetchId = 1;
  #monotonicMs = 0;
  /** How many charters there were when the last event came. */
  #charters = 0;

  constructor(outbox: Outbox, links: LinkTable, replica: Replica) {
    this.#outbox = outbox;
    this.#links = links;
    this.#replica = replica;
    this.#answers = new FetchAnswers(links, replica, this);
  }

  /** An event is handled now; this time never goes back. */
  clock(monotonicMs: number): void {
    this.#monotonicMs = monotonicMs;
    const { length } = this.#replica.verified.charters;
    if (length !== this.#charters) this.#wants.chartered();
    this.#charters = length;
  }

  /** True while something is being fetched. */
  get isBusy(): boolean {
    return this.#wants.isBusy;
  }

  /** Notes what a peer has; starts a fetch when we miss it. */
  want(want: Want, nowMs: number): void {
    this.#add(want, nowMs);
    this.#pump();
  }

  /** A peer says that these rows are durable with it: what is missing here is fetched together. */
  announced({ nodeId, hello }: Link, rows: readonly Row[], nowMs: number): void {
    for (const row of rows) this.#add({ nodeId, row, saidBy: hello.bootId }, nowMs);
    this.#pump();
  }

  /**
   * Asks for what a refusal shows to be missing: statements in between, a newer charter, or the
   * peer's statement at the place where it and we differ.
   * Returns false when the refusal has another cause.
   */
  wantMissing(nodeId: NodeId, statement: Uint8Array, error: KedgeError, nowMs: number): boolean {
    const charter = this.#replica.verified.charters.at(-1)?.version ?? 0;
    const rows = missingRows(statement, error.code, charter);
    for (const row of rows) this.want({ nodeId, row }, nowMs);
    return rows.length > 0;
  }

  /**
   * Judges evidence that a peer shows; fetches what judging it lacks, and what lies beneath it.
   * Errors: those of `acceptEvidence`.
   */
  takeEvidence(from: PeerIdentity, evidence: Evidence, recall: Recall, nowMs: number): void {
    this.#replica.receiveEvidence(evidence, recall, from);
    this.wantBeneath(from.nodeId, evidence, nowMs);
  }

  /** Streams have moved back: what peers said to hold of them may be missing again. */
  wantAgain(streams: readonly StreamName[], nowMs: number): void {
    for (const { nodeId, held } of this.#links.ready()) {
      for (const stream of streams) {
        const row = held.get(stream);
        if (row !== undefined) this.#add({ nodeId, row }, nowMs);
      }
    }
    this.#pump();
  }

  /** Called at a steady pace: asks again for what did not come. */
  tick(nowMs: number): void {
    const due = this.#retries.due(
      this.#links.ready(),
      (want) => this.#sizeOf(want) > 0,
      (want) => !this.#wants.isPaused(want, nowMs),
    );
    for (const want of due) this.#add(want, nowMs);
    this.#pump();
  }

  /** After a fork: when the two statements follow different ones, the fork lies deeper. */
  wantBeneath(nodeId: NodeId, evidence: Evidence | undefined, nowMs: number): void {
    if (evidence === undefined) return;
    for (const row of rowsBeneath(evidence)) this.want({ nodeId, row }, nowMs);
  }

  /** A fetch has run for a while: when nothing came, asks another node, or the same one again. */
  stalled(fetchId: number, nowMs: number): void {
    const fetch = this.#wants.look(fetchId);
    if (fetch === undefined) return;
    const link = this.#links.to(fetch.from.nodeId);
    if (fetch.idle > 0 && this.#wants.hasOther(fetch)) {
      const error = new KedgeError('UNAVAILABLE', 'nothing came in time: asking another node');
      this.#outbox.emit({ kind: 'cancel-fetch', fetchId });
      this.end({ fetchId, error }, nowMs);
      return;
    }
    if (fetch.idle > 0 && link?.isReady === true && this.#isLost(fetch, link)) {
      return this.#askAgain(fetch, link);
    }
    fetch.isLagging = fetch.pace.lags(this.#monotonicMs);
    if (fetch.isLagging) this.#pump();
    this.#outbox.arm({ name: 'fetch', fetchId }, stallMs(link?.rttMs));
  }

  /** Takes one piece of an answer; says who sent it and why, when it is refused. */
  item({ fetchId, item, recall }: ItemEvent, nowMs: number): Refused | undefined {
    const fetch = this.#wants.active(fetchId);
    const want = fetch?.wants[0];
    if (fetch === undefined || want === undefined) return undefined;
    fetch.items += 1;
    if (item.kind === 'over') return this.#streamOver(fetch, want, item.outcome, nowMs);
    try {
      fetch.pace.note(item, this.#monotonicMs);
      const isMoved = this.#answers.take(fetch, want, item, recall, nowMs);
      if (isMoved) fetch.pace.moved(this.#monotonicMs);
      return undefined;
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#outbox.emit({ kind: 'cancel-fetch', fetchId });
      this.#settle(fetch, want, error, nowMs);
      this.#wants.end(fetch);
      this.#pump();
      return { nodeId: want.nodeId, error };
    }
  }

  /**
   * A fetch is over. Without an error it brought all that is durable with the peer; what it pushed
   * but has not written yet follows with its acknowledgement. Says who sent what cannot be read, or
   * nothing of what it said to hold.
   */
  end({ fetchId, error }: Omit<EndEvent, 'kind'>, nowMs: number): Refused | undefined {
    const fetch = this.#wants.active(fetchId);
    const want = fetch?.wants[0];
    if (fetch === undefined || want === undefined) return undefined;
    const failure = error ?? fetch.buffer.unproven() ?? this.#answers.hollow(fetch, want);
    this.#settle(fetch, want, failure, nowMs);
    // An answer that ends well is one of a version that answers one stream at a time.
    for (let rest = fetch.wants[0]; error && rest !== undefined; rest = fetch.wants[0]) {
      this.#rest(fetch, rest, 'unreached', nowMs);
    }
    this.#wants.end(fetch);
    this.#pump();
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
    if (this.#settle(fetch, want, failure, nowMs) === 'more') {
      this.#answers.begins(fetch);
      return this.#judged(fetch, want, failure);
    }
    this.#outbox.emit({ kind: 'cancel-fetch', fetchId: fetch.fetchId });
    this.#pump();
    return refusedBy(want, failure);
  }

  /** Of a peer that sends nothing of what it said nothing more is expected. */
  #judged(fetch: ActiveFetch, want: Want, failure: KedgeError | undefined): Refused | undefined {
    const refused = refusedBy(want, failure);
    if (refused === undefined) return undefined;
    this.#outbox.emit({ kind: 'cancel-fetch', fetchId: fetch.fetchId });
    this.#wants.end(fetch);
    this.#pump();
    return refused;
  }

  /** What became of the stream that comes now. */
  #settle(
    fetch: ActiveFetch,
    want: Want,
    failure: KedgeError | undefined,
    nowMs: number,
  ): 'more' | 'over' {
    const outcome = outcomeOf(fetch, failure);
    if (failure === undefined) {
      // It has that no more: a decision about a fork took it back.
      if (this.#sizeOf(want) > 0) this.#links.to(want.nodeId)?.forgetHeld(want.row);
    } else {
      const { stream } = want.row;
      this.#outbox.notice({ kind: 'refused', from: want.nodeId, stream, error: failure });
    }
    return this.#rest(fetch, want, outcome, nowMs);
  }

  #rest(fetch: ActiveFetch, { row }: Want, outcome: Outcome, nowMs: number): 'more' | 'over' {
    if (outcome !== 'done') this.#retries.note(row.stream, outcome);
    return this.#wants.settle(fetch, outcome, nowMs);
  }

  #add(want: Want, nowMs: number): void {
    if (this.#sizeOf(want) > 0) this.#wants.add(want, nowMs);
  }

  /** How many statements a want would bring; 0: it is of no use. */
  #sizeOf({ nodeId, row }: Want): number {
    if (this.#links.to(nodeId)?.isReady !== true || !isPlace(row)) return 0;
    const ours = rowIn(this.#replica.verified, row.stream);
    // Where a fork ends may lie deeper than its proof: what others hold there is worth reading.
    const isBeneath = ours?.forked === true && !row.forked && ours.sequence === row.sequence;
    if (!isBeneath && compareRow(ours, row) !== 'fetch') return 0;
    return Math.max(1, heldIn(row) - (ours === undefined ? 0 : heldIn(ours)));
  }

  /**
   * Says whether the question or the answer may be lost on the way, which is free now: the peer has
   * another link since, or it has said again what it has.
   */
  #isLost(fetch: ActiveFetch, { linkId }: Link): boolean {
    if (linkId !== fetch.linkId) return true;
    return fetch.idle >= fetch.patience && this.#wants.isSaidAgain(fetch);
  }

  /** A peer that is slow rather than cut off is given more time from then on. */
  #askAgain(fetch: ActiveFetch, link: Link): void {
    const patience = fetch.linkId === link.linkId ? 2 * fetch.patience : PATIENCE;
    this.#outbox.emit({ kind: 'cancel-fetch', fetchId: fetch.fetchId });
    const wants = this.#wants.again(fetch, (want) => this.#sizeOf(want));
    if (wants.length > 0) this.#begin(link, wants, patience);
    this.#pump();
  }

  #begin(link: Link, wants: readonly Want[], patience: number): void {
    const fetchId = this.#nextFetchId++;
    const { verified } = this.#replica;
    const requests = wants.map(({ row }) => requestFor(rowIn(verified, row.stream), row));
    const { linkId, peer: from } = link;
    const fetch = { fetchId, from, linkId, patience };
    this.#answers.begins(this.#wants.begin(fetch, wants, this.#monotonicMs));
    const target = { nodeId: link.nodeId, address: link.hello.address };
    this.#outbox.emit({ kind: 'fetch', fetchId, target, requests });
    this.#outbox.arm({ name: 'fetch', fetchId }, stallMs(link.rttMs));
  }

  #pump(): void {
    for (;;) {
      const wants = this.#wants.next((each) => this.#sizeOf(each));
      const link = wants[0] && this.#links.to(wants[0].nodeId);
      if (link?.isReady !== true) return;
      this.#begin(link, wants, PATIENCE);
    }
  }
}

function outcomeOf({ buffer }: ActiveFetch, failure: KedgeError | undefined): Outcome {
  if (failure === undefined) return 'done';
  if (failure.code === 'UNAVAILABLE') return 'unreached';
  return failure === buffer.unproven() ? 'unproven' : 'failed';
}

/** What of a failure is held against the peer. */
function refusedBy({ nodeId }: Want, error: KedgeError | undefined): Refused | undefined {
  return error !== undefined && isFetchFault(error) ? { nodeId, error } : undefined;
}
