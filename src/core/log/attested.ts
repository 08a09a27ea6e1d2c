/**
 * What a reader is given about regions: a cosigned head with the place of its last statement, and a
 * heartbeat with the rows of the streams that the reader follows.
 *
 * Plain values; nothing in them is verified. Spec section 8.
 *
 * @module
 */
import type { Checkpoint } from './checkpoint.ts';
import type { HeadProof } from './heads.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { NoteSignature } from './note.ts';
import type { ProofHashes } from './proof.ts';

/** The head of a log, lines of regions under it, and the proof of one leaf. */
export interface CosignedLeaf {
  readonly checkpoint: Checkpoint;
  /** Not empty; lines that were given before may be left out. */
  readonly lines: readonly NoteSignature[];
  /** Rules LG-6 and LG-8. */
  readonly proof: ProofHashes;
  /** Which statement it is about, for readers that a rollout holds back; absent: the last one. */
  readonly sequence?: number;
}

/** A heartbeat, and what it says of some streams. */
export interface AttestedRows {
  readonly heartbeat: Heartbeat;
  readonly rows: readonly HeadProof[];
}

/** All that is known of one stream. */
export interface StreamAttestation {
  readonly leaf: CosignedLeaf;
  readonly heartbeats: readonly AttestedRows[];
}
