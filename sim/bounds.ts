/**
 * What one node may have under way at a time.
 *
 * @module
 */
import type { Process } from './node.ts';

/** Bounds per node, besides those that grow with the number of its peers. */
const FETCHES_MAX = 16;
/** A fetch that is over leaves the timer that watched it. */
const TIMERS_MAX = 240;
const WRITES_MAX = 500;

/** What a process has too much of after an event with so many effects, in words. */
export function excessOf(driver: Process, effects: number, peers: number): string | undefined {
  const { timerCount, links, fetcher, writer } = driver;
  const few = 16 + 4 * peers;
  const all = [
    { what: 'timers', count: timerCount, max: TIMERS_MAX + few },
    { what: 'links', count: links.size, max: few },
    { what: 'effects', count: effects, max: 4 * few },
    { what: 'fetches', count: fetcher.size, max: FETCHES_MAX },
    { what: 'writes', count: writer.size, max: WRITES_MAX },
  ];
  const excess = all.find(({ count, max }) => count > max);
  return excess && `${excess.count} ${excess.what}, above ${excess.max}`;
}
