/**
 * Entries of an audit log: their bytes, and what they take from outside.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AUDIT_KINDS,
  encodeAuditEntry,
  parseAuditEntry,
  readAuditEntry,
} from '../../../src/core/audit/entry.ts';
import { encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import { AUDIT_ENTRY_MAX_BYTES, TEXT_MAX_CHARS } from '../../../src/core/limits.ts';
import { STREAM } from '../log/fixtures.ts';
import { expectCode } from '../support.ts';
import { ACCEPTED, DIGEST } from './fixtures.ts';

describe('encodeAuditEntry', () => {
  it('gives the bytes that the specification shows', () => {
    expect(parseUtf8(encodeAuditEntry(ACCEPTED))).toBe(
      `{"by":"spiffe://prod.example.org/admin/ana","digest":"${DIGEST}","sequence":7,` +
        `"signers":[{"keyId":"${DIGEST}"}],"stream":"${STREAM}","timeMs":1790000000000,` +
        '"via":"admin","what":"accepted"}',
    );
  });

  it('is undone by parseAuditEntry, whatever text comes from outside', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(text, fc.constantFrom(...AUDIT_KINDS), (by, what) => {
        const reason = by.repeat(20);
        const bytes = encodeAuditEntry({ ...ACCEPTED, what, reason, by });
        const entry = parseAuditEntry(bytes);
        expect(bytes.length).toBeLessThanOrEqual(AUDIT_ENTRY_MAX_BYTES);
        expect(entry.reason?.length).toBeLessThanOrEqual(TEXT_MAX_CHARS);
        expect(entry.reason).not.toMatch(/\p{Cc}/u);
        expect(encodeAuditEntry(entry)).toEqual(bytes);
      }),
    );
  });

  it('leaves what is not known out', () => {
    const bytes = encodeAuditEntry({ timeMs: 1, what: 'node-started' });
    expect(parseUtf8(bytes)).toBe('{"timeMs":1,"what":"node-started"}');
  });
});

describe('parseAuditEntry', () => {
  it('refuses an unknown key, an unknown kind and what is too large', () => {
    const parse = (text: string) => () => parseAuditEntry(encodeUtf8(text));
    expectCode('PARSE', parse('{"extra":1,"timeMs":1,"what":"accepted"}'));
    expectCode('PARSE', parse('{"timeMs":1,"what":"celebrated"}'));
    const long = 'x'.repeat(AUDIT_ENTRY_MAX_BYTES);
    expectCode('LIMIT', parse(`{"reason":"${long}","timeMs":1,"what":"accepted"}`));
  });

  it('leaves entries of newer versions to readers of theirs', () => {
    expect(readAuditEntry(encodeUtf8('{"timeMs":1,"what":"celebrated"}'))).toBeUndefined();
  });
});
