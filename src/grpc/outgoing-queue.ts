/**
 * What waits to be written to one peer: one bounded queue, and an end to waiting.
 *
 * While the stream takes messages nothing is queued. Once it says stop, messages wait here up to a
 * count and a size; more is `full`. A stream that does not take anything for ten seconds is stuck
 * and its owner closes it: digests repair what the peer missed.
 *
 * @module
 */
import type { Clock, ClockTimer } from '../ports/clock.ts';

/** How long a stream may refuse to take anything. */
export const STUCK_AFTER_MS: number = 10_000;
const WAITING_MAX = 4096;
const WAITING_MAX_BYTES = 8 * 1024 * 1024;

/** What a queue works with. */
export interface OutgoingQueueOptions {
  /** Writes to the stream; false means: no more until it is drained. */
  readonly write: (bytes: Buffer) => boolean;
  readonly clock: Clock;
  /** Called once when the stream was stuck for {@link STUCK_AFTER_MS}. */
  readonly onStuck: () => void;
}

/** Messages on their way to one stream, in order. */
export class OutgoingQueue {
  readonly #options: OutgoingQueueOptions;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #stuckTimer: ClockTimer | undefined;
  #isClosed = false;

  constructor(options: OutgoingQueueOptions) {
    this.#options = options;
  }

  /** Writes or queues; `full` means that the message was not taken. */
  push(bytes: Buffer): 'sent' | 'full' {
    if (this.#isClosed) return 'full';
    if (this.#stuckTimer === undefined) {
      this.#write(bytes);
      return 'sent';
    }
    const size = this.#waitingBytes + bytes.length;
    if (this.#waiting.length >= WAITING_MAX || size > WAITING_MAX_BYTES) return 'full';
    this.#waiting.push(bytes);
    this.#waitingBytes = size;
    return 'sent';
  }

  /** The stream has room again. */
  drained(): void {
    if (this.#isClosed) return;
    this.#disarm();
    const waiting = this.#waiting;
    let written = 0;
    for (const bytes of waiting) {
      if (this.#stuckTimer !== undefined) break;
      this.#write(bytes);
      this.#waitingBytes -= bytes.length;
      written += 1;
    }
    this.#waiting = waiting.slice(written);
  }

  /** Forgets what waits; nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#disarm();
  }

  #write(bytes: Buffer): void {
    if (this.#options.write(bytes)) return;
    this.#stuckTimer = this.#options.clock.setTimer(STUCK_AFTER_MS, () => {
      this.close();
      this.#options.onStuck();
    });
  }

  #disarm(): void {
    this.#stuckTimer?.[Symbol.dispose]();
    this.#stuckTimer = undefined;
  }
}
