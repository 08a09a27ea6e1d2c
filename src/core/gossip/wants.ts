/**
 * What this node misses and who announced it: plans fetches.
 *
 * A fetch asks one peer for several streams, one after the other, so that a node that is behind in
 * many does not pay for a call each; how many is bounded, by streams and by the statements that
 * they lack, so that others get their turn. Each stream is fetched once at a time. Few fetches run
 * at once and never all from one peer; the charter goes first and alone, since nothing else can be
 * judged without it, unless it brings nothing for a while: who promises one must not stop all else.
 * Each peer has a table of its own, so that one that announces much crowds out nobody; those whose
 * last answer was of no use come after the others. An announcer that did not deliver rests for that
 * row (`pauses.ts`), so that others are asked instead.
 *
 * @module
 */
import { CHARTER_STREAM, type NodeId, type StreamName } from '../ids.ts';
import { FETCH_STREAMS_MAX, PEERS_MAX, STREAMS_MAX } from '../limits.ts';
import type { LinkId, PeerIdentity } from '../peer.ts';
import { FetchBuffer } from './fetch-buffer.ts';
import { FetchPace } from './fetch-pace.ts';
import { type Miss, Pauses } from './pauses.ts';
import type { Row } from './rows.ts';

/** Fetches under way at once. */
export const FETCHES_MAX: number = 4;
/** Fetches from one peer at once: one place is always left for the others. */
const FETCHES_PER_PEER_MAX = FETCHES_MAX - 1;
/** Statements that one fetch asks for, where it asks for more than one stream. */
const FETCH_STATEMENTS_MAX = 256;

/** A row that is missing here, and a node that has it. */
export interface Want {
  readonly nodeId: NodeId;
  readonly row: Row;
  /**
   * The process of the peer that said that it holds the row, by its boot id. Absent: what it sent
   * lets it be guessed.
   */
  readonly saidBy?: string | undefined;
}

/** What became of a want. */
export type Outcome = 'done' | Miss;

/** What a fetch is begun with. */
export interface NewFetch {
  readonly fetchId: number;
  readonly from: PeerIdentity;
  /** The link of the peer at that time. */
  readonly linkId: LinkId;
  /** Looks without an item after which the same peer is asked once more, when it says so again. */
  readonly patience: number;
}

/** A fetch under way. */
export interface ActiveFetch extends NewFetch {
  /** What it still has to bring, in the order in which it was asked; the first one comes now. */
  readonly wants: Want[];
  /** What came for the first one and is not adopted yet. */
  readonly buffer: FetchBuffer;
  readonly pace: FetchPace;
  /** Items that came since somebody looked. */
  items: number;
  /** Looks in a row that found none. */
  idle: number;
  /** What the node held of the first one when it began to come. */
  heldBefore: string;
  /** It has not moved this node on for a while: nobody waits for it. */
  isLagging: boolean;
}

const NO_WANTS: ReadonlyMap<StreamName, Want> = new Map();

/** How many statements a want stands for: 0 when it is of no use any more. */
type SizeOf = (want: Want) => number;

/** Missing rows, their announcers and the fetches under way. */
export class Wants {
  readonly #announced: Map<NodeId, Map<StreamName, Want>> = new Map();
  readonly #fetches: Map<number, ActiveFetch> = new Map();
  readonly #streams: Set<StreamName> = new Set();
  readonly #pauses: Pauses = new Pauses();
  /** Peers whose last answer was of no use. */
  readonly #poor: Set<NodeId> = new Set();

  get isBusy(): boolean {
    return this.#fetches.size > 0;
  }

  /** Notes that a node has a row which we miss. */
  add(want: Want, nowMs: number): void {
    const { nodeId, row } = want;
    if (this.isPaused(want, nowMs)) return;
    const wants = this.#announced.get(nodeId) ?? new Map<StreamName, Want>();
    if (!wants.has(row.stream) && wants.size >= STREAMS_MAX) return;
    wants.set(row.stream, want);
    this.#announced.set(nodeId, wants);
  }

  /**
   * Picks what the next fetch asks for, all of one peer, or nothing; drops wants that are no longer
   * useful.
   */
  next(sizeOf: SizeOf): readonly Want[] {
    if (this.#fetches.size >= FETCHES_MAX) return [];
    const charter = this.#charterFetch();
    if (charter?.isLagging === false) return [];
    const nodeIds = this.#leastAsked();
    for (const nodeId of charter === undefined ? nodeIds : []) {
      const want = this.#announced.get(nodeId)?.get(CHARTER_STREAM);
      if (want === undefined) continue;
      if (sizeOf(want) > 0) return [want];
      this.#forget(want);
    }
    for (const nodeId of nodeIds) {
      const wants = this.#pick(this.#announced.get(nodeId) ?? NO_WANTS, sizeOf);
      if (wants.length > 0) return wants;
    }
    return [];
  }

  /** Notes that a fetch has started; all is of one peer. */
  begin(begun: NewFetch, wants: readonly Want[], monotonicMs: number): ActiveFetch {
    const parts = { buffer: new FetchBuffer(), pace: new FetchPace(monotonicMs) };
    const fetch = {
      ...begun,
      wants: [...wants],
      heldBefore: '',
      items: 0,
      idle: 0,
      isLagging: false,
      ...parts,
    };
    this.#fetches.set(begun.fetchId, fetch);
    for (const { row } of wants) this.#streams.add(row.stream);
    return fetch;
  }

  #charterFetch(): ActiveFetch | undefined {
    for (const fetch of this.#fetches.values()) {
      if (fetch.wants[0]?.row.stream === CHARTER_STREAM) return fetch;
    }
    return undefined;
  }

