import { describe, expect, it } from 'vitest';
import type { RegionName } from '../../../src/core/ids.ts';
import type { HeartbeatBook } from '../../../src/core/log/heartbeat-book.ts';
import { type ClockDoubt, judgeClock } from '../../../src/core/rollouts/clock-check.ts';
import { FRA, heartbeat, IAD, regionsOf, SIN, treeAt } from '../log/fixtures.ts';
import { REALM } from '../support.ts';

const NOW_MS = 1_795_428_000_000;
const MINUTE_MS = 60_000;
const REGIONS = { realm: REALM, regions: regionsOf(FRA, IAD, SIN) };

/** What regions said, by the minutes between their word and the clock. */
function heard(...said: readonly (readonly [RegionName, number])[]): HeartbeatBook {
  return new Map(
    said.map(([region, minutes]) => {
      const seconds = (NOW_MS + minutes * MINUTE_MS) / 1000;
      return [region, heartbeat(region, seconds, treeAt(1))];
    }),
  );
}

function judge(heartbeats: HeartbeatBook): 'right' | ClockDoubt {
  return judgeClock(NOW_MS, { issuedMs: NOW_MS - MINUTE_MS, charter: REGIONS, heartbeats });
}

describe('judgeClock', () => {
  it('doubts a clock that is before the signature of the rollout', () => {
    const charter = { realm: REALM, regions: [] };
    const at = (issuedMs: number): 'right' | ClockDoubt =>
      judgeClock(NOW_MS, { issuedMs, charter, heartbeats: new Map() });
    expect(at(NOW_MS - MINUTE_MS)).toBe('right');
    expect(at(NOW_MS + 5 * MINUTE_MS)).toBe('right');
    expect(at(NOW_MS + 6 * MINUTE_MS)).toBe('signed-later');
    const none = { issuedMs: NOW_MS, charter: undefined, heartbeats: new Map() };
    expect(judgeClock(NOW_MS, none)).toBe('right');
  });

  it('takes the word of more than half of the regions, within five minutes', () => {
    expect(judge(heard([FRA, -1], [IAD, 1]))).toBe('right');
    expect(judge(heard([FRA, -5], [IAD, -5]))).toBe('right');
    expect(judge(heard([FRA, 5], [IAD, 5]))).toBe('right');
    expect(judge(heard([FRA, -6], [IAD, -6], [SIN, -6]))).toBe('regions-behind');
    expect(judge(heard([FRA, 6], [IAD, 7]))).toBe('regions-ahead');
  });

  it('knows nothing while no more than half of them are heard', () => {
    expect(judge(heard())).toBe('regions-unheard');
    expect(judge(heard([FRA, 0]))).toBe('regions-unheard');
    expect(judge(heard([FRA, 0], [IAD, -60]))).toBe('regions-behind');
  });

  it('is moved by no single region, whatever it says', () => {
    expect(judge(heard([FRA, 0], [IAD, 0], [SIN, 100_000]))).toBe('right');
    expect(judge(heard([FRA, 0], [IAD, 0], [SIN, -100_000]))).toBe('right');
    expect(judge(heard([FRA, -60], [IAD, -60], [SIN, 0]))).toBe('regions-behind');
  });
});
