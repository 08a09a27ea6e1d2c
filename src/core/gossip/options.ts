/**
 * What a replication machine is made of.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import type { MembershipOptions } from '../membership/machine.ts';
import type { TrustedState } from '../trusted/state.ts';
import type { Hello } from './frames.ts';
import type { StoreOrigin } from './serving.ts';

/** What one process of a node has shown of its store. */
export interface ShownStore {
  readonly nodeId: NodeId;
  readonly storeId: string;
  /** The process. */
  readonly bootId: string;
  /** The most that processes before it showed of the same store. */
  readonly before: number;
  /** The most that it showed. */
  readonly written: number;
}

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
  /** How often the store was written to by then; absent: it does not count. */
  readonly written?: number | undefined;
  /** What the others showed of their stores, as this node remembers it. */
  readonly shown?: readonly ShownStore[] | undefined;
  /** Serve at once whatever the origin; absent: not. */
  readonly override?: 'none' | 'serve-anyway' | undefined;
  /** Uniform in [0, 1): jitter only, never a decision about trust. */
  readonly random: () => number;
}
