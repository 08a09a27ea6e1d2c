/**
 * A watch of which the board takes note: all that a client says goes by here, on its way to its
 * subscription.
 *
 * The subscription decides about the stream; what it ends for a wrong start is never counted.
 *
 * @module
 */
import type { Client } from '../../core/adoption/client.ts';
import { KedgeError } from '../../core/errors.ts';
import type { RealmName, Sha256 } from '../../core/ids.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import type { WatchRequest } from '../../core/watch/messages.ts';
import type { Shower } from '../handing-in/shown-forks.ts';
import type { CallerIdentity } from '../identity.ts';
import type { Reporting } from './reporting.ts';
import type { Subscriber } from './subscriber.ts';

/** What a noted watch works with. */
export interface NotedWatchOptions {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  readonly identity: CallerIdentity;
  readonly reporting: Reporting;
  readonly subscriber: Subscriber;
  /** Takes a fork in that the client saw. Errors: what is the client's fault. */
  readonly showFork: (shower: Shower, evidence: Evidence) => Promise<void>;
}

/** One client's stream. */
export class NotedWatch {
  readonly #options: NotedWatchOptions;
  #client: Client | undefined;
  #charter: Shower['charter'];
  #isOver = false;

  constructor(options: NotedWatchOptions) {
    this.#options = options;
  }

  /** Takes a message of the client. */
  receive(request: WatchRequest): void {
    const { subscriber, reporting } = this.#options;
    if (this.#isOver) return;
    if (request.kind === 'fork') return void this.#showFork(request.evidence);
    if (request.kind === 'start') this.#start(request.start);
    else if (this.#client !== undefined) reporting.heard(this.#client, request);
    if (request.kind !== 'usage') subscriber.receive(request);
  }

  async #showFork(evidence: Evidence): Promise<void> {
    const { identity, subscriber, showFork } = this.#options;
    if (this.#client === undefined) return;
    const charter = this.#charter;
    try {
      await showFork({ id: identity.id, ...(charter && { charter }) }, evidence);
    } catch (thrown) {
      subscriber.end(KedgeError.from(thrown));
    }
  }

  /** The transport has room again. */
  drained(): void {
    this.#options.subscriber.drained();
  }

  /** The transport is gone; `well`: the client ended the stream in order. */
  closed(how: 'well' | 'broken'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#client !== undefined) this.#options.reporting.closed(this.#client, how);
    this.#options.subscriber.closed();
  }

  #start(start: Extract<WatchRequest, { kind: 'start' }>['start']): void {
    const { realm, firstCharterDigest, identity, reporting } = this.#options;
    const isRight = start.realm === realm && start.firstCharterDigest === firstCharterDigest;
    if (!isRight || this.#client !== undefined) return;
    this.#client = reporting.open(identity.id, start);
    const { charterVersion: version, charterDigest: digest } = start;
    if (digest !== undefined) this.#charter = { version, digest };
  }
}
