/**
 * One client that watches: what it has, what it was sent, what it acknowledged.
 *
 * Sending is a loop that runs in the client's turn (`fan-out.ts`), while the transport has room and
 * something newer exists. What it sends is decided at the moment of sending, so only the newest
 * ever waits. Nothing in it waits by itself: what must be read first, it returns.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  type RealmName,
  releaseStream,
  type Sha256,
} from '../../core/ids.ts';
import type { Evidence, TrustedState } from '../../core/trusted/state.ts';
import type { WatchRequest, WatchResponse, WatchStart } from '../../core/watch/messages.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { CallerIdentity } from '../identity.ts';
import { AttestedFeed, type WatchedPlace } from './attested-feed.ts';
import type { AttestedSource } from './attested-source.ts';
import { type CharterSource, type ClientCharters, sentCharters } from './charter-source.ts';
import { type Deliveries, isWaved } from './deliveries.ts';
import type { FanOut } from './fan-out.ts';
import { Prepared } from './prepared.ts';
import type { Topics } from './topics.ts';
import type { UpdateSource } from './updates.ts';
import type { WaitingSource } from './waiting-source.ts';
import {
  forkOf,
  type Next,
  type Stage,
  type UpdateContext,
  WatchedBundle,
  type Watcher,
} from './watched-bundle.ts';

/** Where messages for one client go. */
export interface SubscriberSink {
  /**
   * Takes the messages, which belong together; the same list comes for all who get the same. After
   * `full` the caller waits for `Subscriber.drained`.
   */
  push(responses: readonly WatchResponse[]): 'sent' | 'full';
  /** Ends the stream, with a reason or well. */
  close(error?: KedgeError): void;
}

/** What all subscribers of a node work with. */
export interface SubscriberParts {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly state: () => TrustedState;
  readonly updates: UpdateSource;
  readonly waiting: WaitingSource;
  readonly charters: CharterSource;
  readonly deliveries: Pick<Deliveries, 'of'>;
  readonly attested: AttestedSource;
  readonly fanOut: FanOut;
  readonly topics: Topics<WatchedBundle>;
  /** Those that asked for what regions attest; they enter and leave by themselves. */
  readonly asking: Set<Subscriber>;
}

/** What is one subscriber's own. */
export interface SubscriberOptions {
  readonly sink: SubscriberSink;
  readonly identity: CallerIdentity;
  readonly onClosed: () => void;
}

/** Of what a client may be due something. `nothing`: something moved that is of no bundle. */
export type Moved = 'all' | 'nothing' | WatchedBundle;

/** One client of this node. */
export class Subscriber implements Watcher {
  readonly #parts: SubscriberParts;
  readonly #sink: SubscriberSink;
  /** What the client has of the charters; absent before it said so. */
  #charters: ClientCharters | undefined;
  #who: UpdateContext['who'] | undefined;
  /** Absent for a client that did not ask for it. */
  #feed: AttestedFeed | undefined;
  #wantsWaiting = false;
  #isFull = false;
  /** What has to be looked at in its turn: of the rest it was sent all that there is. */
  #moved: Moved = 'all';
  #toldCharterFork: Evidence | undefined;
  #isClosed = false;
  readonly #watched: Map<BundleName, WatchedBundle> = new Map();
  readonly #identity: CallerIdentity;
  readonly #onClosed: () => void;

  constructor(parts: SubscriberParts, { sink, identity, onClosed }: SubscriberOptions) {
    this.#parts = parts;
    this.#sink = sink;
    this.#identity = identity;
    this.#onClosed = onClosed;
  }

