/**
 * How much of everything a process may have.
 *
 * @module
 */
import type { Process } from '../nodes/node.ts';

/** Bounds per node, besides those that grow with the number of its peers. */
const FETCHES_MAX = 16;
/** A fetch that is over leaves the timer that watched it. */
const TIMERS_MAX = 240;
const WRITES_MAX = 500;

/** What a process has too much of, after an event with so many effects. */
export function excessOf(driver: Process, effects: number, peers: number): string | undefined {
  const few = 16 + 4 * peers;
  const { fetcher, writer } = driver;
  const timersMax = TIMERS_MAX + few;
  if (driver.timerCount > timersMax) return above('timers', driver.timerCount, timersMax);
  if (driver.links.size > few) return above('links', driver.links.size, few);
  if (effects > 4 * few) return above('effects', effects, 4 * few);
  if (fetcher.size > FETCHES_MAX) return above('fetches', fetcher.size, FETCHES_MAX);
  return writer.size > WRITES_MAX ? above('writes', writer.size, WRITES_MAX) : undefined;
}

function above(what: string, count: number, max: number): string {
  return `${count} ${what}, above ${max}`;
}
