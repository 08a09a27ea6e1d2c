/**
 * What only a store knows of a stream about which a charter decides.
 *
 * @module
 */
import type { Sha256 } from '../ids.ts';
import type { SignedDocument } from '../statements/envelope.ts';
import type { StreamState } from './state.ts';

/** What a store holds of a stream about which a charter decides. */
export interface Holding {
  /** The state of the stream for which the store was read. */
  readonly of: StreamState;
  /** The newest document of the side that stands, else the one before the decided place. */
  readonly newest?: SignedDocument;
  /** Of a forked stream: the digest before the fork, when that lies on the side that stands. */
  readonly beforeFork?: Sha256;
}
