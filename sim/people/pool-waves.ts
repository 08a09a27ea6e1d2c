/**
 * Which releases of a pool wait for rollouts, what those say, and when their waves may open.
 *
 * @module
 */
import type { ReleaseBody } from '../../src/core/releases/body.ts';
import type { RolloutState, Wave } from '../../src/core/rollouts/body.ts';
import { TEST_EPOCH_MS } from '../../src/testing/simulated-clock.ts';

/**
 * What a pool holds besides charters: `rollouts`, releases that wait for rollouts, and those;
 * `timed`, the same with waves that have times; `recovery`, the same as `releases` under charters
 * that list recovery keys, from the second on.
 */
export type PoolContent = 'releases' | 'rollouts' | 'timed' | 'recovery';

/** The bundles of every pool. */
export const BUNDLES: readonly string[] = ['a', 'b', 'c', 'd'].map(
  (name) => `${name}.sim.example.org`,
);

/** Those of them that have releases which wait. */
export const WAVED_BUNDLES: readonly string[] = BUNDLES.slice(0, 2);

/** What is said of each release that waits, by its number under a charter. */
const STATES: Readonly<Record<number, readonly RolloutState[]>> = {
  1: ['running'],
  2: ['running', 'paused', 'running'],
  3: ['running', 'aborted'],
};
const WAVES: readonly Wave[] = [40, 70, 100].map((percent) => ({
  name: `to-${percent}`,
  match: new Map(),
  percent,
  gates: { minReporters: 0, loadedPercent: 100, maxFailures: 0, soakSeconds: 1 },
}));
/** In a timed pool: the time of the second wave, and the hours of the third per waved bundle. */
const MINUTE_MS = 60_000;
const HOURS = { startsAfter: 1, minutes: [720, 2] };
const NOT_BEFORE_MS = TEST_EPOCH_MS + 75_000;

/** Says whether a pool has releases that wait for rollouts. */
export function hasWaves(content: PoolContent): boolean {
  return content === 'rollouts' || content === 'timed';
}

/** What the signers of rollouts say of a release, one after the other. */
export function statesSaid(number: number): readonly RolloutState[] {
  return STATES[number] ?? [];
}

/** How a release of a bundle reaches programs. */
export function deliveryOf(
  content: PoolContent,
  bundle: string,
  number: number,
): Pick<ReleaseBody, 'delivery'> {
  const isWaved = hasWaves(content) && WAVED_BUNDLES.includes(bundle);
  return isWaved && STATES[number] !== undefined ? { delivery: 'waves' } : {};
}

/** The waves of a bundle. The first is for any time: what is rolled out reaches somebody. */
export function wavesOf(content: PoolContent, bundle: string): readonly Wave[] {
  const [first, second, ...others] = WAVES;
  if (content !== 'timed' || first === undefined || second === undefined) return WAVES;
  const start = new Date(TEST_EPOCH_MS + HOURS.startsAfter * MINUTE_MS);
  const window = {
    days: [start.getUTCDay()],
    startMinute: 60 * start.getUTCHours() + start.getUTCMinutes(),
    minutes: HOURS.minutes[WAVED_BUNDLES.indexOf(bundle)] ?? 1,
  };
  const timed = { ...second, notBeforeMs: NOT_BEFORE_MS };
  return [first, timed, ...others.map((wave) => ({ ...wave, window }))];
}
