/**
 * What fan-out has to clear. Everything is a ratio to what ran in the same minutes, but for the
 * first subscriber and memory.
 *
 * @module
 */
import { atMost, type Bar } from '../claim.ts';
import type { Content } from './system.ts';

const TO_BARE_MAX = 1.1;
const PROCESSOR_TO_BARE_MAX = 1.25;
const TO_FLOOR_MAX = 1.15;
const FIRST_MAX_MS = 5;
const RESIDENT_MAX_KB = 75;
/** What Kedge with workers has to be ahead of, all. */
const PEERS = ['natsKv', 'etcd', 'natsCore', 'redis'];
const SNAPSHOT_AT = 1000;

/** The name of a figure. */
export function keyOf(system: string, count: number, content: Content, figure: string): string {
  const part = content === 'delta' ? 'Delta' : 'Snapshot';
  return `${system}${count}${part}${figure}`;
}

/** The name of the figure that compares Kedge, without or with workers, with another system. */
export function ratioKey(
  other: string,
  count: number,
  content: Content,
  own: 'kedge' | 'kedgeWorkers' = 'kedge',
): string {
  return keyOf(`${own}To${other.slice(0, 1).toUpperCase()}${other.slice(1)}`, count, content, '');
}

/** The bars that the figures of a run can be held against; `count` is the largest one. */
export function judgeFanout(
  figures: Readonly<Record<string, number>>,
  count: number,
): readonly Bar[] {
  const ratio = (other: string): string => ratioKey(other, count, 'delta');
  const limits: readonly (readonly [name: string, limit: number])[] = [
    [ratio('bare'), TO_BARE_MAX],
    [ratio('natsKv'), 1],
    [ratio('etcd'), 1],
    ...PEERS.map((name) => [ratioKey(name, count, 'delta', 'kedgeWorkers'), 1] as const),
    [keyOf('kedge', count, 'delta', 'FirstServedMs'), FIRST_MAX_MS],
    [`kedge${count}ResidentKb`, RESIDENT_MAX_KB],
    [`kedgeWorkers${count}ResidentKb`, RESIDENT_MAX_KB],
    [`${ratioKey('raw', SNAPSHOT_AT, 'snapshot')}Served`, TO_FLOOR_MAX],
  ];
  const bars = limits.flatMap(([name, limit]) => {
    const value = figures[name];
    return value === undefined ? [] : [atMost(name, value, limit)];
  });
  const processor = figures[keyOf('kedge', count, 'delta', 'ProcessorUs')];
  const bare = figures[keyOf('bare', count, 'delta', 'ProcessorUs')];
  if (processor === undefined || bare === undefined) return bars;
  const name = `kedgeToBare${count}ProcessorUs`;
  return [...bars, atMost(name, hundredths(processor / bare), PROCESSOR_TO_BARE_MAX)];
}

/** A ratio with two decimals. */
export function hundredths(ratio: number): number {
  return Math.round(ratio * 100) / 100;
}
