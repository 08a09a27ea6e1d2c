/**
 * How far a stream is noted, and where noting goes on.
 */
import { describe, expect, it } from 'vitest';
import {
  encodeStreamMark,
  NO_MARK,
  notedUpTo,
  parseStreamMark,
} from '../../../src/core/audit/stream-mark.ts';
import { encodeUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { DIGEST } from './fixtures.ts';

describe('notedUpTo', () => {
  const mark = { sequence: 5, digest: DIGEST, fork: 'none' } as const;

  it('goes on behind the mark', () => {
    expect(notedUpTo(mark, { head: 9, atMark: DIGEST, decided: undefined })).toBe(5);
    expect(notedUpTo(NO_MARK, { head: 9, atMark: undefined, decided: undefined })).toBe(0);
  });

  it('has nothing to note when the head went back', () => {
    expect(notedUpTo(mark, { head: 3, atMark: undefined, decided: 4 })).toBe(3);
  });

  it('begins at the decision when the stream went back and on again', () => {
    const other = sha256(encodeUtf8('another statement'));
    expect(notedUpTo(mark, { head: 9, atMark: other, decided: 4 })).toBe(3);
  });

  it('begins at the newest recovery when charters took the place of others', () => {
    const other = sha256(encodeUtf8('another charter'));
    const place = { decided: undefined, recovered: 3 };
    expect(notedUpTo(mark, { ...place, head: 3, atMark: undefined })).toBe(2);
    expect(notedUpTo(mark, { ...place, head: 9, atMark: other })).toBe(2);
    expect(notedUpTo(mark, { ...place, head: 9, atMark: DIGEST })).toBe(5);
  });

  it('keeps marks as bytes', () => {
    expect(parseStreamMark(encodeStreamMark(mark))).toEqual(mark);
  });
});
