/**
 * The decoder: the examples of the RFC, what a peer may not do, and what it may make of a list.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Http2Error } from '../../../src/http2/errors.ts';
import { BlockReader } from '../../../src/http2/hpack/block-reader.ts';
import { HpackDecoder, type HpackLimits } from '../../../src/http2/hpack/decoder.ts';
import type { Field } from '../../../src/http2/hpack/field.ts';
import { VECTORS } from './vectors.ts';

const LIMITS: HpackLimits = { tableBytes: 4096, listBytes: 16 * 1024, fields: 100 };
const DYNAMIC = 62;

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

function decoderWith(limits: Partial<HpackLimits> = {}): HpackDecoder {
  return new HpackDecoder({ ...LIMITS, ...limits });
}

function failure(run: () => unknown): Http2Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Http2Error) return error;
    throw error;
  }
  throw new Error('it was taken');
}

/** The dynamic table, newest first, as blocks that change nothing show it. */
function tableOf(decoder: HpackDecoder): Field[] {
  const fields: Field[] = [];
  for (let index = DYNAMIC; ; index += 1) {
    try {
      fields.push(...decoder.decode(Buffer.of(0x80 | index)));
    } catch {
      return fields;
    }
  }
}

describe('HpackDecoder', () => {
  it.each(VECTORS.examples)('decodes $section of the RFC: $title', ({ tableBytes, blocks }) => {
    const decoder = decoderWith({ tableBytes });
    for (const { hex, fields, table } of blocks) {
      expect(decoder.decode(bytes(hex))).toEqual(fields);
      expect(tableOf(decoder)).toEqual(table);
    }
  });

  it('reads what lies inside a larger piece of memory', () => {
    const inside = new Uint8Array(Buffer.from('ff8286ff', 'hex')).subarray(1, 3);
    expect(decoderWith().decode(inside)).toEqual([
      [':method', 'GET'],
      [':scheme', 'http'],
    ]);
  });

  it('takes a name from the table and remembers the field', () => {
    const decoder = decoderWith();
    decoder.decode(bytes('40 01 61 01 62'));
    expect(decoder.decode(bytes('7e 01 63'))).toEqual([['a', 'c']]);
    expect(tableOf(decoder)).toEqual([
      ['a', 'c'],
      ['a', 'b'],
    ]);
  });

  it('takes a name from an entry that goes when the field comes', () => {
    const decoder = decoderWith({ tableBytes: 34 });
    decoder.decode(bytes('40 01 61 01 62'));
    expect(decoder.decode(bytes('7e 01 63'))).toEqual([['a', 'c']]);
    expect(tableOf(decoder)).toEqual([['a', 'c']]);
  });

  it('is left with an empty table by a field that is larger than it', () => {
    const decoder = decoderWith({ tableBytes: 40 });
    decoder.decode(bytes('40 01 61 01 62'));
    expect(decoder.decode(bytes('40 04 61616161 05 6262626262'))).toEqual([['aaaa', 'bbbbb']]);
    expect(tableOf(decoder)).toEqual([]);
  });

  it('follows changes of the size at the start of a block', () => {
    const decoder = decoderWith();
    decoder.decode(bytes('40 01 61 01 62  40 01 63 01 64'));
    expect(decoder.decode(bytes('3f 03  82'))).toEqual([[':method', 'GET']]);
    expect(tableOf(decoder)).toEqual([['c', 'd']]);
    decoder.decode(bytes('20 3f e1 1f'));
    expect(tableOf(decoder)).toEqual([]);
    decoder.decode(bytes('40 01 61 01 62  40 01 63 01 64'));
    expect(tableOf(decoder)).toHaveLength(2);
  });

  it.each([
    ['index 0', '80'],
    ['an index beyond the tables', 'be'],
    ['a name beyond the tables', '7e 01 61'],
    ['a table larger than announced', '3f e2 1f'],
    ['a change of the size after a field', '82 20'],
    ['a block that ends within an integer', 'ff'],
    ['a block that ends within a long integer', 'ff 80 80'],
    ['an integer of too many octets', '7f 80 80 80 80 80 00'],
    ['a block that ends before a name', '40'],
    ['a block that ends before a value', '40 01 61'],
    ['a text that is longer than its block', '00 7f ff ff ff 0f 61'],
    ['a text that is one octet short', '00 01 61 02 62'],
    ['a Huffman text with wrong padding', '00 01 61 81 00'],
  ])('refuses %s', (_, hex) => {
    const error = failure(() => decoderWith().decode(bytes(hex)));
    expect([error.code, error.scope]).toEqual(['COMPRESSION_ERROR', 'connection']);
  });

  it.each([
    ['fields', { fields: 2 }, '82 84 86'],
    ['bytes', { listBytes: 7 + 3 + 32 + 5 + 1 + 32 - 1 }, '82 84'],
  ])('refuses a list with too many %s, and goes on with the next', (_, limits, hex) => {
    const decoder = decoderWith(limits);
    // What comes after the limit is remembered all the same, as the peer remembers it.
    const error = failure(() => decoder.decode(bytes(`${hex} 40 01 61 01 62`)));
    expect([error.code, error.scope]).toEqual(['ENHANCE_YOUR_CALM', 'stream']);
    expect(decoder.decode(bytes('be'))).toEqual([['a', 'b']]);
  });

  it('takes a list that is just within the limits', () => {
    const decoder = decoderWith({ fields: 2, listBytes: 7 + 3 + 32 + 5 + 1 + 32 });
    expect(decoder.decode(bytes('82 84'))).toHaveLength(2);
  });

  it('prefers to say that a block is wrong', () => {
    const error = failure(() => decoderWith({ fields: 1 }).decode(bytes('82 84 80')));
    expect(error.code).toBe('COMPRESSION_ERROR');
  });

  it('does not build the list that a small block would become', () => {
    const decoder = decoderWith();
    const value = Buffer.alloc(4000, 0x61);
    decoder.decode(Buffer.concat([bytes('40 01 61 7f a1 1e'), value]));
    const bomb = Buffer.alloc(16 * 1024, 0xbe);
    expect(failure(() => decoder.decode(bomb)).message).toContain(`${bomb.length * 4033} bytes`);
  });

  it('throws nothing but its errors on random bytes, and goes on after a large list', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (blocks) => {
        const decoder = decoderWith({ tableBytes: 200, fields: 5, listBytes: 400 });
        for (const block of blocks) {
          try {
            const fields = decoder.decode(block);
            expect(fields.length).toBeLessThanOrEqual(5);
          } catch (error) {
            if (!(error instanceof Http2Error)) throw error;
            if (error.scope === 'connection') return;
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('BlockReader', () => {
  it.each(VECTORS.integers)('reads $value as RFC 7541 C.1 writes it', (example) => {
    const reader = new BlockReader(bytes(example.hex));
    expect(reader.integer(example.prefixBits)).toBe(example.value);
    expect(reader.isDone).toBe(true);
  });

  it('reads an integer that is longer than it has to be', () => {
    expect(new BlockReader(bytes('1f 80 80 80 80 00')).integer(5)).toBe(31);
    expect(new BlockReader(bytes('1f ff ff ff ff 7f')).integer(5)).toBe(31 + 2 ** 35 - 1);
  });
});
