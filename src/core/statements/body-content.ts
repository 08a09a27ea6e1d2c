/**
 * A body on its way: in full, or as what changes in one that the reader has.
 *
 * @module
 */
import type { Sequence, Sha256 } from '../ids.ts';

/** How to rebuild a body from another one; spec section 6. */
export interface BodyDelta {
  readonly baseSequence: Sequence;
  /** Digest of the base's body. */
  readonly baseBodyDigest: Sha256;
  readonly patch: Uint8Array;
}

/** A body in full or as a delta. */
export type BodyContent =
  | { readonly kind: 'whole'; readonly body: Uint8Array }
  | { readonly kind: 'delta'; readonly delta: BodyDelta };
