/**
 * One link between two nodes, whoever dialled: frames out through a bounded queue, frames in
 * decoded, and exactly one notice that it is down.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { Frame, Received } from '../../core/gossip/frames.ts';
import { urgencyOf } from '../../core/gossip/links/urgency.ts';
import type { NodeId } from '../../core/ids.ts';
import type { DialTarget, LinkId } from '../../core/peer.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LinkHandle } from '../../service/replication/peer-transport.ts';
import { decodeFrame, encodeFrame } from '../../wire/gossip.ts';
import { OutgoingQueue } from '../calls/outgoing-queue.ts';

/** Who is told about links: the replicator. */
export interface LinkEvents {
  linkUp(link: LinkHandle, nodeId: NodeId, target?: DialTarget): void;
  linkFrame(linkId: LinkId, frame: Received, bytes: number): void;
  /** The peer sent something that is no frame; the link ends for it. */
  linkRefused(linkId: LinkId, error: KedgeError): void;
  linkDown(linkId: LinkId, error: KedgeError | undefined): void;
  linkFailed(target: DialTarget, error: KedgeError): void;
}

/** What a session works with. */
export interface LinkSessionOptions {
  readonly linkId: LinkId;
  readonly clock: Clock;
  readonly events: LinkEvents;
  readonly write: (bytes: Buffer) => boolean;
  /** Stops to read from the stream, or goes on. */
  readonly reading: (state: 'on' | 'off') => void;
  /** Ends the stream under the link. */
  readonly end: (error: KedgeError) => void;
}

/** A link over some stream. */
export class LinkSession implements LinkHandle {
  readonly linkId: LinkId;
  readonly #options: LinkSessionOptions;
  readonly #queue: OutgoingQueue;
  #isOver = false;

  constructor(options: LinkSessionOptions) {
    this.linkId = options.linkId;
    this.#options = options;
    const { clock, write } = options;
    this.#queue = new OutgoingQueue({
      clock,
      write,
      onStuck: () => {
        this.close(new KedgeError('UNAVAILABLE', 'the peer took nothing for 10 s'));
      },
    });
  }

  send(frame: Frame): 'sent' | 'dropped' {
    return this.#queue.push(encodeFrame(frame), urgencyOf(frame));
  }

  reading(state: 'on' | 'off'): void {
    if (!this.#isOver) this.#options.reading(state);
  }

  close(error: KedgeError): void {
    if (this.#isOver) return;
    this.#options.end(error);
    this.over(error);
  }

  /** Takes bytes from the peer; what does not decode ends the link. */
  received(bytes: Buffer): void {
    if (this.#isOver) return;
    let frame: Received;
    try {
      frame = decodeFrame(bytes);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#options.events.linkRefused(this.linkId, error);
      return this.close(error);
    }
    this.#options.events.linkFrame(this.linkId, frame, bytes.length);
  }

  /** The stream has room again. */
  drained(): void {
    this.#queue.drained();
  }

  /** The stream is gone; tells the replicator, once. */
  over(error: KedgeError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue.close();
    this.#options.events.linkDown(this.linkId, error);
  }
}
