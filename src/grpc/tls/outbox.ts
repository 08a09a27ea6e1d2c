/**
 * Writes of many lines, done together at the end of the step in which they were asked for.
 *
 * A write to a socket goes through TLS and the kernel, and what the processor's caches held of this
 * program is gone behind it. So a change for thousands of programs first works out what a batch of
 * them gets, and then writes to all of their sockets. Source: docs/fan-out.md.
 *
 * @module
 */

/** Who writes. */
export interface Writer {
  /** Gives the bytes to its socket. Must not throw. */
  writeNow(bytes: Buffer): void;
}

/** Writes that wait; then they are done at once. */
export const WAITING_MAX: number = 256;

interface Waiting {
  readonly writer: Writer;
  readonly bytes: Buffer;
}

/** What is still to be written, in order. */
export class Outbox {
  #waiting: Waiting[] = [];
  readonly #onEnd = (): void => this.flush();

  /** Lets somebody write when this step ends, or before. */
  add(writer: Writer, bytes: Buffer): void {
    if (this.#waiting.length === 0) process.nextTick(this.#onEnd);
    this.#waiting.push({ writer, bytes });
    if (this.#waiting.length >= WAITING_MAX) this.flush();
  }

  /** Does now what waits. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { writer, bytes } of waiting) writer.writeNow(bytes);
  }
}
