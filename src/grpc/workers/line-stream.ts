/**
 * A line as the stream that grpc-js works with, with what it asks of a caller.
 *
 * @module
 */
import { Duplex } from 'node:stream';
import type { CallerLine, LineListener } from '../tls/caller-line.ts';

/** A stream on a line. */
export class LineStream extends Duplex implements LineListener {
  readonly caller: CallerLine;
  /** What Node asks of a socket before it speaks HTTP/2 on it. */
  readonly alpnProtocol: 'h2' | false;
  #isPaused = false;
  /** The write that waits for room. */
  #onRoom: (() => void) | undefined;

  constructor(line: CallerLine, said: Buffer) {
    super({ allowHalfOpen: false });
    this.caller = line;
    this.alpnProtocol = line.isHttp2 ? 'h2' : false;
    if (said.length > 0) this.push(said);
  }

  data(bytes: Buffer): void {
    if (this.destroyed || this.push(bytes) || this.#isPaused) return;
    this.#isPaused = true;
    this.caller.pause();
  }

  drained(): void {
    const onRoom = this.#onRoom;
    this.#onRoom = undefined;
    onRoom?.();
  }

  gone(): void {
    this.destroy();
  }

  override _read(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.caller.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.caller.write(chunk)) done();
    else this.#onRoom = done;
  }

  override _final(done: () => void): void {
    this.caller.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.caller.destroy();
    done(error);
  }
}
