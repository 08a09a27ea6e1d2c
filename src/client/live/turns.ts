/**
 * Long work in small pieces, so that a program goes on serving while it is done.
 *
 * OpenSSL takes about 0.15 ms to read one CA into a context, and a bundle may have hundreds. All
 * who have such work share what a turn of the event loop may take: with several servers and clients
 * in one program the pieces get no longer, only more. A turn that something else makes long takes
 * more pieces at once, of which it notices as little, so that the work also ends in a busy program.
 *
 * @module
 */
// Not the global one, which tests of programs replace by one that stands still.
import { setImmediate } from 'node:timers';

/** What one turn may take; a single step can take it beyond that. */
const PIECE_MS = 0.5;
/** What it may take of what all the rest of a turn takes. */
const SHARE = 0.1;
/** So many CAs are read in about a millisecond. */
export const FEW_CAS = 8;

/** Runs steps, some in each turn of the event loop. */
export class Turns {
  #budgetMs = PIECE_MS;
  #spentMs = 0;
  #next: Promise<void> | undefined;

  /** Runs a step in this turn, or in a later one with time for it. Errors: those of the step. */
  async run<Value>(step: () => Value): Promise<Value> {
    while (this.#spentMs >= this.#budgetMs) await this.#nextTurn();
    const beganMs = performance.now();
    // From here on time is counted, until the turn is over.
    void this.#nextTurn();
    try {
      return step();
    } finally {
      this.#spentMs += performance.now() - beganMs;
    }
  }

  /** Lets everything else have its turn between parts of work on so many CAs; a few are little. */
  async pass(cas: number): Promise<void> {
    if (cas > FEW_CAS) await this.#nextTurn();
  }

  #nextTurn(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      const beganMs = performance.now();
      setImmediate(() => {
        const restMs = performance.now() - beganMs - this.#spentMs;
        this.#budgetMs = Math.max(PIECE_MS, SHARE * restMs);
        this.#spentMs = 0;
        this.#next = undefined;
        resolve();
      });
    });
    return this.#next;
  }
}

/** The turns of this thread. */
export const turns: Turns = new Turns();
