/**
 * The newest heartbeat of each region, each verified once, and the time that they agree on.
 *
 * Streams are then checked against it with hashes alone (`freshness.ts`), so the number of
 * signatures to verify is that of regions, not of bundles. Spec section 8.
 *
 * @module
 */
import { equalBytes } from '../bytes.ts';
import type { RegionName } from '../ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../limits.ts';
import { type Heartbeat, verifyHeartbeat } from './heartbeat.ts';
import type { RegionPolicy } from './regions.ts';

/** Verified heartbeats. */
export type HeartbeatBook = ReadonlyMap<RegionName, Heartbeat>;

/** What a heartbeat comes to. */
export type HeartbeatNews =
  | { readonly kind: 'new'; readonly book: HeartbeatBook }
  /** Byte for byte known; not verified again. */
  | { readonly kind: 'held' }
  /** Older than what this region said last; not even verified. */
  | { readonly kind: 'old' };

/**
 * Takes in a heartbeat. `nowMs` is the time of `readClock`: a heartbeat from beyond it gives way to
 * an earlier one, so that a region whose clock was wrong counts again once it is right.
 *
 * Errors: those of `verifyHeartbeat`; the book stays as it was. Rule HB-6.
 */
export function noteHeartbeat(
  book: HeartbeatBook,
  policy: RegionPolicy,
  heartbeat: Heartbeat,
  nowMs: number,
): HeartbeatNews {
  const held = book.get(heartbeat.region);
  if (held !== undefined) {
    if (isSame(held, heartbeat)) return { kind: 'held' };
    const isFuture = 1000 * held.timeSeconds > nowMs + CLOCK_SKEW_MAX_MS;
    if (heartbeat.timeSeconds <= held.timeSeconds && !isFuture) return { kind: 'old' };
  }
  verifyHeartbeat(policy, heartbeat);
  return { kind: 'new', book: new Map(book).set(heartbeat.region, heartbeat) };
}

/**
 * The time that a quorum of regions agrees on, milliseconds since 1970: of the newest heartbeats of
 * `threshold` regions the median, the earlier one of two. Absent while fewer regions spoke. One
 * region that lies about the time moves it no further than to what the next one said. Rule FR-4.
 */
export function quorumMedianMs(book: HeartbeatBook, policy: RegionPolicy): number | undefined {
  const newest = [...book.values()]
    .filter(({ keyId, region }) => policy.keys.get(keyId)?.region === region)
    .map(({ timeSeconds }) => 1000 * timeSeconds)
    .sort((a, b) => b - a)
    .slice(0, policy.threshold);
  return newest.length < policy.threshold ? undefined : newest[Math.floor(policy.threshold / 2)];
}

function isSame(a: Heartbeat, b: Heartbeat): boolean {
  return (
    a.realm === b.realm &&
    a.keyId === b.keyId &&
    a.timeSeconds === b.timeSeconds &&
    a.heads.size === b.heads.size &&
    a.heads.root === b.heads.root &&
    equalBytes(a.signature, b.signature)
  );
}
