/**
 * Collects the garbage of an update a moment after it was served.
 *
 * V8 collects when its nursery is full, which it gets while something is worked on: about every
 * second update waited for that while it was judged or written. Half a second later nobody waits,
 * and nearly all that lies there is garbage, so collecting it costs little; and the next update
 * finds the nursery empty.
 *
 * @module
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, ClockTimer } from '../ports/clock.ts';

/** After the words about an update have been said, and the audit log was written. */
const COLLECT_AFTER_MS = 600;

/** The collecting of one node. */
export class YoungGarbage implements Disposable {
  readonly #clock: Clock;
  readonly #collect: () => void;
  #timer: ClockTimer | undefined;

  /** `collect` empties the nursery. */
  constructor(clock: Clock, collect: () => void) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** Something was served; what follows soon is collected with it. */
  served(): void {
    this.#timer ??= this.#clock.setTimer(COLLECT_AFTER_MS, () => {
      this.#timer = undefined;
      this.#collect();
    });
  }

  /** Forgets what is due. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

/** What empties the nursery of this process; does nothing where V8 does not offer it. */
export function nurseryCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect !== 'function') return () => undefined;
  return () => {
    Reflect.apply(collect, undefined, [{ type: 'minor' }]);
  };
}
