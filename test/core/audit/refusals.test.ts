/**
 * Refusals that come in floods.
 */
import { describe, expect, it } from 'vitest';
import {
  OTHER_SOURCES,
  REFUSAL_SOURCES_MAX,
  REFUSAL_WINDOW_MS,
  REFUSALS_PER_SOURCE,
  REFUSALS_PER_WINDOW,
  Refusals,
} from '../../../src/core/audit/refusals.ts';

describe('Refusals', () => {
  const source = { via: 'peer', by: 'sin-1', code: 'THRESHOLD' } as const;

  it('writes the first few of a source out and says at the end how many more there were', () => {
    const refusals = new Refusals();
    const outcomes = Array.from({ length: 219 }, () => refusals.take(source, 0));
    expect(outcomes.filter((one) => one === 'note')).toHaveLength(REFUSALS_PER_SOURCE);
    expect(refusals.due(REFUSAL_WINDOW_MS - 1)).toEqual([]);
    expect(refusals.due(REFUSAL_WINDOW_MS)).toEqual([
      { what: 'refused', ...source, count: 214, reason: '214 more like it' },
    ]);
    expect(refusals.take(source, REFUSAL_WINDOW_MS)).toBe('note');
  });

  it('says nothing of a window in which all were written out', () => {
    const refusals = new Refusals();
    refusals.take(source, 0);
    expect(refusals.dueMs).toBeUndefined();
    expect(refusals.close()).toEqual([]);
  });

  it('bounds what a window writes, whoever floods it under however many names (H11)', () => {
    const refusals = new Refusals();
    let noted = 0;
    for (let at = 0; at < 5_000; at += 1) {
      const by = `node-${String(at % 1_000)}`;
      if (refusals.take({ ...source, by }, 0) === 'note') noted += 1;
    }
    const rest = refusals.close();
    expect(noted).toBeLessThanOrEqual(REFUSALS_PER_WINDOW);
    expect(rest.length).toBeLessThanOrEqual(REFUSAL_SOURCES_MAX + 1);
    expect(rest.some(({ by }) => by === OTHER_SOURCES)).toBe(true);
    const counted = rest.reduce((sum, { count = 0 }) => sum + count, 0);
    expect(noted + counted).toBe(5_000);
  });
});
