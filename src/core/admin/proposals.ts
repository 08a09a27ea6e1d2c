/**
 * What admins and a node say to each other about proposals, as plain values; `wire/proposals.ts`
 * maps them to `proto/kedge/v1/admin.proto`.
 *
 * @module
 */
import type { ErrorCode } from '../errors.ts';
import type { Sha256, SignerId } from '../ids.ts';
import type { Proposal, ProposalPlace, Withdrawal } from '../proposals/model.ts';

/**
 * How a proposal is. `conflict`: another statement has taken its place; `void`: nobody who signed
 * it may sign under the charter of now.
 */
export type ProposalStanding = 'open' | 'published' | 'conflict' | 'expired' | 'withdrawn' | 'void';

/** Why something is refused. */
interface Refusal {
  readonly code: ErrorCode;
  /** For people; at most `TEXT_MAX_CHARS`. */
  readonly reason: string;
}

/** A proposal as the node that answers sees it. */
export interface ProposalStatus extends ProposalPlace {
  readonly standing: ProposalStanding;
  /** Who has signed; empty when it has ended. */
  readonly signers: readonly SignerId[];
  /** When it ends by itself; absent when it has ended. */
  readonly endsAtMs?: number;
  readonly withdrawnBy?: SignerId;
  /** Why the node does not publish one that has all its signatures. */
  readonly refusal?: Refusal;
}

/** One proposal; the document only while it gathers signatures. */
export interface ProposalAnswer {
  readonly status: ProposalStatus;
  readonly proposal?: Proposal;
}

/** What admins ask of a node about proposals. */
export interface ProposalServices {
  /** `by`: the identity of the admin, here and below. */
  propose(proposal: Proposal, by: string): Promise<ProposalStatus>;
  withdraw(withdrawal: Withdrawal, by: string): Promise<ProposalStatus>;
  list(): Promise<readonly ProposalStatus[]>;
  /** Errors: `UNAVAILABLE` when this node knows of none. */
  get(digest: Sha256): Promise<ProposalAnswer>;
}
