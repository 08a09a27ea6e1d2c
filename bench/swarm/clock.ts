/**
 * The clock that all processes of a machine share.
 *
 * @module
 */

/** Microseconds of the monotonic clock: what the swarm stamps arrivals with. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
