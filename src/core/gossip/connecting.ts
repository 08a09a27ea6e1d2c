/**
 * From a connection to a link: admit it, greet, and read the peer's greeting.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { Dialer } from './dialer.ts';
import type { GossipEvent } from './events.ts';
import type { Frame, Hello } from './frames.ts';
import { helloProblem } from './hello.ts';
import type { Link, LinkTable } from './links.ts';
import type { Outbox } from './outbox.ts';

/** Makes links. */
export class Connecting {
  readonly #self: Hello;
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #dialer: Dialer;

  constructor(parts: {
    readonly self: Hello;
    readonly outbox: Outbox;
    readonly links: LinkTable;
    readonly dialer: Dialer;
  }) {
    this.#self = parts.self;
    this.#outbox = parts.outbox;
    this.#links = parts.links;
    this.#dialer = parts.dialer;
  }

  /** A connection is there: keep it and greet, or close it. */
  linkUp({ linkId, nodeId, target }: Extract<GossipEvent, { kind: 'link-up' }>): void {
    if (target !== undefined) this.#dialer.answered(nodeId, target);
    const admission = this.#links.admit(linkId, nodeId, target);
    if (admission.kind === 'refuse') {
      return this.#outbox.emit({ kind: 'close', linkId, error: admission.error });
    }
    if (admission.replaces !== undefined) {
      const error = new KedgeError('CONFLICT', 'replaced by another link of the same nodes');
      this.#outbox.close(admission.replaces, error);
    }
    this.#outbox.send(admission.link, { kind: 'hello', hello: this.#self });
  }

  /** The first frame of a peer; says what speaks against it. */
  greeted(link: Link, frame: Frame): KedgeError | undefined {
    if (frame.kind !== 'hello' || link.isReady) {
      return new KedgeError('PARSE', 'hello must be first, and only once');
    }
    const problem = helloProblem(this.#self, frame.hello, link.nodeId);
    if (problem !== undefined) return problem;
    link.greeted(frame.hello);
    this.#dialer.reached(link.nodeId);
    this.#outbox.notice({ kind: 'link-ready', peer: link.peer });
    return undefined;
  }
}
