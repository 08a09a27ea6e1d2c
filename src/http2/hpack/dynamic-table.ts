/**
 * The fields that the peer asked to be remembered: RFC 7541 sections 2.3.2 and 4.
 *
 * Nothing is allocated for what a peer announces: a table grows with the fields that arrived.
 *
 * @module
 */
import { type Field, fieldBytes } from './field.ts';

/** First in, first out, within a number of bytes. */
export class DynamicTable {
  /** The newest one is the last one; those before `#first` are gone. */
  #fields: Field[] = [];
  #first = 0;
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Another one with the same fields, which it shares. */
  copy(): DynamicTable {
    const copy = new DynamicTable(this.#maxBytes);
    copy.#fields = this.#fields.slice(this.#first);
    copy.#bytes = this.#bytes;
    return copy;
  }

  /** The field that is the `nth` newest, from 1; absent when there are fewer. */
  at(nth: number): Field | undefined {
    const index = this.#fields.length - nth;
    return index < this.#first ? undefined : this.#fields[index];
  }

  /** Adds a field; one that is larger than the table leaves it empty (section 4.4). */
  add(field: Field): void {
    this.#bytes += fieldBytes(field);
    this.#fields.push(field);
    this.#evict();
  }

  /** Makes the table smaller or larger. */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#fields[this.#first];
      if (oldest === undefined) break;
      this.#first += 1;
      this.#bytes -= fieldBytes(oldest);
    }
    // Only when half of the places are empty: a peer that adds without end costs little.
    if (2 * this.#first <= this.#fields.length) return;
    this.#fields.splice(0, this.#first);
    this.#first = 0;
  }
}
