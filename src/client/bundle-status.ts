/**
 * How one watched bundle is, from the parts of a source.
 *
 * @module
 */
import { type BundleName, CHARTER_STREAM } from '../core/ids.ts';
import type { Activation } from './activation.ts';
import type { FreshnessWatch } from './freshness.ts';
import type { BundleState, BundleStatus } from './status.ts';
import type { VerifiedRealm } from './verified-realm.ts';

/** What knows something about a bundle. */
export interface StatusParts {
  readonly realm: VerifiedRealm;
  readonly activation: Activation;
  readonly freshness: FreshnessWatch;
  /** The time to judge expiry by. */
  readonly nowMs: () => number;
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
    isExpired: bundle !== undefined && bundle.expiresAtMs <= parts.nowMs(),
    withheldAnchors: bundle?.anchors.filter(({ withheld }) => withheld !== undefined).length ?? 0,
    ...(lastError && { lastError }),
  };
}

function stateOf({ realm, activation, freshness }: StatusParts, name: BundleName): BundleState {
  if (realm.forkOf(name) !== undefined) return 'forked';
  if (activation.bundle(name) === undefined) return 'waiting';
  if (realm.isOverruled(name)) return 'overruled';
  return freshness.isStale(name) ? 'stale' : 'fresh';
}
