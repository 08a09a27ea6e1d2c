/**
 * Whether the peer of a connection is there, counted in seconds: one that says nothing is asked,
 * and one that does not answer or reads nothing is given up.
 *
 * @module
 */

/** Seconds of silence until the peer is asked, and until it is given up. */
const ASK_AFTER_S = 20;
const GONE_AFTER_S = 30;
/** Seconds that the peer may read nothing; its streams are ended before. */
const FULL_MAX_S = 70;

/** What is known of one peer. */
export class Liveness {
  #quietS = 0;
  #fullS = 0;

  /** The peer said something. */
  heard(): void {
    this.#quietS = 0;
  }

  /** The peer has read. */
  read(): void {
    this.#fullS = 0;
  }

  /** A second has passed, in which the socket had room or not: what to do. */
  tick(socket: 'full' | 'free'): 'ask' | 'give up' | undefined {
    this.#quietS += 1;
    if (socket === 'full') this.#fullS += 1;
    if (this.#quietS >= GONE_AFTER_S || this.#fullS >= FULL_MAX_S) return 'give up';
    return this.#quietS === ASK_AFTER_S ? 'ask' : undefined;
  }
}
