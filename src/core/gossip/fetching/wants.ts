/**
 * What this node misses and who announced it: plans fetches.
 *
 * A fetch asks one peer for several streams, one after the other, so that a node that is behind in
 * many does not pay for a call each; how many is bounded, by streams and by the statements that
 * they lack, so that others get their turn. The charter goes first and alone, since nothing else
 * can be judged without it, unless it brings nothing for a while: who promises one must not stop
 * all else. Each peer has a table of its own, so that one that announces much crowds out nobody;
 * those whose last answer was of no use come after the others. An announcer that did not deliver
 * rests for that row (`pauses.ts`), so that others are asked instead.
 *
 * @module
 */
import { CHARTER_STREAM, isRollout, type NodeId, type StreamName } from '../../ids.ts';
import { FETCH_STREAMS_MAX, PEERS_MAX, STREAMS_MAX } from '../../limits.ts';
import type { Row } from '../rows.ts';
import {
  type ActiveFetch,
  ActiveFetches,
  FETCHES_MAX,
  type NewFetch,
  type Want,
} from './active-fetches.ts';
import { type Miss, Pauses } from './pauses.ts';

/** Statements that one fetch asks for, where it asks for more than one stream. */
const FETCH_STATEMENTS_MAX = 256;

/** What became of a want; for `empty` see `empty-answers.ts`. */
export type Outcome = 'done' | Miss;

/** After all that are asked for something, and were of use. */
const POOR_RANK = FETCHES_MAX;
const NO_WANTS: ReadonlyMap<StreamName, Want> = new Map();

/** How many statements a want stands for: 0 when it is of no use any more. */
type SizeOf = (want: Want) => number;

/** Missing rows, their announcers and the fetches under way. */
export class Wants {
  readonly #announced: Map<NodeId, Map<StreamName, Want>> = new Map();
  readonly #fetches: ActiveFetches = new ActiveFetches();
  readonly #pauses: Pauses = new Pauses();
  /** Peers whose last answer was of no use. */
  readonly #poor: Set<NodeId> = new Set();

  /** The fetches under way. */
  get fetches(): Pick<ActiveFetches, 'isBusy' | 'get' | 'isSpare' | 'isDoubled'> {
    return this.#fetches;
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
    if (this.#fetches.isFull) return [];
    const charter = this.#fetches.charter();
    if (charter?.isLagging === false) return [];
    const nodeIds = this.#leastAsked();
    for (const nodeId of charter === undefined ? nodeIds : []) {
      const want = this.#announced.get(nodeId)?.get(CHARTER_STREAM);
      if (want === undefined || !this.#fetches.isFree(want)) continue;
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
    return this.#fetches.begin(begun, wants, monotonicMs);
  }

  /** Says whether somebody else can be asked for something of a fetch that has not made way yet. */
  hasOther(fetch: ActiveFetch, sizeOf: SizeOf): boolean {
    if (this.#fetches.isSpare(fetch)) return false;
    const { from, wants } = fetch;
    for (const [nodeId, others] of this.#announced) {
      if (nodeId === from.nodeId) continue;
      const isTheirs = ({ row: { stream } }: Want): boolean => {
        const other = others.get(stream);
        return other !== undefined && !this.#fetches.brings(nodeId, stream) && sizeOf(other) > 0;
      };
      if (wants.some(isTheirs)) return true;
    }
    return false;
  }

  /**
   * A fetch brought nothing and somebody else has what it should bring: that one is asked next, the
   * first may still answer. Returns a fetch that is too much now.
   */
  makeWay(fetch: ActiveFetch): ActiveFetch | undefined {
    for (const want of fetch.wants) this.#forget(want);
    this.#markPoor(fetch.from.nodeId);
    return this.#fetches.makeWay(fetch);
  }

  /** Says whether the peer has said again what it is asked for. */
  isSaidAgain({ wants }: ActiveFetch): boolean {
    return wants.some((want) => this.#saidOf(want) !== want);
  }

  /** A fetch; notes for how many looks in a row nothing came. */
  look(fetchId: number): ActiveFetch | undefined {
    const fetch = this.#fetches.get(fetchId);
    if (fetch === undefined) return undefined;
    // What this node does not read it does not miss.
    fetch.idle = fetch.items === 0 && !fetch.pace.isHeld ? fetch.idle + 1 : 0;
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

  /** What spoke against these streams may be over. */
  cleared(streams: ReadonlySet<string>): void {
    this.#pauses.cleared(streams);
  }

  /**
   * The first want of a fetch is settled; after a failure its announcer rests for this row. Says
   * whether the fetch has more to bring.
   */
  settle(fetch: ActiveFetch, outcome: Outcome, nowMs: number): 'more' | 'over' {
    const want = this.#fetches.next(fetch);
    if (want !== undefined) {
      this.#forget(want);
      this.#rest(want, outcome, nowMs);
    }
    return fetch.wants.length > 0 ? 'more' : 'over';
  }

  /** A fetch is over; what it did not bring can be asked for again. */
  end(fetch: ActiveFetch): void {
    this.#putBack(fetch);
  }

  /** Ends a fetch that brought nothing; picks what to ask its announcer for again. */
  again(fetch: ActiveFetch, sizeOf: SizeOf): readonly Want[] {
    const said = this.#putBack(fetch);
    return this.#pick(new Map(said.map((want) => [want.row.stream, want])), sizeOf);
  }

  /** Ends a fetch; what it should have brought counts as announced, as its peer says it now. */
  #putBack(fetch: ActiveFetch): readonly Want[] {
    const { nodeId } = fetch.from;
    const said = this.#fetches.end(fetch).map((want) => this.#saidOf(want));
    if (said.length === 0) return said;
    const wants = this.#announced.get(nodeId) ?? new Map<StreamName, Want>();
    for (const want of said) wants.set(want.row.stream, want);
    this.#announced.set(nodeId, wants);
    return said;
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
    this.#markPoor(nodeId);
    if (outcome !== 'empty') this.#pauses.note(pauseKey(nodeId, row), outcome, nowMs);
  }

  /** The peer's last answer was of no use. */
  #markPoor(nodeId: NodeId): void {
    if (this.#poor.size >= PEERS_MAX) this.#poor.clear();
    this.#poor.add(nodeId);
  }

  /** Announcers that may be asked for more: good ones first, those that are asked for least. */
  #leastAsked(): readonly NodeId[] {
    const ranks = new Map<NodeId, number>();
    for (const [nodeId, asked] of this.#fetches.askable(this.#announced.keys())) {
      ranks.set(nodeId, asked + (this.#poor.has(nodeId) ? POOR_RANK : 0));
    }
    return [...ranks].sort(([, a], [, b]) => a - b).map(([nodeId]) => nodeId);
  }

  /** The oldest wants of a peer that are useful and not under way, as many as fit one fetch. */
  #pick(wants: ReadonlyMap<StreamName, Want>, sizeOf: SizeOf): readonly Want[] {
    const picked: Want[] = [];
    let statements = 0;
    for (const want of inOrder(wants)) {
      if (!this.#fetches.isFree(want)) continue;
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

/** Rollouts come after the releases that they may name. */
function* inOrder(wants: ReadonlyMap<StreamName, Want>): Iterable<Want> {
  for (const [stream, want] of wants) if (!isRollout(stream)) yield want;
  for (const [stream, want] of wants) if (isRollout(stream)) yield want;
}

/** The stream is the second word: see {@link Pauses.cleared}. */
function pauseKey(nodeId: NodeId, row: Row): string {
  return `${nodeId} ${row.stream} ${row.digest}`;
}
