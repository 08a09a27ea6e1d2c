/**
 * The order in which subscribers are served: in batches, with a turn of the event loop between two.
 *
 * Sending one change to ten thousand takes a few hundred milliseconds of a processor. Done in one
 * go, nothing else is heard of meanwhile. A batch takes a few milliseconds: then sockets are
 * read, other calls and peers get their turn, and the next batch follows. Whom a change is for is
 * found out batch by batch too; what to send is decided when a subscriber's turn comes.
 *
 * Subscribers that need the same update, which has to be read from the store first, wait for it
 * together, as one entry here, and queue up when it is there.
 *
 * @module
 */
import type { Prepared } from './prepared.ts';

/** One who is sent to. */
export interface Receiver {
  /** Sends what is newest. Returns what has to be made first; then it is called again. */
  pump(): Prepared<unknown> | undefined;
  /** What it waited for could not be made. */
  failed(thrown: unknown): void;
}

/**
 * Subscribers between two turns of the event loop: some 1.5 ms. What Node does once a write is done
 * comes with the turn; in much larger batches the processor's caches have lost by then what it
 * needs, and the last of 10,000 does not have a change sooner. Source: docs/fan-out.md.
 */
export const BATCH: number = 64;

/**
 * Subscribers in a turn that find that they have to wait. What most of them wait for is read in a
 * few turns; all who come after that are looked at once instead of twice, and nobody before it is
 * there.
 */
export const WAITERS: number = 8;

/**
 * The part of a batch for those that come first: the rest is for the others, so that many who wait
 * again and again, as a program may that asks for what nobody else has, do not keep a change from
 * those that had their turn before.
 */
const FIRST_PART = BATCH / 2;

/** A queue of those that are due. */
export class FanOut {
  readonly #due: Set<Receiver> = new Set();
  /** Those that a change is for are looked for in their turn: going through all takes a while. */
  readonly #searches: Iterator<Receiver>[] = [];
  readonly #waiting: Map<Prepared<unknown>, Receiver[]> = new Map();
  #isScheduled = false;

  /** Those that wait for their turn. */
  get size(): number {
    return this.#due.size;
  }

  /** Serves a receiver in its turn, never at once. */
  add(receiver: Receiver): void {
    this.#due.add(receiver);
    this.#schedule();
  }

  /** Serves all that are found, each in its turn, behind those that are known. */
  addFound(search: Iterator<Receiver>): void {
    this.#searches.push(search);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#serve();
      if (this.#due.size > 0 || this.#searches.length > 0) this.#schedule();
    });
  }

  #serve(): void {
    const rest = BATCH - FIRST_PART + this.#serveDue(FIRST_PART);
    this.#serveDue(this.#serveFound(rest));
  }

  /** Serves those that are known; returns what is left of a part of a batch, at least 0. */
  #serveDue(part: number): number {
    let left = part;
    for (const receiver of this.#due) {
      if (left <= 0) break;
      this.#due.delete(receiver);
      left -= this.#pump(receiver);
    }
    return Math.max(0, left);
  }

  #serveFound(part: number): number {
    let left = part;
    while (left > 0) {
      const receiver = this.#found();
      if (receiver === undefined) break;
      left -= this.#pump(receiver);
    }
    return Math.max(0, left);
  }

  /** Returns how much of a batch that was. */
  #pump(receiver: Receiver): number {
    const awaited = receiver.pump();
    if (awaited === undefined) return 1;
    this.#wait(receiver, awaited);
    return BATCH / WAITERS;
  }

  #found(): Receiver | undefined {
    for (let [search] = this.#searches; search !== undefined; [search] = this.#searches) {
      const found = search.next();
      if (found.done !== true) return found.value;
      this.#searches.shift();
    }
    return undefined;
  }

  #wait(receiver: Receiver, awaited: Prepared<unknown>): void {
    const others = this.#waiting.get(awaited);
    if (others !== undefined) {
      others.push(receiver);
      return;
    }
    const all = [receiver];
    this.#waiting.set(awaited, all);
    const over = (): void => void this.#waiting.delete(awaited);
    awaited.settled.then(
      () => {
        over();
        for (const each of all) this.add(each);
      },
      (thrown: unknown) => {
        over();
        for (const each of all) each.failed(thrown);
      },
    );
  }
}
