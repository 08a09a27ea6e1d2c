/**
 * One end of the pipe between a node and a worker: frames that are sent in one turn leave together.
 *
 * @module
 */
import type { Duplex } from 'node:stream';
import { KedgeError } from '../../core/errors.ts';
import { FrameReader } from './frames.ts';

/** Up to here the frames of a turn are one write; more are written one by one. */
const COPIED_MAX_BYTES = 128 * 1024;
/** With so much unsent nothing should be added that can wait. */
const FULL_BYTES = 1024 * 1024;

/** With so much unsent the other side does not read any more. */
const UNSENT_MAX_BYTES = 512 * 1024 * 1024;

/** What a channel works with. */
export interface ChannelOptions {
  readonly pipe: Duplex;
  readonly bodyMaxBytes: number;
  /** Calls once, at the end of what may belong together. */
  readonly schedule: (flush: () => void) => void;
  readonly onFrame: (kind: number, body: Buffer) => void;
  /** Something was thrown while frames were taken, or nothing is read on the other side. */
  readonly onBroken: (thrown: unknown) => void;
  /** The pipe takes more again. */
  readonly onDrain?: () => void;
  /** The other side is gone. */
  readonly onClose: () => void;
}

/** Who has something to add before the pipe is written to. */
export interface Deferred {
  flush(): void;
}

/** A pipe of frames. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #parts: Buffer[] = [];
  #bytes = 0;
  #isScheduled = false;
  #deferred: Deferred | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const { pipe, onFrame, onBroken, onDrain, onClose, bodyMaxBytes } = options;
    const reader = new FrameReader(bodyMaxBytes);
    pipe.on('data', (chunk: Buffer) => {
      try {
        reader.read(chunk, onFrame);
      } catch (thrown) {
        pipe.destroy();
        onBroken(thrown);
      }
    });
    // What goes wrong with the pipe closes it.
    pipe.on('error', () => undefined);
    pipe.on('close', onClose);
    if (onDrain !== undefined) pipe.on('drain', onDrain);
  }

  /** True while what can wait should wait. */
  get isFull(): boolean {
    return this.#options.pipe.writableLength + this.#bytes > FULL_BYTES;
  }

  /** Sends a frame, or a part of one; the next part follows at once. */
  send(part: Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    this.#schedule();
  }

  /** Asks somebody for what is still to be added, before anything leaves. */
  defer(deferred: Deferred): void {
    this.#deferred = deferred;
    this.#schedule();
  }

  /** Ends in order, behind what was sent. */
  end(): void {
    this.#flush();
    this.#options.pipe.end();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.schedule(() => this.#flush());
  }

  #flush(): void {
    this.#deferred?.flush();
    this.#deferred = undefined;
    this.#isScheduled = false;
    const { pipe, onBroken } = this.#options;
    const parts = this.#parts.splice(0);
    const bytes = this.#bytes;
    this.#bytes = 0;
    if (parts.length === 0 || !pipe.writable) return;
    if (pipe.writableLength > UNSENT_MAX_BYTES) {
      return onBroken(new KedgeError('LIMIT', 'a node and its worker: one does not read'));
    }
    if (bytes <= COPIED_MAX_BYTES) {
      pipe.write(Buffer.concat(parts, bytes));
      return;
    }
    pipe.cork();
    for (const part of parts) pipe.write(part);
    pipe.uncork();
  }
}
