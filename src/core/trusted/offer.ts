/**
 * What goes into and comes out of the acceptance of a document.
 *
 * @module
 */
import type { Sha256, StreamName } from '../ids.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';
import type { Statement } from '../statements/statement.ts';
import type { Holding } from './holding.ts';
import type { Evidence, TrustedState } from './state.ts';

/** What is offered to the trusted state. */
export interface Offer {
  /** Ascending and gapless; the last one is the new head, those before it are its history. */
  readonly chain: readonly SignedStatement[];
  /** The body of the last one. */
  readonly body: Uint8Array;
  /**
   * The bodies of those before it, in order, as far as the caller has them. Their digests are
   * checked, and with the one directly before it the last one is judged as its successor.
   */
  readonly history?: readonly (Uint8Array | undefined)[];
  /** The digest that the caller holds at the last one's sequence, when that is below the head. */
  readonly heldDigest?: Sha256;
  /** That statement itself; a fork below the head can only be proven with it. */
  readonly held?: SignedStatement;
  /**
   * With a rollout: what the caller holds of the releases that it names. Absent: the caller has no
   * store, and what lies below the head is taken on the word of the quorum.
   */
  readonly named?: readonly SignedStatement[];
  /**
   * With a rollout: the caller is a reader that gets the releases which it names later, and takes
   * the word of the quorum for them. Absent: they have to be held.
   */
  readonly releases?: 'not-held';
  /**
   * With a charter that decides about forks: what the caller holds of the streams that it touches;
   * with one that takes the place of another: what stands of every stream. Absent: the caller has
   * no store.
   */
  readonly holdings?: readonly Holding[];
  /**
   * `linked`: the chain must begin directly after the head. `jump`: it may begin later; what lies
   * between is taken on the word of the quorum of the last one.
   */
  readonly mode: 'linked' | 'jump';
}

/** What an offer came to. */
export type Accepted =
  | {
      readonly outcome: 'accepted';
      readonly state: TrustedState;
      readonly statement: Statement;
      /** The payload and body as received, and the valid signatures alone. */
      readonly document: SignedDocument;
      /** What is new of the chain, ascending, likewise; the last one is that of `document`. */
      readonly chain: readonly SignedStatement[];
      /** The same as far as the bodies came; without `history` in the offer, `document` alone. */
      readonly documents: readonly SignedDocument[];
      /** Streams that a charter's decision opened again or moved; else empty. */
      readonly moved: readonly StreamName[];
      /** Of charters that took the place of others: the version that both follow. */
      readonly replaced?: number;
    }
  /** Nothing new. */
  | { readonly outcome: 'held'; readonly state: TrustedState }
  /** The offer proves that the stream is forked; `evidence` is what is to be kept and told. */
  | { readonly outcome: 'forked'; readonly state: TrustedState; readonly evidence: Evidence };

/** A statement as received and as read. */
export interface Link {
  readonly signed: SignedStatement;
  readonly statement: Statement;
}
