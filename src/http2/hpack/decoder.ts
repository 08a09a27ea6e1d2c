/**
 * Header blocks to fields: the decoder of RFC 7541, with limits on what a block may become.
 *
 * A block of a few kilobytes can mean megabytes, because one octet may stand for a whole field of
 * the table. So what a list comes to is counted while it is decoded, as RFC 9113 section 6.5.2
 * counts it, and a list beyond the limits is given up; its block is still read to the end, because
 * the table must stay the one that the peer has. That costs no more than the octets that arrived:
 * fields are shared with the table, and nothing is allocated for a length that is only announced.
 *
 * Texts are octets (Latin-1). What HTTP/2 demands of names and values is for the caller to check.
 *
 * @module
 */
import { Http2Error } from '../errors.ts';
import { BlockReader } from './block-reader.ts';
import { DynamicTable } from './dynamic-table.ts';
import { type Field, fieldBytes } from './field.ts';
import { STATIC_FIELDS } from './static-table.ts';

/** What one connection may ask of its decoder. */
export interface HpackLimits {
  /** The largest dynamic table, as announced with SETTINGS_HEADER_TABLE_SIZE. */
  readonly tableBytes: number;
  /** The largest list, as announced with SETTINGS_MAX_HEADER_LIST_SIZE. */
  readonly listBytes: number;
  /** Fields in one list. */
  readonly fields: number;
}

/** How the first octet of each representation begins: RFC 7541 section 6. */
const INDEXED = 0x80;
const REMEMBERED = 0x40;
const RESIZE = 0x20;
const STATIC_COUNT: number = STATIC_FIELDS.length;

/** The decoder of one connection: each block is given to it once, in the order of arrival. */
export class HpackDecoder {
  readonly #limits: HpackLimits;
  #table: DynamicTable;
  /** Others may have the table too: it is copied before it changes. */
  #isShared: boolean;

  /** `table` is what the blocks before came to, of a decoder with the same limits. */
  constructor(limits: HpackLimits, table?: DynamicTable) {
    this.#limits = limits;
    this.#isShared = table !== undefined;
    this.#table = table ?? new DynamicTable(limits.tableBytes);
  }

  /** What the blocks so far came to, to be shared: nobody changes it from now on. */
  shareTable(): DynamicTable {
    this.#isShared = true;
    return this.#table;
  }

  /**
   * Decodes one whole block. Errors: `COMPRESSION_ERROR` of the connection when the block is
   * wrong, after which the decoder is of no use; `ENHANCE_YOUR_CALM` of the stream when the list
   * is too large, after which it decodes what follows.
   */
  decode(block: Uint8Array): readonly Field[] {
    const { listBytes, fields: maxFields } = this.#limits;
    const reader = new BlockReader(block);
    const fields: Field[] = [];
    let bytes = 0;
    let count = 0;
    while (!reader.isDone) {
      const first = reader.peek();
      if (first >= RESIZE && first < REMEMBERED) {
        if (count > 0) {
          throw new Http2Error('COMPRESSION_ERROR', 'the size of the table changes within a block');
        }
        this.#resize(reader.integer(5));
        continue;
      }
      const field = this.#field(reader, first);
      count += 1;
      bytes += fieldBytes(field);
      if (bytes <= listBytes && count <= maxFields) fields.push(field);
    }
    if (count === fields.length) return fields;
    const allowed = `${maxFields} fields and ${listBytes} bytes are allowed`;
    const message = `a list has ${count} fields and ${bytes} bytes; ${allowed}`;
    throw new Http2Error('ENHANCE_YOUR_CALM', message, 'stream');
  }

  #field(reader: BlockReader, first: number): Field {
    if (first >= INDEXED) return this.#known(reader.integer(7));
    const isRemembered = first >= REMEMBERED;
    const index = reader.integer(isRemembered ? 6 : 4);
    const name = index === 0 ? reader.text() : this.#known(index)[0];
    const field: Field = [name, reader.text()];
    if (isRemembered) this.#ownTable().add(field);
    return field;
  }

  #known(index: number): Field {
    const field =
      index <= STATIC_COUNT ? STATIC_FIELDS[index - 1] : this.#table.at(index - STATIC_COUNT);
    if (field === undefined) {
      throw new Http2Error('COMPRESSION_ERROR', `no field has index ${index}`);
    }
    return field;
  }

  #resize(bytes: number): void {
    const { tableBytes } = this.#limits;
    if (bytes > tableBytes) {
      throw new Http2Error(
        'COMPRESSION_ERROR',
        `the table shall have ${bytes} bytes; ${tableBytes} are allowed`,
      );
    }
    this.#ownTable().resize(bytes);
  }

  #ownTable(): DynamicTable {
    if (this.#isShared) this.#table = this.#table.copy();
    this.#isShared = false;
    return this.#table;
  }
}
