/**
 * A line whose TLS socket is in a worker.
 *
 * A bounded number of its bytes may be on their way to that socket; then the worker is asked, and
 * until it answers the line takes no more. So a caller that does not read holds up nobody, and
 * neither the pipe nor the worker holds much more for it than a socket of this process would.
 *
 * @module
 */
import type { Duplex } from 'node:stream';
import type { CallerLine, LineListener } from '../tls/caller-line.ts';
import { LineStream } from './line-stream.ts';
import type { LineOrder, OpenedLine } from './messages.ts';

/** Bytes that the worker has not said to be on their way, from which on it is asked. */
export const UNCONFIRMED_MAX_BYTES: number = 64 * 1024;

/** Who tells the worker. */
export interface LineWriter {
  write(id: number, bytes: Buffer): void;
  order(order: LineOrder, id: number): void;
}

/** A line whose socket is in a worker. */
export class RemoteLine implements CallerLine {
  readonly from: string;
  readonly altNames: string | undefined;
  readonly isHttp2: boolean;
  readonly group: number;
  readonly #id: number;
  readonly #lines: LineWriter;
  #listener: LineListener | undefined;
  #unconfirmedBytes = 0;
  /** Of those, the ones that the worker was asked about and has not confirmed; 0: it was not. */
  #askedBytes = 0;
  #corks = 0;
  #corked: Buffer[] | undefined;
  #isGone = false;

  constructor({ id, group, from, altNames, isHttp2 }: OpenedLine, lines: LineWriter) {
    this.#id = id;
    this.group = group;
    this.from = from;
    this.altNames = altNames;
    this.isHttp2 = isHttp2;
    this.#lines = lines;
  }

  get writableLength(): number {
    return (this.#corked ?? []).reduce((sum, { length }) => sum + length, 0);
  }

  listen(listener: LineListener): void {
    this.#listener = listener;
  }

  write(bytes: Buffer): boolean {
    if (this.#isGone) return true;
    if (this.#corks > 0) {
      this.#corked ??= [];
      this.#corked.push(bytes);
    } else {
      this.#lines.write(this.#id, bytes);
    }
    this.#unconfirmedBytes += bytes.length;
    if (this.#unconfirmedBytes >= UNCONFIRMED_MAX_BYTES && this.#corks === 0) this.#ask();
    return this.#unconfirmedBytes < UNCONFIRMED_MAX_BYTES;
  }

  cork(): void {
    this.#corks += 1;
  }

  uncork(): void {
    this.#corks -= 1;
    const corked = this.#corked;
    if (this.#corks > 0 || corked === undefined) return;
    this.#corked = undefined;
    if (this.#isGone) return;
    const [first] = corked;
    const isOne = corked.length === 1 && first !== undefined;
    this.#lines.write(this.#id, isOne ? first : Buffer.concat(corked));
    if (this.#unconfirmedBytes >= UNCONFIRMED_MAX_BYTES) this.#ask();
  }

  pause(): void {
    this.#order('pause');
  }

  resume(): void {
    this.#order('resume');
  }

  end(): void {
    this.#passOn();
    this.#order('end');
  }

  destroy(): void {
    this.#order('destroy');
  }

  detach(bytes: Buffer): Duplex {
    const stream = new LineStream(this, bytes);
    this.#listener = stream;
    return stream;
  }

  received(bytes: Buffer): void {
    this.#listener?.data(bytes);
  }

  /** What was written before the worker was asked is on its way. */
  confirmed(): void {
    this.#unconfirmedBytes -= this.#askedBytes;
    this.#askedBytes = 0;
    if (this.#unconfirmedBytes >= UNCONFIRMED_MAX_BYTES) this.#ask();
    else this.#listener?.drained();
  }

  gone(): void {
    this.#isGone = true;
    this.#listener?.gone();
  }

  #ask(): void {
    if (this.#askedBytes > 0) return;
    this.#askedBytes = this.#unconfirmedBytes;
    this.#order('ask');
  }

  /** What is held back goes out before the end. */
  #passOn(): void {
    const corked = this.#corked;
    if (corked === undefined) return;
    this.#corked = undefined;
    this.#lines.write(this.#id, Buffer.concat(corked));
  }

  #order(order: LineOrder): void {
    if (!this.#isGone) this.#lines.order(order, this.#id);
  }
}
