/**
 * How one watched bundle is, from the parts of a source.
 *
 * @module
 */
import { type BundleName, CHARTER_STREAM } from '../../core/ids.ts';
import type { Activation } from '../activation.ts';
import type { ExpiredPolicy } from '../expiry.ts';
import type { VerifiedRealm } from '../verified/verified-realm.ts';
import type { FreshnessWatch } from './freshness.ts';
import type { BundleState, BundleStatus, SourceState } from './status.ts';

/** What knows something about a bundle. */
export interface StatusParts {
  readonly realm: VerifiedRealm;
  readonly activation: Activation;
  readonly freshness: FreshnessWatch;
  readonly onExpired: ExpiredPolicy;
  readonly sourceState: SourceState;
  /** The time to judge expiry by. */
  readonly nowMs: number;
}

/** The status of a bundle now. */
export function bundleStatus(parts: StatusParts, name: BundleName): BundleStatus {
  const { realm, activation, freshness } = parts;
  const bundle = activation.bundle(name);
  const fork = realm.forkOf(name);
  const confirmedAtMs = freshness.confirmedAtMs(name);
  const attestedAtMs = freshness.attestedAtMs(name);
  const waiting = activation.unattested(name);
  const lastError = activation.errorOf(name);
  return {
    name,
    state: stateOf(parts, name),
    ...(bundle && { sequence: bundle.sequence, digest: bundle.digest }),
    ...(fork && fork.stream !== CHARTER_STREAM && { commonSequence: fork.sequence - 1 }),
    ...(confirmedAtMs !== undefined && { confirmedAtMs }),
    ...(attestedAtMs !== undefined && { attestedAtMs }),
    ...(waiting && { waitingSequence: waiting.sequence }),
    isExpired: isExpired(parts, name),
    withheldAnchors: bundle?.anchors.filter(({ withheld }) => withheld !== undefined).length ?? 0,
    ...(lastError && { lastError }),
  };
}

/** The one state of a bundle now; the order is that of `BUNDLE_STATES`. */
export function stateOf(parts: StatusParts, name: BundleName): BundleState {
  const { realm, activation, freshness, onExpired } = parts;
  const isOver = isExpired(parts, name);
  // Only here trust is taken away, so nothing may hide it.
  if (isOver && onExpired === 'fail') return 'expired';
  if (realm.forkOf(name) !== undefined) return 'forked';
  if (activation.bundle(name) === undefined) return 'waiting';
  if (realm.isOverruled(name)) return 'overruled';
  if (isOver) return 'expired';
  if (freshness.isStale(name)) return 'stale';
  return parts.sourceState === 'offline' ? 'offline' : 'fresh';
}

function isExpired({ activation, nowMs }: StatusParts, name: BundleName): boolean {
  const bundle = activation.bundle(name);
  return bundle !== undefined && bundle.expiresAtMs <= nowMs;
}
