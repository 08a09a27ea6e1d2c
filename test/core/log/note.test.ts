import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUtf8 } from '../../../src/core/bytes.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { NOTE_MAX_BYTES, NOTE_SIGNATURES_MAX } from '../../../src/core/limits.ts';
import { encodeNote, type NoteSignature, parseNote } from '../../../src/core/log/note.ts';
import { expectCode, utf8 } from '../support.ts';
import { readVectors } from './fixtures.ts';

const vectors = readVectors('checkpoints') as {
  cases: { name: string; note: string }[];
  refusedNotes: { name: string; note: string; code: ErrorCode }[];
};
const line: NoteSignature = { name: 'a', keyHash: '00000000', signature: new Uint8Array(1) };

describe('parseNote', () => {
  it.each(vectors.cases)('reads and writes the same bytes: $name', ({ note }) => {
    expect(parseUtf8(encodeNote(parseNote(utf8(note))))).toBe(note);
  });

  it.each(vectors.refusedNotes)('refuses with $code: $name', ({ note, code }) => {
    expectCode(code, () => parseNote(utf8(note)));
  });

  it('takes a text with empty lines up to the last one', () => {
    const text = 'one\n\n\ntwo\n';
    expect(parseNote(encodeNote({ text, signatures: [line] })).text).toBe(text);
  });

  it('takes as many lines as the limit says, which is more than 16', () => {
    const signatures = Array.from({ length: NOTE_SIGNATURES_MAX }, () => line);
    expect(parseNote(encodeNote({ text: 'a\n', signatures })).signatures).toHaveLength(128);
  });

  it('refuses a note that is too large before it looks into it', () => {
    expectCode('LIMIT', () => parseNote(new Uint8Array(NOTE_MAX_BYTES + 1)));
  });

  it('refuses bytes that are not UTF-8', () => {
    expectCode('PARSE', () => parseNote(Uint8Array.of(0xff, 0x0a, 0x0a, 0x0a)));
  });

  it('gives a code of its own to whatever comes', () => {
    const texts = fc.array(fc.constantFrom('\n', '\n\n', '— ', ' ', 'a', 'AAAAAAA=', '+', '\t'));
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('');
        try {
          expect(parseUtf8(encodeNote(parseNote(utf8(text))))).toBe(text);
        } catch (thrown) {
          expect(KedgeError.from(thrown).code).toBe('PARSE');
        }
      }),
    );
  });
});

describe('encodeNote', () => {
  it.each(['a b', 'a+b', '', 'a\nb'])('refuses the name %j', (name) => {
    expectCode('PARSE', () => encodeNote({ text: 'a\n', signatures: [{ ...line, name }] }));
  });
});
