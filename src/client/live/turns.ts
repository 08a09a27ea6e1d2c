/**
 * Long work in small pieces, so that a program goes on serving while it is done.
 *
 * OpenSSL takes about 0.12 ms to read one CA into a context, and a bundle may have hundreds. All
 * who have such work share what a turn of the event loop may take: with several servers and clients
 * in one program the pieces get no longer, only more. Between pieces the program rests, so that
 * what it serves comes first, and so that a busy machine, which lets those run who wait most, does
 * not take the processor away from it in the middle of a request. Work that lasts gets all of the
 * time that is left over, and of a turn that something else makes long a share: it ends soon in a
 * busy program as well.
 *
 * @module
 */
// Not the global ones, which tests of programs replace by some that stand still.
import { setImmediate, setTimeout } from 'node:timers';

/** What one turn may take; a single step can take it beyond that. */
const PIECE_MS = 0.25;
/** The same of work that rests no more. */
const LONG_PIECE_MS = 0.5;
/** What it may take of what all the rest of a turn takes. */
const SHARE = 0.1;
/** The rest after a piece; timers know no less. */
const REST_MS = 1;
/** Work that has lasted so long rests no more: trust must not wait for long. */
const RESTS_FOR_MS = 150;
/** So many CAs are read in about a millisecond. */
export const FEW_CAS = 8;

/** Runs steps, some in each turn of the event loop. */
export class Turns {
  #budgetMs = PIECE_MS;
  #spentMs = 0;
  #next: Promise<void> | undefined;
  /** When the work began of which no turn was enough since. */
  #sinceMs: number | undefined;

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
      const begin = (): void => {
        this.#spentMs = 0;
        this.#next = undefined;
        resolve();
      };
      setImmediate(() => {
        const nowMs = performance.now();
        const isEnough = this.#spentMs < this.#budgetMs;
        this.#sinceMs = isEnough ? undefined : (this.#sinceMs ?? beganMs);
        const isResting = nowMs - (this.#sinceMs ?? nowMs) < RESTS_FOR_MS;
        const pieceMs = isResting ? PIECE_MS : LONG_PIECE_MS;
        this.#budgetMs = Math.max(pieceMs, SHARE * (nowMs - beganMs - this.#spentMs));
        if (isResting) setTimeout(begin, REST_MS);
        else begin();
      });
    });
    return this.#next;
  }
}

/** The turns of this thread. */
export const turns: Turns = new Turns();
