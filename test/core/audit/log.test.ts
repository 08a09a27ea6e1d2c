/**
 * The audit log as a value: how it grows, and what it loses.
 */
import { describe, expect, it } from 'vitest';
import { parseAuditEntry } from '../../../src/core/audit/entry.ts';
import {
  appendEntries,
  EMPTY_AUDIT_LOG,
  encodeLogRecord,
  isOversized,
  parseLogRecord,
  pruneOldest,
} from '../../../src/core/audit/log.ts';
import { expectCode } from '../support.ts';
import { ACCEPTED } from './fixtures.ts';

describe('appendEntries', () => {
  it('grows the same tree in one step and in many', () => {
    const entries = Array.from({ length: 20 }, (_, at) => ({ ...ACCEPTED, timeMs: at }));
    const whole = appendEntries(EMPTY_AUDIT_LOG, entries);
    const steps = entries.reduce(
      (state, entry) => appendEntries(state, [entry]).state,
      EMPTY_AUDIT_LOG,
    );
    expect(steps).toEqual(whole.state);
    expect(whole.entries.map(({ index }) => index)).toEqual(entries.map((_, at) => at));
  });

  it('never lets the time go back', () => {
    const { entries } = appendEntries(EMPTY_AUDIT_LOG, [
      { ...ACCEPTED, timeMs: 9 },
      { ...ACCEPTED, timeMs: 3 },
    ]);
    expect(entries.map(({ bytes }) => parseAuditEntry(bytes).timeMs)).toEqual([9, 9]);
  });
});

describe('pruneOldest', () => {
  it('takes the oldest away until there is room, and the tree stays', () => {
    const { state, entries } = appendEntries(
      EMPTY_AUDIT_LOG,
      Array.from({ length: 10 }, () => ACCEPTED),
    );
    const each = state.bytes / 10;
    const maxBytes = 5 * each;
    expect(isOversized(state, maxBytes)).toBe(true);
    const pruned = pruneOldest(
      state,
      entries.map(({ bytes }) => bytes),
      maxBytes,
    );
    expect(pruned.first).toBe(6);
    expect(pruned.bytes).toBe(4 * each);
    expect(pruned.tree).toEqual(state.tree);
    expect(isOversized(pruned, maxBytes)).toBe(false);
  });

  it('leaves a record that says where the log stands', () => {
    const { state } = appendEntries(EMPTY_AUDIT_LOG, [ACCEPTED, ACCEPTED]);
    const { tree, ...rest } = { ...state, first: 1 };
    expect(parseLogRecord(encodeLogRecord({ tree, ...rest }))).toEqual({ size: 2, ...rest });
    expectCode('PARSE', () => parseLogRecord(encodeLogRecord({ ...state, first: 3 })));
  });
});
