/**
 * Whom this node asks for what, and when: what peers announce, what did not come, who rests.
 *
 * @module
 */
import type { Sha256, StreamName } from '../../ids.ts';
import { currentCharter } from '../../trusted/state.ts';
import type { Link, LinkTable } from '../links/links.ts';
import type { Outbox } from '../outbox.ts';
import type { Replica } from '../replica/replica.ts';
import { rowIn } from '../rows.ts';
import type { ActiveFetch, Want } from './active-fetches.ts';
import { EmptyAnswers } from './empty-answers.ts';
import { stallMs } from './fetch-pace.ts';
import type { Missing } from './missing.ts';
import { requestFor } from './places.ts';
import { Retries } from './retries.ts';
import { type Outcome, Wants } from './wants.ts';

/** After so many looks that found nothing the only one that has it is asked again; then doubled. */
const PATIENCE = 4;

/** What planning works with. */
export interface FetchPlanParts {
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly replica: Replica;
  readonly missing: Missing;
}

/** The plan of one node. */
export class FetchPlan {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #replica: Replica;
  readonly #missing: Missing;
  readonly #wants: Wants = new Wants();
  readonly #retries: Retries = new Retries();
  readonly #empties: EmptyAnswers = new EmptyAnswers();
  #nextFetchId = 1;
  #monotonicMs = 0;
  /** The newest charter when the last event came. */
  #charter: Sha256 | undefined;

  constructor({ outbox, links, replica, missing }: FetchPlanParts) {
    this.#outbox = outbox;
    this.#links = links;
    this.#replica = replica;
    this.#missing = missing;
  }

  /** The fetches under way. */
  get fetches(): Wants['fetches'] {
    return this.#wants.fetches;
  }

  /**
   * An event is handled now; `monotonicMs` never goes back. Where the charters moved, what was
   * refused for want of the newest is asked for again without waiting for the next look.
   */
  clock(monotonicMs: number, nowMs: number): void {
    this.#monotonicMs = monotonicMs;
    const charter = currentCharter(this.#replica.verified)?.digest;
    if (charter === this.#charter) return;
    this.#charter = charter;
    this.#wants.chartered();
    this.tick(nowMs);
  }

  /** Notes what peers have; asks for what is missing here together. */
  want(wants: readonly Want[], nowMs: number): void {
    for (const want of wants) this.#add(want, nowMs);
    this.#pump();
  }

  /** Streams have moved back: what peers said to hold of them may be missing again. */
  wantAgain(streams: readonly StreamName[], nowMs: number): void {
    const wants = this.#links.ready().flatMap(({ nodeId, held }) =>
      streams.flatMap((stream) => {
        const row = held.get(stream);
        return row === undefined ? [] : [{ nodeId, row }];
      }),
    );
    this.want(wants, nowMs);
  }

  /** What spoke against streams is over: whoever has more of them is asked at once. */
  wantAnew(streams: readonly StreamName[], nowMs: number): void {
    this.#wants.cleared(new Set(streams));
    this.wantAgain(streams, nowMs);
  }

  /** Called at a steady pace: asks again for what did not come. */
  tick(nowMs: number): void {
    const due = this.#retries.due(
      this.#links.ready(),
      (want) => this.#missing.sizeOf(want) > 0,
      (want) => !this.#isResting(want, nowMs),
    );
    this.want(due, nowMs);
  }

  /**
   * A fetch has run for a while. When nothing came, another node is asked too, or the same one
   * again. Returns a fetch that is one too many then.
   */
  look(fetchId: number): ActiveFetch | undefined {
    const fetch = this.#wants.look(fetchId);
    if (fetch === undefined) return undefined;
    const link = this.#links.to(fetch.from.nodeId);
    let excess: ActiveFetch | undefined;
    if (fetch.idle > 0) {
      if (this.#wants.hasOther(fetch, (want) => this.#missing.sizeOf(want))) {
        excess = this.#wants.makeWay(fetch);
        this.#pump();
      } else if (link?.isReady === true && this.#isLost(fetch, link)) {
        this.#askAgain(fetch, link);
        return undefined;
      }
    }
    fetch.isLagging = fetch.pace.lags(this.#monotonicMs);
    if (fetch.isLagging) this.#pump();
    this.#outbox.arm({ name: 'fetch', fetchId }, stallMs(link?.rttMs));
    return excess;
  }

  /** A stream that a fetch should bring is settled; says whether the fetch has more to bring. */
  settle(fetch: ActiveFetch, { row }: Want, outcome: Outcome, nowMs: number): 'more' | 'over' {
    if (outcome !== 'done' && outcome !== 'empty') this.#retries.note(row.stream, outcome);
    const rest = this.#wants.settle(fetch, outcome, nowMs);
    if (rest === 'more') this.#missing.begins(fetch);
    return rest;
  }

  /** A stream came without anything new in it: its announcer rests. */
  settleEmpty(fetch: ActiveFetch, want: Want, nowMs: number): 'more' | 'over' {
    const held = this.#missing.heldOf(want.row.stream);
    this.#empties.note(want, held, this.#monotonicMs);
    return this.settle(fetch, want, 'empty', nowMs);
  }

  /** A fetch is over; what it did not bring can be asked for again, at once. */
  end(fetch: ActiveFetch): void {
    this.#wants.end(fetch);
    this.#pump();
  }

  cancel({ fetchId }: ActiveFetch): void {
    this.#outbox.emit({ kind: 'cancel-fetch', fetchId });
  }

  #add(want: Want, nowMs: number): void {
    if (this.#missing.sizeOf(want) === 0) return;
    if (!this.#isResting(want, nowMs)) return this.#wants.add(want, nowMs);
    // Nobody says again what was guessed.
    if (want.saidBy === undefined) this.#retries.note(want.row.stream, 'unreached');
  }

  /** Says whether the announcer is not to be asked for this now. */
  #isResting(want: Want, nowMs: number): boolean {
    const held = this.#missing.heldOf(want.row.stream);
    const isEmpty = this.#empties.has(want, held, this.#monotonicMs);
    return isEmpty || this.#wants.isPaused(want, nowMs);
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
    this.cancel(fetch);
    const wants = this.#wants.again(fetch, (want) => this.#missing.sizeOf(want));
    if (wants.length > 0) this.#begin(link, wants, patience);
    this.#pump();
  }

  #begin(link: Link, wants: readonly Want[], patience: number): void {
    const fetchId = this.#nextFetchId++;
    const { verified } = this.#replica;
    const requests = wants.map(({ row }) => requestFor(rowIn(verified, row.stream), row));
    const { linkId, peer: from } = link;
    const fetch = { fetchId, from, linkId, patience };
    this.#missing.begins(this.#wants.begin(fetch, wants, this.#monotonicMs));
    const target = { nodeId: link.nodeId, address: link.hello.address };
    this.#outbox.emit({ kind: 'fetch', fetchId, target, requests });
    this.#outbox.arm({ name: 'fetch', fetchId }, stallMs(link.rttMs));
  }

  #pump(): void {
    for (;;) {
      const wants = this.#wants.next((each) => this.#missing.sizeOf(each));
      const link = wants[0] && this.#links.to(wants[0].nodeId);
      if (link?.isReady !== true) return;
      this.#begin(link, wants, PATIENCE);
    }
  }
}
