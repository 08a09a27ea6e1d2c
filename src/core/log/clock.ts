/**
 * A reader's clock, held against the time that a quorum of regions signed.
 *
 * The local clock may be set wrong, by mistake or by whoever wants something expired to live again.
 * The quorum's time is a floor that never goes back. A clock far ahead cannot be told at once from
 * regions that are silent; it is suspected when the quorum's time is old and yet moves on as fast
 * as the local clock. Old heartbeats played back at their pace look the same, so the suspicion is
 * told and changes nothing: nothing is fresh by it, and nothing lives longer. Spec section 8.
 *
 * @module
 */
import { CLOCK_SKEW_MAX_MS } from '../limits.ts';

/** What is known of the time; a reader keeps `floorMs` over restarts. */
export interface QuorumClock {
  /** The latest quorum time, milliseconds since 1970; 0 before the first. */
  readonly floorMs: number;
  /** What passed by the local clock since the floor rose to that, or since the start. */
  readonly sinceMs: number;
  /** The local time of the last look at it. */
  readonly localMs: number;
  /** An old quorum time, and when it came: from here the pace is measured. */
  readonly anchor?: { readonly quorumMs: number; readonly localMs: number };
  readonly isSuspect: boolean;
}

/** The time to judge by. */
export interface ClockReading {
  /** The clock to keep. */
  readonly clock: QuorumClock;
  /** The local time, or the floor and what passed since when that is later. */
  readonly nowMs: number;
  /**
   * `ahead` and `behind`: the local clock is suspected to be wrong by more than 5 minutes, which is
   * told to people.
   */
  readonly verdict: 'right' | 'ahead' | 'behind';
}

/** How long the pace is measured: two heartbeats of each region. */
const PACE_SPAN_MS = 60_000;
/** By which share of the span quorum time and local time may differ in pace. */
const PACE_TOLERANCE = 0.25;

/** The clock of a reader that starts now, with the floor that it stored (0: none). */
export function startClock(floorMs: number, localMs: number): QuorumClock {
  return { floorMs, sinceMs: 0, localMs, isSuspect: false };
}

/** Takes in a quorum time (`quorumMedianMs`) at the local time. Rules FR-5 and FR-7. */
export function advanceClock(clock: QuorumClock, quorumMs: number, localMs: number): QuorumClock {
  if (quorumMs <= clock.floorMs) return clock;
  const risen = startClock(quorumMs, localMs);
  if (localMs - quorumMs <= CLOCK_SKEW_MAX_MS) return risen;
  const { anchor, isSuspect } = clock;
  const here = { quorumMs, localMs };
  if (anchor === undefined || localMs < anchor.localMs) {
    return { ...risen, anchor: here, isSuspect };
  }
  const localSpanMs = localMs - anchor.localMs;
  if (localSpanMs < PACE_SPAN_MS) return { ...risen, anchor, isSuspect };
  const quorumSpanMs = quorumMs - anchor.quorumMs;
  const isPaced = Math.abs(localSpanMs - quorumSpanMs) <= PACE_TOLERANCE * localSpanMs;
  return { ...risen, anchor: here, isSuspect: isPaced };
}

/**
 * Reads the time; called at least every 5 minutes, since more is not counted as having passed at
 * once. A clock that is put right is right at once. Rules FR-6 and FR-7.
 */
export function readClock(before: QuorumClock, localMs: number): ClockReading {
  // A clock that is behind still measures spans: a silent quorum gets old for it too. A leap is no
  // span, and when it was forward and true, the local time says so by itself.
  const passedMs = Math.min(Math.max(0, localMs - before.localMs), CLOCK_SKEW_MAX_MS);
  const clock = { ...before, sinceMs: before.sinceMs + passedMs, localMs };
  const { floorMs, sinceMs, isSuspect } = clock;
  const nowMs = Math.max(localMs, floorMs + sinceMs);
  if (localMs + CLOCK_SKEW_MAX_MS < nowMs) return { clock, nowMs, verdict: 'behind' };
  const isAhead = isSuspect && localMs - floorMs > CLOCK_SKEW_MAX_MS;
  return { clock, nowMs, verdict: isAhead ? 'ahead' : 'right' };
}
