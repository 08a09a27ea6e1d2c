/**
 * What a source says about itself.
 *
 * @module
 */
import type { KedgeError } from '../core/errors.ts';
import type { BundleName, Sequence, Sha256 } from '../core/ids.ts';

/**
 * How a bundle is, the most serious first. Whatever it is, the last good content stays in use.
 *
 * - `waiting`: none was ever received; nothing is trusted.
 * - `forked`: two valid releases exist for one sequence; nothing newer is taken.
 * - `overruled`: the charter quorum resolved a fork, and the release in use is not known to be on
 *   the side that stands; the next newer one of that side replaces it.
 * - `stale`: nobody has confirmed for too long that this is the newest: no node, or with
 *   `requireRegions` fewer regions than that.
 * - `fresh`: none of these.
 */
export type BundleState = 'waiting' | 'forked' | 'overruled' | 'stale' | 'fresh';

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
  /** Whether the signers wanted a newer release to exist by now. */
  readonly isExpired: boolean;
  /** Anchors that are never handed out, and why: see `Bundle.anchors`. */
  readonly withheldAnchors: number;
  /** The last refusal; gone when a release is accepted. */
  readonly lastError?: KedgeError;
}

/** A source at one instant. */
export interface SourceStatus {
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
