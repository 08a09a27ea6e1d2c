/**
 * Handshakes that have begun and not ended, by the network of their caller.
 *
 * A handshake whose caller stops in the middle costs this side a signature and the memory of a
 * connection until its time is over. Those that take longer than an honest one are therefore
 * bounded while they last: by as many as there are failures that are borne, and one more for each
 * caller from there that got in. So a fleet behind one address, however slow its machines are, does
 * not shut itself out; whoever only begins does.
 *
 * @module
 */
import type { Clock } from '../../ports/clock.ts';

/** An honest handshake is over by then, milliseconds. */
export const STALLED_AFTER_MS: number = 2_000;
/** Stalled ones of one network at one time, where nobody gets in. */
export const STALLED_MAX: number = 256;
/** What callers that got in may add. */
const CREDIT_MAX = 8_192;

interface Network {
  underWay: number;
  stalled: number;
  /** Callers that got in, less those that did not. */
  credit: number;
}

interface Handshake {
  readonly network: string;
  readonly beganAtMs: number;
}

/** The handshakes of one listener. */
export class HandshakesUnderWay {
  readonly #clock: Clock;
  readonly #networks: Map<string, Network> = new Map();
  /** Oldest first. */
  readonly #young: Map<object, Handshake> = new Map();
  readonly #stalled: Map<object, Handshake> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one more from there may begin. */
  admits(network: string): boolean {
    this.#age();
    const known = this.#networks.get(network);
    return known === undefined || known.stalled <= STALLED_MAX + known.credit;
  }

  /** A handshake has begun; `key` names it. */
  began(key: object, network: string): void {
    const known = this.#networks.get(network) ?? { underWay: 0, stalled: 0, credit: 0 };
    known.underWay += 1;
    this.#networks.set(network, known);
    this.#young.set(key, { network, beganAtMs: this.#clock.monotonicMs() });
  }

  /** It has ended; allowed once more. */
  ended(key: object, how: 'well' | 'badly'): void {
    const stalled = this.#stalled.get(key);
    const handshake = stalled ?? this.#young.get(key);
    if (handshake === undefined) return;
    this.#stalled.delete(key);
    this.#young.delete(key);
    const { network } = handshake;
    const known = this.#networks.get(network);
    if (known === undefined) return;
    known.underWay -= 1;
    if (stalled !== undefined) known.stalled -= 1;
    const credit = known.credit + (how === 'well' ? 1 : -1);
    known.credit = Math.min(CREDIT_MAX, Math.max(0, credit));
    if (known.underWay === 0) this.#networks.delete(network);
  }

  #age(): void {
    const sinceMs = this.#clock.monotonicMs() - STALLED_AFTER_MS;
    for (const [key, handshake] of this.#young) {
      if (handshake.beganAtMs > sinceMs) return;
      this.#young.delete(key);
      this.#stalled.set(key, handshake);
      const known = this.#networks.get(handshake.network);
      if (known !== undefined) known.stalled += 1;
    }
  }
}
