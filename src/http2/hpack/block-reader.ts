/**
 * The two primitives of HPACK, integers and texts, as they lie in a block: RFC 7541 section 5.
 *
 * @module
 */
import { Http2Error } from '../errors.ts';
import { decodeHuffman } from './huffman.ts';

/** Octets of an integer beside its prefix: enough for what any block can mean, with zeros after. */
const INTEGER_OCTETS_MAX = 5;
const IS_HUFFMAN = 0x80;
const LENGTH_PREFIX_BITS = 7;

/** Reads one block from its start to its end. All errors are `COMPRESSION_ERROR`. */
export class BlockReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(block: Uint8Array) {
    this.#bytes = Buffer.isBuffer(block)
      ? block
      : Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  }

  /** Whether everything was read. */
  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The octet that comes next, which stays. */
  peek(): number {
    const octet = this.#bytes[this.#at];
    if (octet === undefined) throw new Http2Error('COMPRESSION_ERROR', 'the block is cut off');
    return octet;
  }

  /** An integer that begins in the low bits of the next octet; below 2^36. */
  integer(prefixBits: number): number {
    const full = (1 << prefixBits) - 1;
    let value = this.peek() & full;
    this.#at += 1;
    if (value < full) return value;
    let weight = 1;
    for (let octets = 0; octets < INTEGER_OCTETS_MAX; octets += 1) {
      const octet = this.peek();
      this.#at += 1;
      value += (octet & 0x7f) * weight;
      if (octet < 0x80) return value;
      weight *= 128;
    }
    throw new Http2Error('COMPRESSION_ERROR', 'an integer has too many octets');
  }

  /** A text, plain or in the Huffman code. */
  text(): string {
    const isHuffman = this.peek() >= IS_HUFFMAN;
    const length = this.integer(LENGTH_PREFIX_BITS);
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) {
      throw new Http2Error('COMPRESSION_ERROR', 'a text is longer than its block');
    }
    this.#at = end;
    return isHuffman
      ? decodeHuffman(this.#bytes, start, end)
      : this.#bytes.toString('latin1', start, end);
  }
}
