import { describe, expect, it } from 'vitest';
import {
  type Miss,
  Pauses,
  RETRY_PAUSE_MS,
  UNPROVEN_PAUSE_MAX_MS,
} from '../../../../src/core/gossip/fetching/pauses.ts';

const DAY_MS = 86_400_000;
const KEY = 'fra-1 release/a';

describe('Pauses', () => {
  it.each([
    ['failed', [1000, 2000, 4000, 8000, RETRY_PAUSE_MS, RETRY_PAUSE_MS]],
    ['unproven', [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, UNPROVEN_PAUSE_MAX_MS]],
    ['unreached', [1000, 1000, 1000]],
  ] as const)('grow within bounds: of what %s', (miss, lengths) => {
    const pauses = new Pauses();
    const found = lengths.map((_, at) => lengthOf(pauses, miss, at * DAY_MS));
    expect(found).toEqual(lengths);
  });

  it('stay within bounds however often there is one', () => {
    const pauses = new Pauses();
    for (let times = 0; times < 2000; times += 1) pauses.note(KEY, 'unproven', 0);
    expect(lengthOf(pauses, 'unproven', 0)).toBe(UNPROVEN_PAUSE_MAX_MS);
  });

  it('go on growing after one that was not reached', () => {
    const pauses = new Pauses();
    pauses.note(KEY, 'unproven', 0);
    pauses.note(KEY, 'unreached', DAY_MS);
    expect(lengthOf(pauses, 'unproven', 2 * DAY_MS)).toBe(20_000);
  });

  it('do not last for a day because the clock was set back by one', () => {
    const pauses = new Pauses();
    pauses.note(KEY, 'failed', DAY_MS);
    expect(pauses.has(KEY, 0)).toBe(false);
  });

  it('end with another charter for what nothing proved, and for nothing else', () => {
    const pauses = new Pauses();
    pauses.note(KEY, 'unproven', 0);
    pauses.note('another', 'failed', 0);
    pauses.chartered();
    expect(pauses.has(KEY, 1)).toBe(false);
    expect(pauses.has('another', 1)).toBe(true);
    expect(lengthOf(pauses, 'unproven', 0)).toBe(10_000);
  });
});

/** How long a rest lasts that begins now. */
function lengthOf(pauses: Pauses, miss: Miss, nowMs: number): number {
  pauses.note(KEY, miss, nowMs);
  let lengthMs = 0;
  while (pauses.has(KEY, nowMs + lengthMs)) lengthMs += 500;
  return lengthMs;
}
