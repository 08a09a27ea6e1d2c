/**
 * What nodes say to each other about proposals, as plain values. Who brings one proves nothing.
 *
 * @module
 */
import type { RegionName } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import type { Proposal, ProposalVersion, Withdrawal } from './model.ts';

/** The region in which something was said first; absent: an answer, which is not passed on. */
interface Told {
  readonly origin?: RegionName;
}

/** A proposal, more signatures for readers who have it, or its withdrawal. */
export type ProposalNews = Told &
  (
    | { readonly kind: 'proposal'; readonly proposal: Proposal }
    | { readonly kind: 'proposal-signed'; readonly statement: SignedStatement }
    | { readonly kind: 'proposal-withdrawn'; readonly withdrawal: Withdrawal }
  );

/** A frame about proposals. */
export type ProposalFrame =
  | ProposalNews
  /** The summary of all that the sender keeps: 16 hex digits. */
  | { readonly kind: 'proposal-digest'; readonly root: string }
  /** `answer`: the reader shows its own when it lacks something. */
  | {
      readonly kind: 'proposal-vector';
      readonly versions: readonly ProposalVersion[];
      readonly turn: 'answer' | 'last';
    };
