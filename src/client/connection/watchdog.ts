/**
 * A deadline that can be moved: fails a race when nobody fed it in time.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';

/** Rejects `bark` with `UNAVAILABLE` when it is not fed for a while. */
export class Watchdog implements Disposable {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onBark: () => void;
  #timer: ClockTimer | undefined;

  /** Never resolves. */
  readonly bark: Promise<never>;

  constructor(clock: Clock, timeoutMs: number, what: string) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    const { promise, reject } = withReject();
    this.bark = promise;
    this.bark.catch(() => undefined);
    this.#onBark = () => {
      reject(new KedgeError('UNAVAILABLE', `${what} within ${timeoutMs} ms`));
    };
  }

  /** Starts the time anew. */
  start(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.setTimer(this.#timeoutMs, this.#onBark);
  }

  /** Stops it for good. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

function withReject(): { promise: Promise<never>; reject: (error: KedgeError) => void } {
  let reject: (error: KedgeError) => void = () => undefined;
  const promise = new Promise<never>((_, fail) => {
    reject = fail;
  });
  return { promise, reject };
}