  watchesAny(bundles: ReadonlySet<BundleName>): boolean {
    for (const bundle of bundles) if (this.#watched.has(bundle)) return true;
    return false;
  }

  /** Takes a message of the client. A wrong one ends the stream with a typed error. */
  receive(request: Exclude<WatchRequest, { readonly kind: 'fork' | 'usage' }>): void {
    if (this.#isClosed) return;
    switch (request.kind) {
      case 'start':
        return this.#start(request.start);
      case 'acknowledgement':
        return this.#note(request.at.bundle, request.at.digest, request.stage);
      case 'refusal': {
        const { at, code, reason } = request;
        const { logger, metrics } = this.#parts;
        const { bundle, sequence, digest } = at;
        metrics.increment('kedge_releases_refused_total', { code });
        logger.warn(
          {
            event: 'subscriber.refused',
            client: this.#identity.id,
            bundle,
            sequence,
            code,
            reason,
          },
          'a client refused a release',
        );
        return this.#note(bundle, digest, 'refused');
      }
    }
  }

  /** What it may be sent of this is another thing now. Says whether it can be sent anything. */
  changed(moved: Moved): boolean {
    this.#moved = bothOf(this.#moved, moved);
    return this.#charters !== undefined && !this.#isFull && !this.#isClosed;
  }

  /** The transport has room again. */
  drained(): void {
    this.#isFull = false;
    this.#queue();
  }

  pump(): Prepared<unknown> | undefined {
    while (!this.#isClosed && !this.#isFull) {
      const next = this.#next();
      if (next === undefined || next instanceof Prepared) return next;
      this.#isFull = this.#sink.push(next) === 'full';
    }
    return undefined;
  }

  failed(thrown: unknown): void {
    this.end(KedgeError.from(thrown));
  }

  /** The transport is gone. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#leave();
    const client = this.#identity.id;
    this.#parts.logger.debug({ event: 'subscriber.closed', client }, 'client left');
  }

  /** Ends the stream from our side. */
  end(error: KedgeError): void {
    if (this.#isClosed) return;
    this.closed();
    this.#sink.close(error);
  }

  #start(start: WatchStart): void {
    const { realm, firstCharterDigest, logger, attested, topics, asking } = this.#parts;
    if (this.#charters !== undefined) {
      return this.end(new KedgeError('PARSE', 'a watch starts only once'));
    }
    if (start.realm !== realm || start.firstCharterDigest !== firstCharterDigest) {
      return this.end(
        new KedgeError(
          'REALM',
          `this node serves realm ${realm} with first charter ${firstCharterDigest}; the client ` +
            `wants ${start.realm} with ${start.firstCharterDigest}: check endpoint, realm and pin`,
        ),
      );
    }
    const { charterVersion: version, charterDigest: digest } = start;
    this.#charters = { kind: 'said', version, digest };
    const { id } = this.#identity;
    this.#who = { identity: id, labels: start.labels };
    this.#wantsWaiting = start.wantsWaiting === true;
    if (start.wantsAttestations) {
      const rollouts = this.#wantsWaiting ? 'also' : 'left-out';
      this.#feed = new AttestedFeed(attested, rollouts);
      asking.add(this);
    }
    for (const [bundle, held] of new Map(start.bundles.map((each) => [each.bundle, each.held]))) {
      const watched = topics.enter(bundle, (topic) => new WatchedBundle(topic, held, this));
      this.#watched.set(watched.bundle, watched);
    }
    const bundles = start.bundles.map(({ bundle }) => bundle);
    logger.debug({ event: 'subscriber.opened', client: id, bundles }, 'client watches');
    this.#queue();
  }

  #note(bundle: BundleName, digest: Sha256, stage: Stage): void {
    const watched = this.#watched.get(bundle);
    if (watched === undefined) {
      return this.end(new KedgeError('PARSE', `the client does not watch ${bundle}`));
    }
    watched.note(digest, stage);
    const client = this.#identity.id;
    this.#parts.logger.debug(
      { event: 'subscriber.acknowledged', client, bundle, stage },
      'client acknowledged',
    );
  }

  #leave(): void {
    const { topics, asking } = this.#parts;
    for (const [bundle, watched] of this.#watched) topics.leave(bundle, watched);
    asking.delete(this);
    this.#onClosed();
  }

  #queue(): void {
    if (this.#charters !== undefined && !this.#isClosed) this.#parts.fanOut.add(this);
  }

  /** What the client has to get next; nothing when it has the newest of all. */
  #next(): Next {
    const state = this.#parts.state();
    const { charters } = state;
    if (this.#charters !== undefined && !isSent(this.#charters, charters)) {
      const messages = this.#parts.charters.missing(charters, this.#charters);
      // Of less than it has it is told nothing new: what it has may be more of the same.
      const isLess = this.#charters.kind === 'said' && messages.length === 0;
      if (!isLess) this.#charters = sentCharters(charters);
      if (messages.length > 0) return messages;
    }
    const charterStream = state.streams.get(CHARTER_STREAM);
    const evidence = charterStream?.kind === 'forked' ? charterStream.evidence : undefined;
    if (evidence !== undefined && evidence !== this.#toldCharterFork) {
      this.#toldCharterFork = evidence;
      return forkOf(evidence);
    }
    const ofCharter = this.#feed?.charter();
    if (ofCharter !== undefined) return ofCharter;
    const who = this.#who;
    if (who === undefined) return undefined;
    const { updates, waiting, deliveries } = this.#parts;
    const told = this.#wantsWaiting ? 'explained' : 'told';
    const rollouts = this.#feed === undefined ? 'untold' : told;
    const context: UpdateContext = { updates, waiting, deliveries, state, who, rollouts };
    const messages = this.#nextOfMoved(context);
    if (messages !== undefined) return messages;
    this.#moved = 'nothing';
    return this.#feed?.next([...this.#watched.keys()], this.#upToDate(state));
  }

  #nextOfMoved(context: UpdateContext): Next {
    const moved = this.#moved;
    if (moved === 'nothing') return undefined;
    if (moved !== 'all') return moved.next(context);
    for (const watched of this.#watched.values()) {
      const messages = watched.next(context);
      if (messages !== undefined) return messages;
    }
    return undefined;
  }

  /** The bundles of which the client was sent the head, or what it is due before that. */
  #upToDate({ streams }: TrustedState): readonly WatchedPlace[] {
    return [...this.#watched].flatMap(([bundle, { held }]): readonly WatchedPlace[] => {
      const stream = streams.get(releaseStream(bundle));
      if (stream?.kind !== 'open' || held === undefined) return [];
      if (stream.head.digest === held.digest) return [{ bundle }];
      const isBefore = isWaved(stream) && held.sequence < stream.head.sequence;
      return isBefore ? [{ bundle, at: held.sequence }] : [];
    });
  }
}

/** Two bundles rarely move at once; then looking at all of them does no harm. */
function bothOf(one: Moved, other: Moved): Moved {
  if (one === 'nothing' || one === other) return other;
  return other === 'nothing' ? one : 'all';
}

function isSent(client: ClientCharters, charters: TrustedState['charters']): boolean {
  return client.kind === 'sent' && client.charters === charters;
}
