/**
 * A statement that is new and in its place, with all that judging it takes.
 *
 * @module
 */
import type { Link, Offer } from './offer.ts';
import type { TrustedState } from './state.ts';

/** A statement that follows what is held. */
export interface Candidate extends Pick<Offer, 'body' | 'named' | 'releases'> {
  readonly state: TrustedState;
  /** What is new, ascending, in a chain; the first follows the head or jumps over a gap. */
  readonly chain: readonly Link[];
  readonly last: Link;
  /** The bodies of all but the last, verified, as far as they are known. */
  readonly history: readonly (Uint8Array | undefined)[] | undefined;
}
