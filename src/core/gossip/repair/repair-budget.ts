/**
 * How much comparing one link may ask for, so that a peer that compares for ever costs little.
 *
 * A walk over trees that differ everywhere takes 273 nodes; an answer with all rows of the largest
 * store has `STREAMS_MAX`. Each link may have a few of either per repair interval.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import { STREAMS_MAX } from '../../limits.ts';

/** Tree nodes that one link may cause us to send per interval. */
const NODES_MAX = 1100;
/** Rows that one link may cause us to send per interval. */
const ROWS_MAX = 2 * STREAMS_MAX;

/** What is left of one link's share. */
export class RepairBudget {
  #nodes = NODES_MAX;
  #rows = ROWS_MAX;

  /** Takes from the share. Errors: `LIMIT` when it is used up. */
  spend(nodes: number, rows: number): void {
    this.#nodes -= nodes;
    this.#rows -= rows;
    if (this.#nodes >= 0 && this.#rows >= 0) return;
    throw new KedgeError('LIMIT', 'a peer compares more often than any repair needs');
  }

  /** Takes rows from the share while there are so many; false: they have to wait. */
  afford(rows: number): boolean {
    if (this.#rows < rows) return false;
    this.#rows -= rows;
    return true;
  }

  /** A new interval begins. */
  refill(): void {
    this.#nodes = NODES_MAX;
    this.#rows = ROWS_MAX;
  }
}
