/**
 * What a source says about itself: its states, and what it tells when one changes.
 *
 * @module
 */
import type { KedgeError } from '../../core/errors.ts';
import type { BundleName, Sequence, Sha256 } from '../../core/ids.ts';

/**
 * Whether nodes serve this program.
 *
 * - `connecting`: it began, and not every endpoint was tried yet.
 * - `online`: a node has answered for every bundle, and no whole round of attempts failed since.
 * - `offline`: each endpoint was tried in turn, and none answered for every bundle.
 */
export type SourceState = 'connecting' | 'online' | 'offline';

/**
 * All states of a bundle, each hiding those after it; with `onExpired: 'fail'`, `expired` comes
 * first. Whatever it is, the last good content stays in use, but for `expired` with that policy.
 *
 * - `forked`: two valid releases exist for one sequence; nothing newer is taken.
 * - `waiting`: none was ever received; nothing is trusted.
 * - `overruled`: the charter quorum resolved a fork, and the release in use is not known to be on
 *   the side that stands; the next newer one of that side replaces it.
 * - `expired`: the signers wanted a newer release to exist by now.
 * - `stale`: nobody has confirmed for too long that this is the newest: no node, or with
 *   `requireRegions` fewer regions than that.
 * - `offline`: no node serves this program; it was confirmed within the window.
 * - `fresh`: none of these.
 */
export const BUNDLE_STATES = [
  'forked',
  'waiting',
  'overruled',
  'expired',
  'stale',
  'offline',
  'fresh',
] as const;

/** How a bundle is. */
export type BundleState = (typeof BUNDLE_STATES)[number];

/** One watched bundle. */
export interface BundleStatus {
  readonly name: BundleName;
  readonly state: BundleState;
  /** Of the content in use. */
  readonly sequence?: Sequence;
  readonly digest?: Sha256;
  /** With `forked`: the last sequence that both sides of the fork have in common. */
  readonly commonSequence?: number;
  /** When a node last confirmed it as the newest that it holds; milliseconds since 1970. */
  readonly confirmedAtMs?: number;
  /** With `requireRegions`: up to when enough regions said that nothing newer exists. */
  readonly attestedAtMs?: number;
  /** A newer release that is verified and waits until enough regions have cosigned it. */
  readonly waitingSequence?: Sequence;
  /** Whether the signers wanted a newer release by now, also when another state hides it. */
  readonly isExpired: boolean;
  /** Anchors that are never handed out, and why: see `Bundle.anchors`. */
  readonly withheldAnchors: number;
  /** The last refusal, or that the node has no release; gone when a release is accepted. */
  readonly lastError?: KedgeError;
}

/** A source at one instant. */
export interface SourceStatus {
  readonly state: SourceState;
  /** Whether a node is connected and speaks. */
  readonly isConnected: boolean;
  /** The connected one, else the one tried last. */
  readonly endpoint?: string;
  /**
   * With `requireRegions`: whether the machine's clock agrees with what regions signed; `ahead` or
   * `behind` by more than 5 minutes. Expiry is judged by the later of both.
   */
  readonly clock?: 'right' | 'ahead' | 'behind';
  /** Of the charter in force. */
  readonly charterVersion: number;
  /** Why the last connection failed; gone when one has proven good. */
  readonly lastError?: KedgeError;
  /** Why the last-known-good copy could not be written; gone when it was. */
  readonly cacheError?: KedgeError;
  readonly bundles: readonly BundleStatus[];
}

/** The source or a bundle came into another state. */
export type StateChange =
  | {
      readonly of: 'source';
      readonly state: SourceState;
      /** Absent when this is the state at the start. */
      readonly previous?: SourceState;
    }
  | {
      readonly of: 'bundle';
      readonly state: BundleState;
      /** Absent when this is the first state. */
      readonly previous?: BundleState;
      readonly bundle: BundleStatus;
    };
