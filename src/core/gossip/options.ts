/**
 * What a replication machine is made of.
 *
 * @module
 */

import type { CosignedHead } from '../log/regions.ts';
import type { MembershipOptions } from '../membership/machine.ts';
import type { KeptProposal } from '../proposals/model.ts';
import type { TrustedState } from '../trusted/state.ts';
import type { Hello } from './frames.ts';
import type { StoreOrigin } from './restored/serving.ts';
import type { SignedMark } from './restored/store-mark.ts';

/** What a machine is made of. */
export interface GossipOptions {
  readonly self: Hello;
  /** False for a node without seeds: others dial it. */
  readonly hasSeeds: boolean;
  /** This node as a member, and what it remembers of the others. */
  readonly membership: Omit<MembershipOptions, 'random'>;
  /** The state that the store held at start. */
  readonly state: TrustedState;
  /** Where that comes from; absent: from the last run. */
  readonly origin?: StoreOrigin | undefined;
  /** How this process began with the store; absent: the store does not count what is written. */
  readonly started?: StoreStart | undefined;
  /** The key with which this node attests for its region; absent: it does not. */
  readonly regionKey?: RegionKeyRecord | undefined;
  /** What other nodes signed of their stores, as this one keeps it. */
  readonly marks?: readonly SignedMark[] | undefined;
  /** Serve at once whatever the origin; absent: not. */
  readonly override?: 'none' | 'serve-anyway' | undefined;
  /** The proposals that the store held at start; absent: none. */
  readonly proposals?: readonly KeptProposal[] | undefined;
  /** Uniform in [0, 1): jitter only, never a decision about trust. */
  readonly random: () => number;
}

/** A key of a region, and what its store has of what it cosigned. */
export interface RegionKeyRecord {
  /** SPKI DER of an Ed25519 key. */
  readonly spki: Uint8Array;
  /** The newest of each stream, of those that can be read. */
  readonly cosigned: readonly CosignedHead[];
}

/** How a process began with its store. */
export interface StoreStart {
  /** The process before it; zeros for the first one. */
  readonly after: string;
  /** How often the store was written to, this start included; on disk. */
  readonly count: number;
}
