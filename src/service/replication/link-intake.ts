/**
 * When the links of a node are read: not while a frame waits for the store, and not while its peer
 * has said more than its share.
 *
 * Not to read is all the back-pressure there is: what a peer sends meanwhile stays in its own queue
 * and in the transport, so nothing grows here, and the frames of one link are taken in order.
 *
 * @module
 */
import type { Received } from '../../core/gossip/frames.ts';
import { type Excess, Traffic } from '../../core/gossip/links/traffic.ts';
import type { NodeId } from '../../core/ids.ts';
import { PEERS_MAX } from '../../core/limits.ts';
import type { LinkId } from '../../core/peer.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { LinkHandle } from './peer-transport.ts';

/** How often one peer's excess is logged. */
const REPORT_EVERY_MS = 60_000;

/** What it works with. */
export interface LinkIntakeOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A link to a node. */
export interface OpenLink {
  readonly handle: LinkHandle;
  readonly nodeId: NodeId;
}

interface Peer {
  readonly traffic: Traffic;
  reportedAtMs: number;
}

interface Hold {
  readonly link: OpenLink;
  /** Why it is not read, counted. */
  reasons: number;
  timer: ClockTimer | undefined;
}

/** The reading of one node. */
export class LinkIntake implements Disposable {
  readonly #options: LinkIntakeOptions;
  readonly #peers: Map<NodeId, Peer> = new Map();
  readonly #holds: Map<LinkId, Hold> = new Map();

  constructor(options: LinkIntakeOptions) {
    this.#options = options;
  }

  /** A frame came over a link: holds it for a while when its peer says too much. */
  took(link: OpenLink, frame: Received, bytes: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (frame === 'unknown') this.#options.metrics.increment('kedge_frames_unknown_total');
    const peer = this.#peerOf(link.nodeId);
    const excess = peer.traffic.took(frame, bytes, nowMs);
    if (excess === undefined) return;
    const hold = this.#hold(link);
    if (hold.timer === undefined) {
      this.#report(link, peer, excess, nowMs);
      hold.timer = this.#options.clock.setTimer(excess.waitMs, () => {
        hold.timer = undefined;
        this.#release(hold);
      });
    } else this.#release(hold);
  }

  /** Holds a link until the work for one of its frames is done. */
  async during(link: OpenLink, work: Promise<void>): Promise<void> {
    const hold = this.#hold(link);
    try {
      await work;
    } finally {
      this.#release(hold);
    }
  }

  /** A link is gone. */
  forget(linkId: LinkId): void {
    this.#holds.get(linkId)?.timer?.[Symbol.dispose]();
    this.#holds.delete(linkId);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#holds.values()) timer?.[Symbol.dispose]();
    this.#holds.clear();
  }

  #hold(link: OpenLink): Hold {
    const { linkId } = link.handle;
    const known = this.#holds.get(linkId);
    const hold = known ?? { link, reasons: 0, timer: undefined };
    if (known === undefined) this.#holds.set(linkId, hold);
    hold.reasons += 1;
    if (hold.reasons === 1) link.handle.reading('off');
    return hold;
  }

  #release(hold: Hold): void {
    hold.reasons -= 1;
    const { linkId } = hold.link.handle;
    if (hold.reasons > 0 || this.#holds.get(linkId) !== hold) return;
    this.#holds.delete(linkId);
    hold.link.handle.reading('on');
  }

  #peerOf(nodeId: NodeId): Peer {
    const known = this.#peers.get(nodeId);
    if (known !== undefined) return known;
    // Who is forgotten has its whole share again, which is bounded too.
    if (this.#peers.size >= PEERS_MAX) this.#peers.clear();
    const peer: Peer = { traffic: new Traffic(), reportedAtMs: -Infinity };
    this.#peers.set(nodeId, peer);
    return peer;
  }

  #report({ nodeId }: OpenLink, peer: Peer, { what, waitMs }: Excess, nowMs: number): void {
    const { logger, metrics } = this.#options;
    metrics.increment('kedge_links_held_total', { what });
    if (nowMs - peer.reportedAtMs < REPORT_EVERY_MS) return;
    peer.reportedAtMs = nowMs;
    logger.warn({ event: 'link.held', nodeId, what, waitMs }, 'a peer says more than its share');
  }
}