  /** Says whether somebody else has announced something of these streams. */
  hasOther({ from, wants }: ActiveFetch): boolean {
    for (const [nodeId, others] of this.#announced) {
      if (nodeId === from.nodeId) continue;
      if (wants.some(({ row }) => others.has(row.stream))) return true;
    }
    return false;
  }

  /** Says whether the peer has said again what it is asked for. */
  isSaidAgain({ wants }: ActiveFetch): boolean {
    return wants.some((want) => this.#saidOf(want).row !== want.row);
  }

  active(fetchId: number): ActiveFetch | undefined {
    return this.#fetches.get(fetchId);
  }

  /** A fetch; notes for how many looks in a row nothing came. */
  look(fetchId: number): ActiveFetch | undefined {
    const fetch = this.active(fetchId);
    if (fetch === undefined) return undefined;
    fetch.idle = fetch.items === 0 ? fetch.idle + 1 : 0;
    fetch.items = 0;
    return fetch;
  }

  /** Says whether the announcer rests for this row. */
  isPaused({ nodeId, row }: Want, nowMs: number): boolean {
    return this.#pauses.has(pauseKey(nodeId, row), nowMs);
  }

  /** Another charter holds: what nothing proved may be proven by it. */
  chartered(): void {
    this.#pauses.chartered();
  }

  /**
   * The first want of a fetch is settled; after a failure its announcer rests for this row. Says
   * whether the fetch has more to bring.
   */
  settle(fetch: ActiveFetch, outcome: Outcome, nowMs: number): 'more' | 'over' {
    const want = fetch.wants.shift();
    if (want !== undefined) {
      this.#streams.delete(want.row.stream);
      this.#forget(want);
      this.#rest(want, outcome, nowMs);
    }
    fetch.buffer.clear();
    if (fetch.wants.length > 0) return 'more';
    this.#fetches.delete(fetch.fetchId);
    return 'over';
  }

  /** A fetch is over; what it did not bring can be asked for again. */
  end(fetch: ActiveFetch): void {
    this.#fetches.delete(fetch.fetchId);
    for (const { row } of fetch.wants.splice(0)) this.#streams.delete(row.stream);
  }

  /** Ends a fetch that brought nothing; picks what to ask its announcer for again. */
  again(fetch: ActiveFetch, sizeOf: SizeOf): readonly Want[] {
    const said = fetch.wants.map((want) => this.#saidOf(want));
    this.end(fetch);
    return this.#pick(new Map(said.map((want) => [want.row.stream, want])), sizeOf);
  }

  /** What the peer announced last of this stream: another row when it did so again. */
  #saidOf(want: Want): Want {
    return this.#announced.get(want.nodeId)?.get(want.row.stream) ?? want;
  }

  #rest({ nodeId, row }: Want, outcome: Outcome, nowMs: number): void {
    if (outcome === 'done') {
      this.#poor.delete(nodeId);
      return;
    }
    if (this.#poor.size >= PEERS_MAX) this.#poor.clear();
    this.#poor.add(nodeId);
    this.#pauses.note(pauseKey(nodeId, row), outcome, nowMs);
  }

  /** Announcers that may be asked for more: good ones first, those that are asked for least. */
  #leastAsked(): readonly NodeId[] {
    const asked = new Map<NodeId, number>();
    for (const nodeId of this.#announced.keys()) asked.set(nodeId, 0);
    for (const { from } of this.#fetches.values()) {
      asked.set(from.nodeId, (asked.get(from.nodeId) ?? 0) + 1);
    }
    const rankOf = (nodeId: NodeId): number =>
      (asked.get(nodeId) ?? 0) + (this.#poor.has(nodeId) ? FETCHES_MAX : 0);
    return [...this.#announced.keys()]
      .filter((nodeId) => (asked.get(nodeId) ?? 0) < FETCHES_PER_PEER_MAX)
      .sort((a, b) => rankOf(a) - rankOf(b));
  }

  /** The oldest wants of a peer that are useful and not under way, as many as fit one fetch. */
  #pick(wants: ReadonlyMap<StreamName, Want>, sizeOf: SizeOf): readonly Want[] {
    const picked: Want[] = [];
    let statements = 0;
    for (const want of wants.values()) {
      if (this.#streams.has(want.row.stream)) continue;
      const size = sizeOf(want);
      if (size === 0) {
        this.#forget(want);
        continue;
      }
      statements += size;
      if (picked.length > 0 && statements > FETCH_STATEMENTS_MAX) break;
      picked.push(want);
      if (picked.length >= FETCH_STREAMS_MAX) break;
    }
    return picked;
  }

  /** Drops a want, unless its announcer has announced something else since. */
  #forget(want: Want): void {
    const { nodeId, row } = want;
    const wants = this.#announced.get(nodeId);
    if (wants?.get(row.stream) !== want) return;
    wants.delete(row.stream);
    if (wants.size === 0) this.#announced.delete(nodeId);
  }
}

function pauseKey(nodeId: NodeId, row: Row): string {
  return `${nodeId} ${row.stream} ${row.digest}`;
}
