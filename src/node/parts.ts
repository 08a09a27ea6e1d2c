/**
 * What a running node is made of, as the daemon holds it.
 *
 * @module
 */
import type { TrustedState } from '../core/trusted/state.ts';
import type { Store } from '../ports/store.ts';
import type { Replicator } from '../service/replication/replicator.ts';
import type { Listeners } from './listeners.ts';
import type { NodeIdentity } from './node-identity.ts';
import type { ObservedNode } from './observation.ts';
import type { FoundOrigin } from './store-origin.ts';

/** What a node serves from. */
export interface Basis {
  readonly store: Store;
  readonly state: TrustedState;
  readonly found: FoundOrigin;
  readonly identity: NodeIdentity | undefined;
}

/** What a started node consists of. */
export interface Parts extends ObservedNode {
  readonly replicator: Replicator;
  readonly listeners: Listeners;
}
