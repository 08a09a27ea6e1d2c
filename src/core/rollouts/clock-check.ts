/**
 * Whether the clock of a node may say that the time of a wave has come.
 *
 * A wrong clock would open waves in the night. It is held against what others signed: the rollout
 * itself, and the heartbeats of regions where the charter lists some. What is missing keeps waves
 * closed like what is wrong, and only those that wait for a time. Spec section 13, DW-16.
 *
 * @module
 */
import type { Charter } from '../charter/charter.ts';
import { CLOCK_SKEW_MAX_MS } from '../limits.ts';
import { type HeartbeatBook, quorumMedianMs } from '../log/heartbeat-book.ts';
import { regionPolicy } from '../log/regions.ts';

/** What a clock is held against. */
export interface ClockWitnesses {
  /** When the rollout was signed. */
  readonly issuedMs: number;
  readonly charter: Pick<Charter, 'realm' | 'regions'> | undefined;
  /** The newest verified heartbeats. */
  readonly heartbeats: HeartbeatBook;
}

/**
 * Why a clock may not say that a time has come. `signed-later`: the rollout was signed later than
 * the clock says that it is. Of more than half of the regions: `regions-unheard`: they were never
 * heard; `regions-ahead`: they say a later time; `regions-behind`: the newest that they said is
 * old, because they are not heard any more or because the clock is ahead.
 */
export type ClockDoubt = 'signed-later' | 'regions-unheard' | 'regions-ahead' | 'regions-behind';

/** Judges the wall clock of a node. */
export function judgeClock(
  nowMs: number,
  { issuedMs, charter, heartbeats }: ClockWitnesses,
): 'right' | ClockDoubt {
  if (nowMs + CLOCK_SKEW_MAX_MS < issuedMs) return 'signed-later';
  if (charter === undefined || charter.regions.length === 0) return 'right';
  // More than half, so that no smaller group moves it; the fewer are heard, the less is known.
  const majority = Math.floor(charter.regions.length / 2) + 1;
  const quorumMs = quorumMedianMs(heartbeats, regionPolicy(charter, majority));
  if (quorumMs === undefined) return 'regions-unheard';
  if (quorumMs - nowMs > CLOCK_SKEW_MAX_MS) return 'regions-ahead';
  return nowMs - quorumMs > CLOCK_SKEW_MAX_MS ? 'regions-behind' : 'right';
}
