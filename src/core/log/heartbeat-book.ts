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

/** A region that was silent for longer is not expected to cosign, milliseconds. */
const SILENT_MAX_MS = 120_000;

/** Verified heartbeats. */
export type HeartbeatBook = ReadonlyMap<RegionName, Heartbeat>;

/** What a heartbeat comes to. */
export type HeartbeatNews =
  | { readonly kind: 'new'; readonly book: HeartbeatBook }
  /** Byte for byte known; not verified again. */
  | { readonly kind: 'held' }
  /** No better than what is held of this region; not even verified. */
  | { readonly kind: 'old' };

/**
 * Takes in a heartbeat when it is better than what is held: near `nowMs` (the time of `readClock`)
 * before one from the future, so that a region whose clock was wrong counts again once it is
 * right, and that before one from the past, so that it is heard where the own clock is behind;
 * among equals the later one. An order, and not only an exception: two that gave way to each other
 * would go round among nodes for ever.
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
    if (!isBetter(heartbeat, held, nowMs)) return { kind: 'old' };
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

/** Regions that send heartbeats now. */
export function beatingRegions(book: HeartbeatBook, nowMs: number): readonly RegionName[] {
  return [...book].flatMap(([region, { timeSeconds }]) =>
    Math.abs(nowMs - 1000 * timeSeconds) <= SILENT_MAX_MS ? [region] : [],
  );
}

function isBetter(one: Heartbeat, other: Heartbeat, nowMs: number): boolean {
  const classes = classOf(one, nowMs) - classOf(other, nowMs);
  return classes === 0 ? one.timeSeconds > other.timeSeconds : classes > 0;
}

/** 0: from the past; 1: from the future; 2: near now. */
function classOf({ timeSeconds }: Heartbeat, nowMs: number): 0 | 1 | 2 {
  const aheadMs = 1000 * timeSeconds - nowMs;
  if (Math.abs(aheadMs) <= CLOCK_SKEW_MAX_MS) return 2;
  return aheadMs > 0 ? 1 : 0;
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
