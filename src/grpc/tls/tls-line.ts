/**
 * The line of a caller whose TLS socket is in this process.
 *
 * What is not held back is written at the end of the step, after what other lines are to write
 * (`outbox.ts`); it counts as written before.
 *
 * @module
 */
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { CallerLine, LineListener } from './caller-line.ts';
import type { Outbox, Writer } from './outbox.ts';

/** A TLS socket. */
export class TlsLine implements CallerLine, Writer {
  readonly #socket: TLSSocket;
  readonly #outbox: Outbox;
  /** In the outbox. */
  #waitingBytes = 0;
  readonly altNames: string | undefined;
  #listener: LineListener | undefined;
  readonly #onData = (chunk: Buffer): void => this.#listener?.data(chunk);
  readonly #onDrain = (): void => this.#listener?.drained();
  readonly #onClose = (): void => this.#listener?.gone();

  constructor(socket: TLSSocket, altNames: string | undefined, outbox: Outbox) {
    this.#socket = socket;
    this.#outbox = outbox;
    this.altNames = altNames;
  }

  get from(): string {
    const { remoteAddress = 'unknown', remotePort = 0 } = this.#socket;
    return `${remoteAddress}:${remotePort}`;
  }

  get isHttp2(): boolean {
    return this.#socket.alpnProtocol === 'h2';
  }

  get writableLength(): number {
    return this.#socket.writableLength + this.#waitingBytes;
  }

  listen(listener: LineListener): void {
    this.#listener = listener;
    this.#socket.on('data', this.#onData).on('drain', this.#onDrain).on('close', this.#onClose);
  }

  write(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (socket.writableCorked > 0) return socket.write(bytes);
    this.#waitingBytes += bytes.length;
    this.#outbox.add(this, bytes);
    // As the socket itself will see it, and so it tells when it is drained.
    return this.writableLength < socket.writableHighWaterMark;
  }

  writeNow(bytes: Buffer): void {
    this.#waitingBytes -= bytes.length;
    this.#socket.write(bytes);
  }

  cork(): void {
    this.#passOn();
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#passOn();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  detach(bytes: Buffer): Duplex {
    this.#passOn();
    const socket = this.#socket;
    if (this.#listener !== undefined) {
      socket.off('data', this.#onData).off('drain', this.#onDrain).off('close', this.#onClose);
      socket.pause();
    }
    if (bytes.length > 0) socket.unshift(bytes);
    return socket;
  }

  /** What follows must not overtake what waits. */
  #passOn(): void {
    if (this.#waitingBytes > 0) this.#outbox.flush();
  }
}
