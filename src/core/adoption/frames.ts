/**
 * What nodes say to each other about clients, as plain values. Rows and notices are signed by the
 * node that they are of; who brings them proves nothing.
 *
 * @module
 */
import type { SignedArrivals } from './arrivals.ts';
import type { RowVersion, SignedRow } from './row.ts';

/** A frame about the adoption by clients. */
export type AdoptionFrame =
  /** At most `ADOPTION_ROWS_PER_FRAME_MAX`; `asked`: the reader need not pass them on. */
  | {
      readonly kind: 'adoption-rows';
      readonly rows: readonly SignedRow[];
      readonly cause: 'news' | 'asked';
    }
  /** The summary of all rows of the sender: 16 hex digits. */
  | { readonly kind: 'adoption-digest'; readonly root: string }
  /** `answer`: the reader shows its own vector when it lacks something. */
  | {
      readonly kind: 'adoption-vector';
      readonly versions: readonly RowVersion[];
      readonly turn: 'answer' | 'last';
    }
  /** `hops`: how often it may be passed on. */
  | { readonly kind: 'arrivals'; readonly arrivals: SignedArrivals; readonly hops: number };
