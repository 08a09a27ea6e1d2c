/**
 * What the replication of a node is made of.
 *
 * @module
 */

import type { Arrival } from '../../core/adoption/board.ts';
import type { GossipEvent, Notice, PersistBatch } from '../../core/gossip/events.ts';
import type { Attestation } from '../../core/gossip/frames.ts';
import type { GossipMachine, GossipOptions } from '../../core/gossip/machine.ts';
import type { NodeId, StreamName } from '../../core/ids.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { SubmissionPolicy } from '../../ports/policy.ts';
import type { Store } from '../../ports/store.ts';
import type { PeerTransport } from './peer-transport.ts';

/** What a node says of its clients, its region and its store. */
export type ToldEvent = Extract<
  GossipEvent,
  { readonly kind: 'report' | 'arrivals' | 'attest' | 'renewed' }
>;

/** What is worth remembering across a restart. */
export interface Remembered {
  /** The other nodes. */
  readonly members: ReturnType<GossipMachine['memory']>;
  /** What they signed of their stores. */
  readonly marks: ReturnType<GossipMachine['marks']>;
}

/** What a replicator works with. */
export interface ReplicatorOptions extends GossipOptions {
  readonly store: Store;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Writes down what the machine is told, line by line; see `recording.ts`. Default: nothing. */
  readonly record?: (line: string) => void;
  /** Judges by the rules of the charter what admins hand in. Default: no rules. */
  readonly policy?: SubmissionPolicy;
  /** Called when the durable state moved, with the streams that changed. */
  readonly onServe: (state: TrustedState, streams: readonly StreamName[]) => void;
  /** Called when something that a region attests is known, verified. */
  readonly onAttested?: (said: Attestation) => void;
  /** Called when clients of this node came to another one. */
  readonly onArrived?: (clients: readonly Arrival[]) => void;
  /** Called when a batch is on its way to the disk; `from` is absent when it is tried again. */
  readonly onTaken?: (batch: PersistBatch, from: NodeId | 'submit' | undefined) => void;
  /**
   * Called when peers have looked at the store: the region may sign (`vouched`); when no link is
   * left: not now (`unvouched`); and when it turned out to be an old copy: it needs another id
   * (`renew`), which the machine is told.
   */
  readonly onStore?: (what: 'vouched' | 'unvouched' | 'renew') => void;
  /** Called with everything that is noticed. */
  readonly onNotice?: (notice: Notice) => void;
  /** Called in place of `onServe` while this node holds back. */
  readonly onHold?: (state: TrustedState, streams: readonly StreamName[]) => void;
}
