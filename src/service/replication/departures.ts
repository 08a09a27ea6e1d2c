/**
 * How the frames of a node leave: pushes in portions, those that have the longest way first.
 *
 * What is written in one turn of the event loop leaves together at its end, so the first peer would
 * wait for the frames of all others to be made. The machine names the farthest first; the nearer
 * ones lose nothing by leaving a turn later. Frames of one link stay in order.
 *
 * @module
 */
import type { Frame } from '../../core/gossip/frames.ts';
import type { LinkId } from '../../core/peer.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { OpenLink } from './link-intake.ts';

/** Pushes that leave in one turn. */
const PORTION = 6;

interface Waiting {
  readonly linkId: LinkId;
  readonly frame: Frame;
}

/** The frames of one node on their way out. */
export class Departures {
  readonly #links: ReadonlyMap<LinkId, OpenLink>;
  readonly #metrics: Metrics;
  #waiting: Waiting[] = [];
  /** Links of which a frame waits. */
  #behind: Set<LinkId> = new Set();
  #left = PORTION;

  /** `links` are those that are open; frames of others are gone with them. */
  constructor(links: ReadonlyMap<LinkId, OpenLink>, metrics: Metrics) {
    this.#links = links;
    this.#metrics = metrics;
  }

  /** Sends a frame, now or some turns later. */
  add(linkId: LinkId, frame: Frame): void {
    const isPush = frame.kind === 'push';
    if (this.#behind.has(linkId) || (isPush && this.#left === 0)) {
      this.#waiting.push({ linkId, frame });
      this.#behind.add(linkId);
      return;
    }
    if (isPush) this.#count();
    if (this.#links.get(linkId)?.handle.send(frame) !== 'dropped') return;
    this.#metrics.increment('kedge_frames_dropped_total', { kind: frame.kind });
  }

  #count(): void {
    if (this.#left === PORTION) setImmediate(() => this.#turn());
    this.#left -= 1;
  }

  #turn(): void {
    const waiting = this.#waiting;
    this.#left = PORTION;
    this.#waiting = [];
    this.#behind = new Set();
    for (const { linkId, frame } of waiting) this.add(linkId, frame);
  }
}
