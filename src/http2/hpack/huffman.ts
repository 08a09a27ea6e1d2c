/**
 * Text in the Huffman code of HPACK: RFC 7541 section 5.2 and appendix B.
 *
 * The code is canonical: codes of one length follow each other in the order of their symbols, and
 * longer ones begin where shorter ones end. So the lengths alone give all codes. They are unfolded
 * once into tables that are indexed with eight bits each: most text takes one look per symbol, and
 * the rarest symbol four.
 *
 * @module
 */
import { Http2Error } from '../errors.ts';

/** The length of the code of each octet, then of the end: `a` means 5 bits, `z` means 30. */
const LENGTHS: string =
  'isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhf' +
  'ibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix' +
  'prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrs' +
  'vvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwv' +
  'z';
const LENGTH_MIN = 5;
const LENGTH_MAX = 30;
const END = 256;

/**
 * What one look finds: the number of another table, or a symbol and how many bits ended it. As a
 * number of bits, the mark of a table is more than there ever are.
 */
const IS_TABLE = 0x8000;
const SYMBOL_BITS = 9;
const SYMBOL_MASK: number = (1 << SYMBOL_BITS) - 1;
const TABLES: Uint16Array = makeTables();

/** Where symbols are put; longer texts get their own. Nothing of a text outlives its call. */
const SCRATCH: Buffer = Buffer.allocUnsafeSlow(4096);

/**
 * Reads the octets from `start` to `end` as one text. Errors: `COMPRESSION_ERROR` for padding that
 * is longer than seven bits or not the beginning of the end, and for the end itself.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  const room = Math.floor(((end - start) * 8) / LENGTH_MIN);
  const symbols = room <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(room);
  let count = 0;
  let table = 0;
  let held = 0;
  let bits = 0;
  for (let at = start; at < end; at += 1) {
    held = ((held << 8) | (bytes[at] ?? 0)) & 0xffff;
    bits += 8;
    while (bits >= 8) {
      const found = TABLES[table + ((held >>> (bits - 8)) & 0xff)] ?? 0;
      if (found >= IS_TABLE) {
        table = (found - IS_TABLE) << 8;
        bits -= 8;
      } else {
        symbols[count] = symbolOf(found);
        count += 1;
        table = 0;
        bits -= found >>> SYMBOL_BITS;
      }
    }
  }
  // Up to seven bits are left: shorter symbols, or the end of one, may still be among them.
  while (bits > 0) {
    const found = TABLES[table + ((held << (8 - bits)) & 0xff)] ?? 0;
    const length = found >>> SYMBOL_BITS;
    if (length > bits) break;
    symbols[count] = symbolOf(found);
    count += 1;
    table = 0;
    bits -= length;
  }
  const padding = (1 << bits) - 1;
  if (table !== 0 || (held & padding) !== padding) {
    throw new Http2Error('COMPRESSION_ERROR', 'a text does not end as the Huffman code demands');
  }
  return symbols.toString('latin1', 0, count);
}

function symbolOf(found: number): number {
  const symbol = found & SYMBOL_MASK;
  if (symbol === END) {
    throw new Http2Error('COMPRESSION_ERROR', 'a text has the mark of its end inside');
  }
  return symbol;
}

function makeTables(): Uint16Array {
  const tables: number[] = emptyTable();
  let code = 0;
  for (let length = LENGTH_MIN; length <= LENGTH_MAX; length += 1) {
    code *= 2;
    for (let symbol = 0; symbol <= END; symbol += 1) {
      if (LENGTHS.charCodeAt(symbol) - 'a'.charCodeAt(0) + LENGTH_MIN !== length) continue;
      enter(tables, { code, length, symbol });
      code += 1;
    }
  }
  return Uint16Array.from(tables);
}

interface Code {
  readonly code: number;
  readonly length: number;
  readonly symbol: number;
}

function enter(tables: number[], { code, length, symbol }: Code): void {
  let table = 0;
  let left = length;
  for (; left > 8; left -= 8) {
    const at = table + ((code >>> (left - 8)) & 0xff);
    const known = tables[at] ?? 0;
    if (known === 0) {
      tables[at] = IS_TABLE | (tables.length >>> 8);
      tables.push(...emptyTable());
    }
    table = ((tables[at] ?? 0) - IS_TABLE) << 8;
  }
  // Every octet that begins with the rest of the code.
  const first = table + ((code << (8 - left)) & 0xff);
  tables.fill((left << SYMBOL_BITS) | symbol, first, first + (1 << (8 - left)));
}

function emptyTable(): number[] {
  return Array.from({ length: 256 }, () => 0);
}
