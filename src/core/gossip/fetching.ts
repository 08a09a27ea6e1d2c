/**
 * Fetching what this node misses from those who announced it.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { type NodeId, type StreamName, splitStream } from '../ids.ts';
import type { PeerIdentity } from '../peer.ts';
import { parseStatement } from '../statements/statement.ts';
import type { Standing } from '../trusted/authority.ts';
import type { Evidence } from '../trusted/state.ts';
import { isGarbage, type Refused } from './blame.ts';
import type { GossipEvent, Recall } from './events.ts';
import type { FetchItem, Push } from './frames.ts';
import type { Link, LinkTable } from './links.ts';
import type { Outbox } from './outbox.ts';
import { charterRow, isPlace, requestFor } from './places.ts';
import type { Bringer, Replica } from './replica.ts';
import type { Row } from './rows.ts';
import { compareRow, heldIn, rowIn } from './rows.ts';
import { type ActiveFetch, type Want, Wants } from './wants.ts';

/** The shortest time after which a fetch that brought nothing is given to another node, ms. */
const STALL_MIN_MS = 300;
/** A fetch that brought nothing after so many round trips is given to another node. */
const STALL_ROUND_TRIPS = 1.5;

type ItemEvent = Extract<GossipEvent, { readonly kind: 'fetch-item' }>;
type EndEvent = Extract<GossipEvent, { readonly kind: 'fetch-end' }>;

/** Plans fetches and feeds what they bring to the replica. */
export class Fetching {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #replica: Replica;
  readonly #wants: Wants = new Wants();
  /** What nobody could be reached for; tried again at a steady pace. */
  readonly #unreached: Set<StreamName> = new Set();
  #nextFetchId = 1;

  constructor(outbox: Outbox, links: LinkTable, replica: Replica) {
    this.#outbox = outbox;
    this.#links = links;
    this.#replica = replica;
  }

  /** True while something is being fetched. */
  get isBusy(): boolean {
    return this.#wants.isBusy;
  }

  /** Notes what a peer has; starts a fetch when we miss it. */
  want(want: Want, nowMs: number): void {
    if (this.#isUseful(want)) this.#wants.add(want.nodeId, want.row, nowMs);
    this.#pump(nowMs);
  }

  /**
   * Asks for what a refusal shows to be missing: statements in between, a newer charter, or the
   * peer's statement at the place where it and we differ.
   * Returns false when the refusal has another cause.
   */
  wantMissing(nodeId: NodeId, statement: Uint8Array, error: KedgeError, nowMs: number): boolean {
    const { stream, sequence, previous, digest, charterVersion } = parseStatement(statement);
    if (error.code === 'PREVIOUS' && sequence > 1) {
      const row = { stream, sequence: sequence - 1, digest: previous, forked: false };
      this.want({ nodeId, row }, nowMs);
      return true;
    }
    if (error.code !== 'GAP') return false;
    if (charterVersion > (this.#replica.verified.charters.at(-1)?.version ?? 0)) {
      this.want({ nodeId, row: charterRow(charterVersion) }, nowMs);
    }
    this.want({ nodeId, row: { stream, sequence, digest, forked: false } }, nowMs);
    return true;
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
        if (row !== undefined) this.want({ nodeId, row }, nowMs);
      }
    }
  }

  /** Called at a steady pace: asks again for what nobody could be reached for. */
  tick(nowMs: number): void {
    const streams = [...this.#unreached];
    for (const stream of streams) {
      const isKnown = this.#links.ready().some(({ nodeId, held }) => {
        const row = held.get(stream);
        return row !== undefined && this.#isUseful({ nodeId, row });
      });
      if (!isKnown || this.#wants.isActive(stream)) this.#unreached.delete(stream);
    }
    this.wantAgain(streams, nowMs);
  }

  /** After a fork: when the two statements follow different ones, the fork lies deeper. */
  wantBeneath(nodeId: NodeId, evidence: Evidence | undefined, nowMs: number): void {
    if (evidence === undefined) return;
    const first = parseStatement(evidence.first.payload);
    const second = parseStatement(evidence.second.payload);
    if (first.previous === second.previous || evidence.sequence === 1) return;
    const { stream } = evidence;
    const sequence = evidence.sequence - 1;
    for (const digest of [first.previous, second.previous]) {
      this.want({ nodeId, row: { stream, sequence, digest, forked: false } }, nowMs);
    }
  }

  /** A fetch has run for a while: when nothing came and somebody else has it, ask there. */
  stalled(fetchId: number, nowMs: number): void {
    const fetch = this.#wants.active(fetchId);
    if (fetch === undefined) return;
    if (fetch.items === 0 && this.#wants.hasOther(fetch)) {
      const error = new KedgeError('UNAVAILABLE', 'nothing came in time: asking another node');
      this.#outbox.emit({ kind: 'cancel-fetch', fetchId });
      this.end({ fetchId, error }, nowMs);
      return;
    }
    fetch.items = 0;
    const link = this.#links.to(fetch.from.nodeId);
    this.#outbox.arm({ name: 'fetch', fetchId }, link === undefined ? STALL_MIN_MS : stallMs(link));
  }

  /** Takes one piece of an answer; says who sent it and why, when it is refused. */
  item({ fetchId, item, recall }: ItemEvent, nowMs: number): Refused | undefined {
    const fetch = this.#wants.active(fetchId);
    if (fetch === undefined) return undefined;
    fetch.items += 1;
    try {
      this.#take(fetch, item, recall, nowMs);
      return undefined;
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#outbox.emit({ kind: 'cancel-fetch', fetchId });
      this.end({ fetchId, error }, nowMs);
      return { nodeId: fetch.from.nodeId, error };
    }
  }

