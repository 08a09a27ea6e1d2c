/**
 * Group D: freshness and time. None of its cases is about documents alone; what a reader is told
 * and when is data in `test/vectors/freshness.json`.
 */
import type { CoveredCase } from '../format.ts';

const FRESHNESS = 'test/core/log/freshness.test.ts';

/** Cases of the group that are elsewhere. */
export const COVERED_D: readonly CoveredCase[] = [
  { name: 'D01 quorum-older-than-W', about: 'Stale once, and served on.', test: FRESHNESS },
  {
    name: 'D03 expires-garbage',
    about: 'Every notation of a time but one is refused.',
    test: 'test/core/ids.test.ts',
  },
  {
    name: 'D04 issued-in-future',
    about: 'Beyond the clock skew a statement is refused.',
    test: 'test/core/trusted/accept-release.test.ts',
  },
  { name: 'D05 clock-back-1y', about: 'The floor wins.', test: FRESHNESS },
  { name: 'D06 clock-forward-10y', about: 'Suspected, and heals by itself.', test: FRESHNESS },
  { name: 'D07 one-region-future-timestamp', about: 'The median stays.', test: FRESHNESS },
  { name: 'D10 partition-minority', about: 'Stale after W, not before.', test: FRESHNESS },
  {
    name: 'D11 cosignature-time-zero',
    about: 'Is not counted.',
    test: 'test/core/log/regions.test.ts',
  },
];
