/**
 * Proposals as values: drafts that gather signatures on the nodes, and how they end.
 *
 * A proposal gives nobody anything: what it holds counts only once `acceptDocument` takes it.
 * Spec section 12.
 *
 * @module
 */
import type { Sequence, Sha256, SignerId, StreamName } from '../ids.ts';
import type { Signature, SignedDocument, SignedStatement } from '../statements/envelope.ts';

/** A document that lacks signatures, with the DER of the anchors that it adds. */
export interface Proposal {
  readonly document: SignedDocument;
  readonly blobs: readonly Uint8Array[];
}

/** A statement that is not to be proposed any more. */
export interface Withdrawal {
  /** With the signatures that make it a proposal. */
  readonly statement: SignedStatement;
  /** Over `withdrawalMessage`; its hint names the key. */
  readonly signature: Signature;
}

/** What a node keeps under the digest of a statement. */
export type KeptProposal =
  | { readonly kind: 'open'; readonly proposal: Proposal }
  | { readonly kind: 'withdrawn'; readonly withdrawal: Withdrawal };

/**
 * Why a proposal is gone. `taken`: its stream has a statement in its place, maybe this one; `void`:
 * nobody who signed it may sign under the charter of now.
 */
export type ProposalEnd = 'taken' | 'expired' | 'withdrawn' | 'void';

/** Which statement a proposal is. */
export interface ProposalPlace {
  readonly stream: StreamName;
  readonly sequence: Sequence;
  readonly digest: Sha256;
}

/** A proposal that is gone. */
export interface EndedProposal extends ProposalPlace {
  readonly end: ProposalEnd;
  /** Who had signed it by then, as far as the node saw. */
  readonly signers: readonly SignerId[];
  /** Who withdrew it. */
  readonly by?: SignerId;
}

/** How news of a proposal came: an admin's call with his identity, or another node. */
export interface BroughtBy {
  readonly via: 'admin' | 'peer';
  readonly by?: string;
}

/** What a node says that it has of a statement: 16 hex digits that stand for the keys. */
export interface ProposalVersion {
  readonly digest: Sha256;
  readonly signatures: string;
}

/** In place of signatures: it was withdrawn. */
export const WITHDRAWN_VERSION: string = 'f'.repeat(16);
/** In place of signatures: the node does not take it. */
export const DECLINED_VERSION: string = '0'.repeat(16);

/** The digest that a kept proposal goes by is that of this payload. */
export function payloadOf(kept: KeptProposal): Uint8Array {
  return kept.kind === 'open'
    ? kept.proposal.document.statement.payload
    : kept.withdrawal.statement.payload;
}
