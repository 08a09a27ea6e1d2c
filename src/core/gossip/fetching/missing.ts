/**
 * How much of what peers say to hold is missing here, and whether that changes.
 *
 * @module
 */
import type { StreamName } from '../../ids.ts';
import type { LinkTable } from '../links/links.ts';
import type { Replica } from '../replica/replica.ts';
import { compareRow, heldIn, rowIn } from '../rows.ts';
import type { ActiveFetch, Want } from './active-fetches.ts';
import { isPlace } from './places.ts';

/** Compares what is announced with what is verified. */
export class Missing {
  readonly #links: LinkTable;
  readonly #replica: Replica;

  constructor(links: LinkTable, replica: Replica) {
    this.#links = links;
    this.#replica = replica;
  }

  /** How many statements a want would bring; 0: it is of no use. */
  sizeOf({ nodeId, row }: Want): number {
    if (this.#links.to(nodeId)?.isReady !== true || !isPlace(row)) return 0;
    const ours = rowIn(this.#replica.verified, row.stream);
    // Where a fork ends may lie deeper than its proof: what others hold there is worth reading.
    const isBeneath = ours?.forked === true && !row.forked && ours.sequence === row.sequence;
    if (!isBeneath && compareRow(ours, row) !== 'fetch') return 0;
    return Math.max(1, heldIn(row) - (ours === undefined ? 0 : heldIn(ours)));
  }

  /** What is held of a stream, as one word. */
  heldOf(stream: StreamName): string {
    const row = rowIn(this.#replica.verified, stream);
    return row === undefined ? '' : `${String(heldIn(row))} ${row.digest}`;
  }

  /** The next stream of a fetch comes from now on. */
  begins(fetch: ActiveFetch): void {
    const [want] = fetch.wants;
    fetch.heldBefore = want === undefined ? '' : this.heldOf(want.row.stream);
    fetch.pieces = 0;
  }

  /** Says whether the stream that comes now has moved here since it began to come. */
  hasMoved({ heldBefore }: ActiveFetch, { row }: Want): boolean {
    return this.heldOf(row.stream) !== heldBefore;
  }
}
