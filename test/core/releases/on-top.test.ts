/**
 * Reading bodies on top of others: what is noted is what reading them alone gives.
 *
 * @module
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import { canonicalText, parseCanonical } from '../../../src/core/canonical.ts';
import { encodeReleaseBody, parseReleaseBody } from '../../../src/core/releases/body.ts';
import { readContent } from '../../../src/core/releases/content.ts';
import { readOnTop } from '../../../src/core/releases/on-top.ts';
import { expectCode } from '../support.ts';
import { anchor, bodyOf } from './bodies.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p'];
let made = 0;

/** A body that nobody has read; `edit` changes its text. */
function unread(names: readonly string[], edit = (text: string): string => text): Uint8Array {
  made += 1;
  const body = bodyOf(names.map((name) => anchor(name)));
  const text = parseUtf8(encodeReleaseBody({ ...body, note: 'before' }));
  return encodeUtf8(edit(text.replace('"before"', `"read ${made}"`)));
}

/** The texts of the anchors of a body's text. */
function anchorsOf(text: string): readonly string[] {
  const { anchors } = JSON.parse(text) as { readonly anchors: readonly Record<string, string>[] };
  return anchors.map((one) => canonicalText(one));
}

describe('readOnTop', () => {
  it('notes what reading alone gives, whatever came and went', () => {
    const names = fc.subarray([...NAMES]);
    fc.assert(
      fc.property(names, names, (before, after) => {
        const base = unread(before);
        const body = unread(after);
        readOnTop(base, body);
        const alone = parseCanonical(body, { maxBytes: body.length, what: 'body' });
        expect(canonicalText(readContent(body, 'body'))).toBe(canonicalText(alone));
        expect(readContent(body, 'body')).toEqual({ ...(alone as object) });
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the objects of anchors that stayed', () => {
    const base = unread(NAMES);
    const body = unread(NAMES.slice(3));
    readOnTop(base, body);
    const before = new Map(parseReleaseBody(base).anchors.map((one) => [one.id, one]));
    for (const one of parseReleaseBody(body).anchors) expect(one).toBe(before.get(one.id));
  });

  it.each([
    ['two anchors that changed places', (all: readonly string[]) => [...all].reverse()],
    ['an anchor twice', (all: readonly string[]) => [all[0] ?? '', ...all]],
    ['a space', ([first = '', ...others]: readonly string[]) => [` ${first}`, ...others]],
    ['a comma at the end', (all: readonly string[]) => [...all, '']],
    ['an anchor that does not end', (all: readonly string[]) => [...all, '{"constraints":[']],
    ['something else than an anchor', (all: readonly string[]) => [...all, '1']],
  ])('leaves %s to be refused', (_, change) => {
    const base = unread(['a', 'b']);
    const body = unread(['a', 'b', 'c'], (text) => {
      const all = anchorsOf(text);
      return text.replace(all.join(','), change(all).join(','));
    });
    readOnTop(base, body);
    expectCode('PARSE', () => parseReleaseBody(body));
  });

  it('notes nothing of bytes that are no body', () => {
    for (const text of [
      '',
      '{}',
      '{"anchors":[',
      '{"anchors":[]}',
      '{"anchors":[]}}',
      '\u{feff}',
    ]) {
      const body = encodeUtf8(text);
      readOnTop(unread(['a']), body);
      expectCode('PARSE', () => parseReleaseBody(body));
    }
    readOnTop(unread(['a']), Uint8Array.of(0xff));
  });
});