  /**
   * A fetch is over. Without an error it brought all that is durable with the peer; what it pushed
   * but has not written yet follows with its acknowledgement. Says who sent what cannot be read.
   */
  end({ fetchId, error }: Omit<EndEvent, 'kind'>, nowMs: number): Refused | undefined {
    const fetch = this.#wants.active(fetchId);
    if (fetch === undefined) return undefined;
    const { from, row, buffer } = fetch;
    const failure = error ?? buffer.unproven();
    const isUnreached = failure?.code === 'UNAVAILABLE';
    if (isUnreached) this.#unreached.add(row.stream);
    const outcome = isUnreached ? 'unreached' : failure === undefined ? 'done' : 'failed';
    this.#wants.end(fetch, outcome, nowMs);
    if (failure !== undefined) {
      const { stream } = row;
      this.#outbox.notice({ kind: 'refused', from: from.nodeId, stream, error: failure });
    }
    this.#pump(nowMs);
    return error && isGarbage(error) ? { nodeId: from.nodeId, error } : undefined;
  }

  #take(fetch: ActiveFetch, item: FetchItem, recall: Recall, nowMs: number): void {
    const { buffer, from, pace } = fetch;
    const waiting = buffer.documents.length;
    const before = this.#heldOf(fetch.row.stream);
    pace.note(blobBytes(item), nowMs);
    switch (item.kind) {
      case 'blobs':
        if (splitStream(fetch.row.stream).kind === 'charter') {
          throw new KedgeError('TYPE', 'a charter has no anchors');
        }
        buffer.addBlobs(item.blobs);
        break;
      case 'fork':
        this.takeEvidence(from, item.evidence, recall, nowMs);
        break;
      case 'entry':
        this.#entry(fetch, item.entry, recall, nowMs);
    }
    const isMoved = this.#heldOf(fetch.row.stream) !== before || buffer.documents.length > waiting;
    if (isMoved) pace.moved(nowMs);
  }

  /** What is verified of a stream, as one word. */
  #heldOf(stream: StreamName): string {
    const row = rowIn(this.#replica.verified, stream);
    return row === undefined ? '' : `${String(heldIn(row))} ${row.digest}`;
  }

  #entry(fetch: ActiveFetch, entry: Push, recall: Recall, nowMs: number): void {
    const { buffer, from } = fetch;
    const opened = this.#replica.open(entry, buffer.tip);
    if (opened.row.stream !== fetch.row.stream) {
      throw new KedgeError('TYPE', `asked for ${fetch.row.stream}, got ${opened.row.stream}`);
    }
    if (opened.kind === 'gap') throw new KedgeError('GAP', 'the answer to a fetch has a gap');
    const { document } = opened;
    const standing = (): Standing => this.#replica.standing(document.statement);
    buffer.addBlobs(entry.blobs);
    try {
      // What waits is judged as a whole, and only under a statement that can prove it.
      if (buffer.documents.length > 0 && standing() === 'history') {
        return buffer.addDocument(this.#replica.proven(document), undefined);
      }
      const documents = [...buffer.documents, document];
      const bringer = this.#bringerOf(fetch, opened.row);
      const fork = this.#replica.receive(documents, buffer.blobs, recall, bringer, nowMs);
      buffer.clear();
      this.wantBeneath(from.nodeId, fork, nowMs);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      // What nobody ever had a quorum for is no history and does not wait.
      if (error.code === 'THRESHOLD' && standing() !== 'nothing') {
        return buffer.addDocument(this.#replica.proven(document), error);
      }
      this.wantMissing(from.nodeId, entry.statement.payload, error, nowMs);
      throw error;
    }
  }

  #isUseful({ nodeId, row }: Want): boolean {
    if (this.#links.to(nodeId)?.isReady !== true || !isPlace(row)) return false;
    const ours = rowIn(this.#replica.verified, row.stream);
    // Where a fork ends may lie deeper than its proof: what others hold there is worth reading.
    const isBeneath = ours?.forked === true && !row.forked && ours.sequence === row.sequence;
    return isBeneath || compareRow(ours, row) === 'fetch';
  }

  /** History is for us alone; what the peer announced, others may lack as well. */
  #bringerOf({ from, row }: ActiveFetch, fetched: Row): Exclude<Bringer, { kind: 'submit' }> {
    const isStopped = rowIn(this.#replica.verified, row.stream)?.forked === true;
    return isStopped || fetched.sequence < row.sequence
      ? { kind: 'history', from }
      : { kind: 'peer', from, origin: from.region };
  }

  #begin(link: Link, row: Row, nowMs: number): void {
    const fetchId = this.#nextFetchId++;
    const request = requestFor(rowIn(this.#replica.verified, row.stream), row);
    this.#wants.begin(fetchId, link.peer, row, nowMs);
    const target = { nodeId: link.nodeId, address: link.hello.address };
    this.#outbox.emit({ kind: 'fetch', fetchId, target, request });
    this.#outbox.arm({ name: 'fetch', fetchId }, stallMs(link));
  }

  #pump(nowMs: number): void {
    for (;;) {
      const want = this.#wants.next((each) => this.#isUseful(each));
      if (want === undefined) return;
      const link = this.#links.to(want.nodeId);
      if (link?.isReady === true) this.#begin(link, want.row, nowMs);
    }
  }
}

function stallMs({ rttMs }: Link): number {
  return Math.max(STALL_MIN_MS, Math.round(STALL_ROUND_TRIPS * rttMs));
}

/** The size of the anchors in one piece of an answer. */
function blobBytes(item: FetchItem): number {
  const blobs = item.kind === 'blobs' ? item.blobs : item.kind === 'entry' ? item.entry.blobs : [];
  return blobs.reduce((bytes, blob) => bytes + blob.length, 0);
}
