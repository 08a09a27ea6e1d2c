/**
 * The line of a caller whose TLS socket is in this process.
 *
 * @module
 */
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { CallerLine, LineListener } from './caller-line.ts';

/** A TLS socket. */
export class TlsLine implements CallerLine {
  readonly altNames: string | undefined;
  readonly #socket: TLSSocket;
  #listener: LineListener | undefined;
  readonly #onData = (chunk: Buffer): void => this.#listener?.data(chunk);
  readonly #onDrain = (): void => this.#listener?.drained();
  readonly #onClose = (): void => this.#listener?.gone();

  constructor(socket: TLSSocket, altNames: string | undefined) {
    this.#socket = socket;
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
    return this.#socket.writableLength;
  }

  listen(listener: LineListener): void {
    this.#listener = listener;
    this.#socket.on('data', this.#onData).on('drain', this.#onDrain).on('close', this.#onClose);
  }

  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  cork(): void {
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
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  detach(bytes: Buffer): Duplex {
    const socket = this.#socket;
    if (this.#listener !== undefined) {
      socket.off('data', this.#onData).off('drain', this.#onDrain).off('close', this.#onClose);
      socket.pause();
    }
    if (bytes.length > 0) socket.unshift(bytes);
    return socket;
  }
}
