/**
 * The clock that all processes of a machine share.
 *
 * @module
 */

const CLOSE_US = 100;

/** Microseconds of the monotonic clock: what the swarm stamps arrivals with. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** What that clock showed at a wall time of the last minutes, within a millisecond. */
export function monotonicUs(wallMs: number): number {
  for (let before = Date.now(); ; ) {
    const us = nowUs();
    const ms = Date.now();
    // A millisecond begins, and nothing came between the two readings.
    if (ms > before && nowUs() - us < CLOSE_US) return us - 1000 * (ms - wallMs);
    before = ms;
  }
}
