/**
 * When a node compares what it holds of something with which peer, and how deep.
 *
 * At rest one peer in 30 seconds is shown a digest; sooner while something is to be had that could
 * not be taken, and then less and less often while that is in vain. One comparison at a time goes
 * into detail.
 *
 * @module
 */
import type { Link } from '../links/links.ts';

/** Ticks between two digests at rest, and the most between two while something is lacking. */
export const COMPARE_EVERY: number = 15;

/** The pace of one node in one matter. */
export class ComparisonPace {
  #turn = 0;
  #comparisons = 0;
  #compareTurn = COMPARE_EVERY;
  #isLacking = false;
  /** Ticks until the next digest while something is lacking; it doubles. */
  #pause = 1;
  /** True once a comparison went into detail since the last tick. */
  #isComparing = false;

  /** Ticks so far. */
  get turn(): number {
    return this.#turn;
  }

  /** How many times a peer was chosen: all have their turn. */
  get comparisons(): number {
    return this.#comparisons;
  }

  /** Something has changed: what is lacking is asked for soon again. */
  hurry(): void {
    this.#pause = 1;
  }

  /** Something is to be had that could not be taken: compares soon, and less often in vain. */
  lacking(): void {
    this.#isLacking = true;
    this.#compareTurn = Math.min(this.#compareTurn, this.#turn + this.#pause);
  }

  /** Called at a steady pace; `due`: it is time to compare. */
  tick(): 'due' | 'early' {
    this.#turn += 1;
    this.#isComparing = false;
    if (this.#turn < this.#compareTurn) return 'early';
    this.#compareTurn = this.#turn + COMPARE_EVERY;
    return 'due';
  }

  /** The next peer, when there is a reason to compare; `size`: how much this node holds. */
  choose(peers: readonly Link[], size: number): Link | undefined {
    const link = peers[this.#comparisons++ % Math.max(1, peers.length)];
    const hasReason = this.#isLacking || size > 0;
    if (this.#isLacking) this.#pause = Math.min(COMPARE_EVERY, 2 * this.#pause);
    this.#isLacking = false;
    return hasReason ? link : undefined;
  }

  /** Says whether a comparison may go into detail now; the others come one after the other. */
  begin(): boolean {
    if (this.#isComparing) {
      this.lacking();
      return false;
    }
    this.#isComparing = true;
    return true;
  }
}
