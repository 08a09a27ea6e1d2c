/**
 * The Huffman code against the table of the RFC.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Http2Error } from '../../../src/http2/errors.ts';
import { decodeHuffman } from '../../../src/http2/hpack/huffman.ts';
import { codeOf, packBits } from './vectors.ts';

const OCTETS = Array.from({ length: 256 }, (_, octet) => octet);
const END = codeOf(256);

function decode(bytes: Uint8Array): string {
  return decodeHuffman(bytes, 0, bytes.length);
}

function encode(octets: Iterable<number>): Buffer {
  return packBits([...octets].map(codeOf).join(''));
}

describe('decodeHuffman', () => {
  it('reads every octet, alone and after every shift by other symbols', () => {
    for (const octet of OCTETS) {
      for (let before = 0; before < 8; before += 1) {
        // '0' has five bits, which reach every position in an octet.
        const octets = [...Array.from({ length: before }, () => 0x30), octet];
        expect(decode(encode(octets))).toBe(Buffer.from(octets).toString('latin1'));
      }
    }
  });

  it('reads any text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        expect(decode(encode(octets))).toBe(Buffer.from(octets).toString('latin1'));
      }),
    );
  });

  it('reads a text that is longer than its own room', () => {
    const octets = Buffer.alloc(20_000, '0123456789');
    expect(decode(encode(octets))).toBe(octets.toString('latin1'));
  });

  it('reads nothing as nothing', () => {
    expect(decode(Buffer.alloc(0))).toBe('');
  });

  it.each([
    ['eight bits of padding', `${codeOf(0x58)}${'1'.repeat(8)}`],
    ['fifteen bits of padding', `${codeOf(0x61)}${'1'.repeat(19)}`],
    ['padding with a zero', `${codeOf(0x61)}110`],
    ['padding of zeros', `${codeOf(0x61)}000`],
    ['the end inside', `${codeOf(0x61)}${END}${codeOf(0x61)}`],
    ['the end as the last symbol', `${codeOf(0x61)}${codeOf(0x61)}${END}`],
    ['the end alone', END],
    ['half a long symbol', codeOf(0).slice(0, 8)],
  ])('refuses %s', (_, bits) => {
    const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
    expect(() => decode(packBits(whole))).toThrow(
      expect.objectContaining({ name: 'Http2Error', code: 'COMPRESSION_ERROR' }),
    );
  });

  it('says of random bytes what the code says of them', () => {
    const symbols = new Map([...OCTETS, 256].map((symbol) => [codeOf(symbol), symbol]));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(decoded(bytes)).toBe(bitByBit(bytes, symbols));
      }),
      { numRuns: 300 },
    );
  });
});

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Http2Error) return undefined;
    throw error;
  }
}

/** The slow way; absent when the text is wrong. */
function bitByBit(bytes: Uint8Array, symbols: ReadonlyMap<string, number>): string | undefined {
  const bits = [...bytes].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const octets: number[] = [];
  let held = '';
  for (const bit of bits) {
    held += bit;
    const symbol = symbols.get(held);
    if (symbol === 256) return undefined;
    if (symbol === undefined) continue;
    octets.push(symbol);
    held = '';
  }
  return held.length < 8 && !held.includes('0')
    ? Buffer.from(octets).toString('latin1')
    : undefined;
}
