/**
 * What RFC 7541 gives as facts: its Huffman code and its examples.
 */
import { readFileSync } from 'node:fs';
import type { Field } from '../../../src/http2/hpack/field.ts';

interface Example {
  readonly section: string;
  readonly title: string;
  readonly tableBytes: number;
  readonly blocks: readonly {
    readonly hex: string;
    readonly fields: readonly Field[];
    /** The dynamic table after the block, newest first. */
    readonly table: readonly Field[];
  }[];
}

interface Vectors {
  readonly integers: readonly {
    readonly value: number;
    readonly prefixBits: number;
    readonly hex: string;
  }[];
  readonly examples: readonly Example[];
  /** The code of each octet and of the end: its bits as hex, and how many they are. */
  readonly huffman: readonly (readonly [hex: string, bits: number])[];
}

export const VECTORS: Vectors = JSON.parse(
  readFileSync(new URL('../../vectors/hpack.json', import.meta.url), 'utf8'),
);

/** The bits of one symbol's code; 256 is the end. */
export function codeOf(symbol: number): string {
  const [hex, bits] = VECTORS.huffman[symbol] ?? ['', 0];
  return Number.parseInt(hex, 16).toString(2).padStart(bits, '0');
}

/** Bits as octets, the last one filled with ones. */
export function packBits(bits: string): Buffer {
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from((whole.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}
