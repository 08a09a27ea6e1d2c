/**
 * The end of what has arrived: bytes that make no whole yet. What is held grows with what came, not
 * with what its head announces, and never keeps a chunk alive that was larger.
 *
 * @module
 */

const EMPTY: Buffer = Buffer.alloc(0);

/** Bytes that wait for those behind them. */
export class Tail {
  #held: Buffer = EMPTY;
  #bytes = 0;

  /** What is held, and `chunk` behind it; valid until the next call. */
  join(chunk: Buffer): Buffer {
    if (this.#bytes === 0) return chunk;
    const bytes = this.#bytes + chunk.length;
    if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#bytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#bytes);
    this.#bytes = bytes;
    return this.#held.subarray(0, bytes);
  }

  /** What is held; valid until the next call. */
  get held(): Buffer {
    return this.#held.subarray(0, this.#bytes);
  }

  /** Holds the rest of what `join` gave; the bytes before it are done with. */
  hold(rest: Buffer): void {
    if (rest.length === 0) {
      this.#held = EMPTY;
      this.#bytes = 0;
    } else if (rest.length !== this.#bytes) {
      const held = Buffer.allocUnsafeSlow(rest.length);
      rest.copy(held);
      this.#held = held;
      this.#bytes = held.length;
    }
  }
}
