/**
 * Connections that wait for their handshake, so that a storm of them leaves the node alive.
 *
 * A handshake costs one to two milliseconds of the processor. When ten thousand programs come back
 * at once, doing all as they arrive keeps everything else waiting for many seconds, and most of
 * the work is for callers that have given up by then. So a few are begun per turn of the event
 * loop, oldest first, and sockets, streams and peers get their share between. Who cannot be served
 * before it would give up is closed at once, which costs nothing: it comes back after its backoff,
 * or goes to another node.
 *
 * libuv takes one connection per turn from the kernel (since 1.45), whose places are few, and in
 * which nobody sees how long one waits. So while one came in each turn, all that are there are
 * taken first: such turns are a tenth of a millisecond. Whoever keeps them coming gets half of the
 * time.
 *
 * Only those that begin are bounded, not those under way: a caller that stops in the middle holds
 * up nobody.
 *
 * @module
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../ports/clock.ts';

/** Begun between two turns of the event loop. */
export const BEGUN_PER_TURN: number = 8;
/** Waiting at once: what is served within the time below. */
export const WAITING_MAX: number = 12_288;
/** How long one may wait; programs give up after 10 s, and a handshake takes some 20 ms. */
export const WAIT_MAX_MS: number = 9_000;
/** For how long connections are only taken, and then only begun, while they keep coming. */
export const PHASE_MS: number = 250;

/** What a queue does with its connections. */
export interface HandshakeQueueOptions {
  readonly clock: Clock;
  readonly begin: (socket: Socket) => void;
  /** The connection is not served: too many, or it waited too long. */
  readonly shed: (socket: Socket) => void;
}

/** The connections of one listener before their handshake. */
export class HandshakeQueue {
  readonly #options: HandshakeQueueOptions;
  /** With the time since when they wait. */
  readonly #waiting: Map<Socket, number> = new Map();
  #isScheduled = false;
  /** Whether one came since the last turn. */
  #isComing = false;
  #phase: 'taking' | 'beginning' = 'taking';
  #phaseEndsMs = 0;

  constructor(options: HandshakeQueueOptions) {
    this.#options = options;
  }

  /** Connections that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Begins in its turn, or sheds. */
  add(socket: Socket): void {
    if (this.#waiting.size >= WAITING_MAX) {
      this.#options.shed(socket);
      return;
    }
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#waiting.size === 0) this.#enter('taking', nowMs);
    this.#waiting.set(socket, nowMs);
    this.#isComing = true;
    this.#schedule();
  }

  /** It is gone. */
  delete(socket: Socket): void {
    this.#waiting.delete(socket);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isTaking()) this.#begin();
      if (this.#waiting.size > 0) this.#schedule();
    });
  }

  /** Says whether more are to be taken before one begins. */
  #isTaking(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const isComing = this.#isComing;
    this.#isComing = false;
    if (!isComing) this.#enter('beginning', nowMs);
    else if (nowMs >= this.#phaseEndsMs) {
      this.#enter(this.#phase === 'taking' ? 'beginning' : 'taking', nowMs);
    }
    return this.#phase === 'taking';
  }

  #enter(phase: 'taking' | 'beginning', nowMs: number): void {
    this.#phase = phase;
    this.#phaseEndsMs = nowMs + PHASE_MS;
  }

  #begin(): void {
    const { clock, begin, shed } = this.#options;
    const sinceMs = clock.monotonicMs() - WAIT_MAX_MS;
    let left = BEGUN_PER_TURN;
    for (const [socket, waitsSinceMs] of this.#waiting) {
      if (left === 0) return;
      this.#waiting.delete(socket);
      if (waitsSinceMs < sinceMs) {
        shed(socket);
      } else {
        left -= 1;
        begin(socket);
      }
    }
  }
}
