/**
 * Fields to a header block, without a memory: what RFC 7541 allows a server that says little.
 *
 * A field of the static table is its index, everything else is plain text that nobody remembers.
 * So equal fields give equal octets on every connection, a block can be made once for all, and a
 * connection needs no table for what it sends. Each block begins by saying that its table has no
 * bytes: whatever size the peer asks for, that is within it, and a peer that made its table
 * smaller is owed such a word at the start of the next block (section 4.2).
 *
 * @module
 */
import type { Field } from './field.ts';
import { staticField, staticName } from './static-table.ts';

/** A change of the table's size, to 0. */
const NO_TABLE = 0x20;
const INDEXED = 0x80;
const NOT_REMEMBERED = 0x00;
/** Octets of an index or a length at most. */
const INTEGER_MAX_OCTETS = 6;

/** Encodes a list; characters beyond Latin-1 are the caller's to escape. */
export function encodeFields(fields: readonly Field[]): Buffer {
  const block = new BlockWriter(fields);
  block.integer(NO_TABLE, 5, 0);
  for (const field of fields) {
    const whole = staticField(field);
    if (whole > 0) {
      block.integer(INDEXED, 7, whole);
      continue;
    }
    const [name, value] = field;
    const named = staticName(name);
    block.integer(NOT_REMEMBERED, 4, named);
    if (named === 0) block.text(name);
    block.text(value);
  }
  return block.written();
}

class BlockWriter {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(fields: readonly Field[]) {
    const most = fields.reduce(
      (sum, [name, value]) => sum + name.length + value.length + 3 * INTEGER_MAX_OCTETS,
      1,
    );
    this.#bytes = Buffer.allocUnsafe(most);
  }

  /** Writes an integer into the low bits of an octet and those that follow (section 5.1). */
  integer(pattern: number, prefixBits: number, value: number): void {
    const full = (1 << prefixBits) - 1;
    if (value < full) return this.#octet(pattern | value);
    this.#octet(pattern | full);
    let rest = value - full;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#octet(0x80 | (rest % 0x80));
    this.#octet(rest);
  }

  text(text: string): void {
    this.integer(0, 7, text.length);
    this.#at += this.#bytes.write(text, this.#at, 'latin1');
  }

  written(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  #octet(octet: number): void {
    this.#bytes[this.#at] = octet;
    this.#at += 1;
  }
}
