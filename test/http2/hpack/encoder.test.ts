/**
 * The encoder: what it writes, and that its peer reads the same.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from '../../../src/http2/hpack/decoder.ts';
import { encodeFields } from '../../../src/http2/hpack/encoder.ts';
import type { Field } from '../../../src/http2/hpack/field.ts';
import { STATIC_FIELDS, staticField, staticName } from '../../../src/http2/hpack/static-table.ts';

const text = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
});
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.tuple(text, text),
  fc.constantFrom(...STATIC_FIELDS),
  fc.tuple(fc.constantFrom(...STATIC_FIELDS.map(([name]) => name)), text),
);

function decoder(): HpackDecoder {
  return new HpackDecoder({ tableBytes: 0, listBytes: 10_000_000, fields: 10_000 });
}

describe('encodeFields', () => {
  it('writes an index for what the table has, and plain text that is not remembered', () => {
    const block = encodeFields([
      [':status', '200'],
      ['content-type', 'a'],
      ['x', 'yz'],
    ]);
    expect(block.toString('hex')).toBe('20880f10016100017802797a');
  });

  it('says in an empty block too that there is no table', () => {
    expect(encodeFields([]).toString('hex')).toBe('20');
  });

  it('writes what a decoder without a table reads', () => {
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        expect(decoder().decode(encodeFields(fields))).toEqual(fields);
      }),
    );
  });

  it.each([126, 127, 128, 254, 255, 16_383, 16_384, 2_100_000])(
    'writes a text of %d octets',
    (n) => {
      const fields: Field[] = [['a', 'b'.repeat(n)]];
      expect(decoder().decode(encodeFields(fields))).toEqual(fields);
    },
  );
});

describe('the static table', () => {
  it('has the 61 fields of the RFC, which are found by field and by name', () => {
    expect(STATIC_FIELDS).toHaveLength(61);
    STATIC_FIELDS.forEach(([name, value], at) => {
      expect(staticField([name, value])).toBe(at + 1);
      expect(STATIC_FIELDS[staticName(name) - 1]?.[0]).toBe(name);
    });
    expect([staticField([':method', 'PUT']), staticName('x')]).toEqual([0, 0]);
    expect([staticName(':method'), staticName(':status')]).toEqual([2, 8]);
  });
});
