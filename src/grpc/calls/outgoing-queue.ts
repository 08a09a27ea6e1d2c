/**
 * What waits to be written to one peer: two bounded lanes, and an end to waiting.
 *
 * While the stream takes messages nothing is queued. Once it says stop, messages wait here, in
 * order within their lane; urgent ones go first, and every ninth is one of the others, so that
 * neither waits for ever. A lane holds a count and a size; what is more is dropped, and digests
 * repair what the peer missed. A stream that does not take anything for ten seconds is stuck and
 * its owner closes it.
 *
 * @module
 */
import type { Urgency } from '../../core/gossip/links/urgency.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';

/** How long a stream may refuse to take anything. */
export const STUCK_AFTER_MS: number = 10_000;
/** Messages that wait in one lane. */
export const WAITING_MAX: number = 2048;
/** Their size together, bytes; any one message fits. */
export const WAITING_MAX_BYTES: number = 4 * 1024 * 1024;
/** Urgent messages that go before one of the others. */
const URGENT_RUN = 8;

/** What a queue works with. */
export interface OutgoingQueueOptions {
  /** Writes to the stream; false means: no more until it is drained. */
  readonly write: (bytes: Buffer) => boolean;
  readonly clock: Clock;
  /** Called once when the stream was stuck for {@link STUCK_AFTER_MS}. */
  readonly onStuck: () => void;
}

/** Messages on their way to one stream. */
export class OutgoingQueue {
  readonly #options: OutgoingQueueOptions;
  readonly #lanes: Readonly<Record<Urgency, Lane>> = { urgent: new Lane(), bulk: new Lane() };
  /** Urgent messages since one of the others went. */
  #run = 0;
  #stuckTimer: ClockTimer | undefined;
  #isClosed = false;

  constructor(options: OutgoingQueueOptions) {
    this.#options = options;
  }

  /** Writes or queues; `dropped` means that the message was not taken. */
  push(bytes: Buffer, urgency: Urgency): 'sent' | 'dropped' {
    if (this.#isClosed) return 'dropped';
    if (this.#stuckTimer !== undefined) return this.#lanes[urgency].add(bytes);
    this.#write(bytes);
    return 'sent';
  }

  /** The stream has room again. */
  drained(): void {
    if (this.#isClosed) return;
    this.#disarm();
    while (this.#stuckTimer === undefined) {
      const bytes = this.#next();
      if (bytes === undefined) return;
      this.#write(bytes);
    }
  }

  /** Forgets what waits; nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    this.#lanes.urgent.clear();
    this.#lanes.bulk.clear();
    this.#disarm();
  }

  #next(): Buffer | undefined {
    const { urgent, bulk } = this.#lanes;
    const isUrgent = !urgent.isEmpty && (this.#run < URGENT_RUN || bulk.isEmpty);
    this.#run = isUrgent ? this.#run + 1 : 0;
    return isUrgent ? urgent.take() : bulk.take();
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

/** Messages of one urgency, in order. */
class Lane {
  #waiting: Buffer[] = [];
  /** Those before it are gone. */
  #at = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#at === this.#waiting.length;
  }

  add(bytes: Buffer): 'sent' | 'dropped' {
    const size = this.#bytes + bytes.length;
    if (this.#waiting.length - this.#at >= WAITING_MAX || size > WAITING_MAX_BYTES) {
      return 'dropped';
    }
    this.#waiting.push(bytes);
    this.#bytes = size;
    return 'sent';
  }

  take(): Buffer | undefined {
    const bytes = this.#waiting[this.#at];
    if (bytes === undefined) return undefined;
    this.#at += 1;
    this.#bytes -= bytes.length;
    if (this.isEmpty || this.#at === WAITING_MAX) {
      this.#waiting = this.#waiting.slice(this.#at);
      this.#at = 0;
    }
    return bytes;
  }

  clear(): void {
    this.#waiting = [];
    this.#at = 0;
    this.#bytes = 0;
  }
}
