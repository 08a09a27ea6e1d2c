/**
 * How long announcers rest for what they did not deliver.
 *
 * One whose answer was refused rests longer each time, so that a lying or broken peer costs bounded
 * work; the first time it is short, since what was refused once may be a matter of chance or of
 * this node's clock. One that was not reached is asked again soon, since the way to it may be free
 * by then. What an announcer delivered and nothing proves today (who signed it has left since, and
 * nobody has signed anything on top) is the same the next time, until the charter is another one;
 * and so is an answer with nothing in it, as long as nothing moves here.
 *
 * @module
 */
import { STREAMS_MAX } from '../../limits.ts';

/**
 * Why a fetch brought nothing. `unproven`: it brought what was announced, and nothing proves that
 * today; `unreached`: the announcer was not; `empty`: the answer was whole, with nothing new in it.
 */
export type Miss = 'failed' | 'unproven' | 'unreached' | 'empty';

/** The longest rest of a peer whose answer was refused, milliseconds. */
export const RETRY_PAUSE_MS: number = 10_000;
/** The longest of the steps in which what nothing proves is asked for again, milliseconds. */
export const UNPROVEN_PAUSE_MAX_MS: number = 600_000;

/** The first rest, doubled each time, and the longest one, milliseconds. */
const RESTS: Readonly<Record<Miss, { readonly firstMs: number; readonly maxMs: number }>> = {
  failed: { firstMs: 1000, maxMs: RETRY_PAUSE_MS },
  unproven: { firstMs: 10_000, maxMs: UNPROVEN_PAUSE_MAX_MS },
  // Says nothing about the peer.
  unreached: { firstMs: 1000, maxMs: 1000 },
  empty: { firstMs: 1000, maxMs: UNPROVEN_PAUSE_MAX_MS },
};

interface Pause {
  readonly untilMs: number;
  readonly lengthMs: number;
  /** How often there was one, by its cause. */
  readonly times: Readonly<Record<Miss, number>>;
}

const NEVER: Pause['times'] = { failed: 0, unproven: 0, unreached: 0, empty: 0 };

/** Rests, each of one announcer for one row, which its key names. */
export class Pauses {
  readonly #pauses: Map<string, Pause> = new Map();

  /** A fetch brought nothing: a rest begins. */
  note(key: string, miss: Miss, nowMs: number): void {
    this.#sweep(nowMs);
    const before = this.#pauses.get(key)?.times ?? NEVER;
    const { firstMs, maxMs } = RESTS[miss];
    const lengthMs = Math.min(maxMs, firstMs * 2 ** before[miss]);
    const times = { ...before, [miss]: before[miss] + 1 };
    this.#pauses.set(key, { untilMs: nowMs + lengthMs, lengthMs, times });
  }

  /** A pause that ends later than it can is one of before the clock was set back. */
  has(key: string, nowMs: number): boolean {
    const pause = this.#pauses.get(key);
    if (pause === undefined) return false;
    const leftMs = pause.untilMs - nowMs;
    return leftMs > 0 && leftMs <= pause.lengthMs;
  }

  /** Another charter holds: what nothing proved may be proven by it. */
  chartered(): void {
    for (const [key, { times }] of this.#pauses) if (times.unproven > 0) this.#pauses.delete(key);
  }

  /** What spoke against these streams is over; they are the second word of the keys. */
  cleared(streams: ReadonlySet<string>): void {
    for (const key of this.#pauses.keys()) {
      if (streams.has(key.split(' ', 2)[1] ?? '')) this.#pauses.delete(key);
    }
  }

  /** Keeps the pauses bounded: drops what has passed. */
  #sweep(nowMs: number): void {
    if (this.#pauses.size < STREAMS_MAX) return;
    for (const [key, { untilMs }] of this.#pauses) if (untilMs <= nowMs) this.#pauses.delete(key);
    if (this.#pauses.size >= STREAMS_MAX) this.#pauses.clear();
  }
}
