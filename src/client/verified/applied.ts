/**
 * What a message of a node came to, and how it is judged.
 *
 * @module
 */
import type { KedgeError } from '../../core/errors.ts';
import type { BundleName } from '../../core/ids.ts';
import type { Evidence, ReleaseHead } from '../../core/trusted/state.ts';
import type { HeldRelease, WatchResponse } from '../../core/watch/messages.ts';
import type { JoinedUpdate } from './joined-update.ts';
import type { InUse } from './realm-pin.ts';

/** What a message came to. */
export type Applied =
  /** Nothing that anybody has to know. */
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'charters';
      readonly version: number;
      /** Bundles that are not forked any more. */
      readonly settled: readonly BundleName[];
      /** Whether the node sent something that could not be judged before: it has to begin anew. */
      readonly isLate?: boolean;
    }
  /**
   * Charters up to this version are verified, and wait until enough regions cosigned them; `bundle`
   * is one whose update needs them.
   */
  | {
      readonly kind: 'charters-wait';
      readonly version: number;
      readonly error: KedgeError;
      readonly bundle?: BundleName;
    }
  /** The node holds as its newest what is in use here. */
  | { readonly kind: 'confirmed'; readonly bundle: BundleName }
  /** The node holds less than what is in use here, or nothing. */
  | { readonly kind: 'behind'; readonly bundle: BundleName; readonly sequence: number }
  | { readonly kind: 'released'; readonly inUse: InUse }
  /** Verified, and waiting until enough regions cosigned it; what was in use still is. */
  | { readonly kind: 'unattested'; readonly at: HeldRelease; readonly error: KedgeError }
  /**
   * A region said something new, or a rollout says what is due; `early` is more than any region has
   * to say.
   */
  | { readonly kind: 'attested'; readonly pace: 'due' | 'early' }
  /** What stands is verified, and not newer than what is in use, against which was decided. */
  | { readonly kind: 'overruled'; readonly bundle: BundleName }
  | { readonly kind: 'forked'; readonly evidence: Evidence };

/** What a node says of the realm itself; an update together with those that waited before it. */
export type RealmResponse =
  | Exclude<
      WatchResponse,
      {
        readonly kind: 'cosigned' | 'heartbeat' | 'region-split' | 'rollout' | 'update' | 'waiting';
      }
    >
  | { readonly kind: 'update'; readonly update: JoinedUpdate };

/** How an update is judged. */
export interface Judging {
  readonly nowMs: number;
  /** Throws when a release may not come into use; called last, before anything changes. */
  readonly admit: (head: ReleaseHead) => void;
}
