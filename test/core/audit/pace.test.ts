import { describe, expect, it } from 'vitest';
import { FACTS_PER_WINDOW, FactPace, PACE_WINDOW_MS } from '../../../src/core/audit/pace.ts';

describe('FactPace', () => {
  it('lets the first of a kind through in each window, and counts the rest (AL-10)', () => {
    const pace = new FactPace();
    for (let at = 0; at < FACTS_PER_WINDOW; at += 1) {
      expect(pace.take('proposed', 1_000)).toBe('note');
    }
    expect(pace.dueMs).toBeUndefined();
    expect(pace.take('proposed', 2_000)).toBe('counted');
    expect(pace.take('proposed', 2_000)).toBe('counted');
    expect(pace.take('withdrawn', 2_000)).toBe('note');
    expect(pace.dueMs).toBe(1_000 + PACE_WINDOW_MS);
    expect(pace.due(PACE_WINDOW_MS)).toEqual([]);
    expect(pace.due(1_000 + PACE_WINDOW_MS)).toEqual([
      { what: 'proposed', via: 'node', count: 2, reason: '2 more like it' },
    ]);
    expect(pace.take('proposed', 1_000 + PACE_WINDOW_MS)).toBe('note');
  });
});
