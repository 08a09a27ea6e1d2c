/**
 * The worker's side of one line: between its socket and the pipe.
 *
 * @module
 */
import type { CallerLine, LineListener } from '../tls/caller-line.ts';
import type { Channel } from './channel.ts';
import { dataHead, type LineOrder, numberFrame } from './messages.ts';

/** Where the lines of a worker are. */
export interface LineHome {
  readonly channel: Channel;
  /** Not read from until the pipe takes more. */
  readonly paused: Set<WorkerLine>;
  readonly lines: Map<number, WorkerLine>;
}

/** One line between its socket and the pipe. */
export class WorkerLine implements LineListener {
  readonly #id: number;
  readonly #line: CallerLine;
  readonly #home: LineHome;
  #isFull = false;
  /** The node waits for room. */
  #isAsked = false;
  /** The node wants nothing to be read. */
  #isHeld = false;

  constructor(id: number, line: CallerLine, home: LineHome) {
    this.#id = id;
    this.#line = line;
    this.#home = home;
    line.listen(this);
  }

  data(bytes: Buffer): void {
    const { channel, paused } = this.#home;
    channel.send(dataHead(this.#id, bytes.length));
    channel.send(bytes);
    if (!channel.isFull) return;
    this.#line.pause();
    paused.add(this);
  }

  drained(): void {
    this.#isFull = false;
    this.#answer();
  }

  gone(): void {
    const { channel, lines, paused } = this.#home;
    lines.delete(this.#id);
    paused.delete(this);
    channel.send(numberFrame('closed', this.#id));
  }

  /** Writes what the node wants. */
  write(bytes: Buffer): void {
    if (!this.#line.write(this.#isFull ? apart(bytes) : bytes)) this.#isFull = true;
  }

  /** Does what the node wants. */
  obey(order: LineOrder): void {
    switch (order) {
      case 'end':
        return this.#line.end();
      case 'destroy':
        return this.#line.destroy();
      case 'pause':
        this.#isHeld = true;
        return this.#line.pause();
      case 'resume':
        this.#isHeld = false;
        return this.readOn();
      case 'ask':
        this.#isAsked = true;
        return this.#answer();
    }
  }

  /** Reads on, if nobody else minds. */
  readOn(): void {
    if (!this.#isHeld && !this.#home.paused.has(this)) this.#line.resume();
  }

  #answer(): void {
    if (this.#isFull || !this.#isAsked) return;
    this.#isAsked = false;
    this.#home.channel.send(numberFrame('drained', this.#id));
  }
}

/** What has to wait, without the rest of what came over the pipe together with it. */
function apart(bytes: Buffer): Buffer {
  if (2 * bytes.length > bytes.buffer.byteLength) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
