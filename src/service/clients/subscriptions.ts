/**
 * Fan-out: every client that watches, what it has, and the newest that it must get.
 *
 * A change queues the subscribers of its bundle; each takes what is newest in its turn, when its
 * transport has room. So a slow client costs one place in a queue, not one message per change, and
 * never delays another one. What clients acknowledge is counted per bundle.
 *
 * @module
 */
import type { SubscriberStatus } from '../../core/admin/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import type { PersistBatch } from '../../core/gossip/events.ts';
import type { Attestation } from '../../core/gossip/frames.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  type RealmName,
  releaseStream,
  type Sha256,
  type StreamName,
  splitStream,
} from '../../core/ids.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Store } from '../../ports/store.ts';
import type { CallerIdentity } from '../identity.ts';
import type { AttestedSource } from './attested-source.ts';
import { CallerQuota } from './caller-quota.ts';
import { CharterSource } from './charter-source.ts';
import { type Deliveries, isWaved } from './deliveries.ts';
import { FanOut, type Receiver } from './fan-out.ts';
import { shuttingDown } from './farewell.ts';
import { Subscriber, type SubscriberParts, type SubscriberSink } from './subscriber.ts';
import { Topics } from './topics.ts';
import { UpdateSource } from './updates.ts';
import { WaitingSource } from './waiting-source.ts';
import type { WatchedBundle } from './watched-bundle.ts';

/** What subscriptions work with. */
export interface SubscriptionsOptions {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  readonly state: TrustedState;
  readonly store: Store;
  readonly attested: AttestedSource;
  readonly deliveries: Pick<Deliveries, 'of'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Throws while this node holds back; absent: it never does. */
  readonly requireServing?: () => void;
  /** Clients at once; one more is told to go elsewhere. */
  readonly maxSubscribers: number;
  /** Those of one identity. */
  readonly maxSubscribersPerClient: number;
}

const NONE: ReadonlySet<BundleName> = new Set();
/** A client that finds the node full comes again when others may have left. */
const FULL_RETRY_AFTER_MS = 5_000;

/** All clients of one node. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #subscribers: Set<Subscriber> = new Set();
  readonly #quota: CallerQuota;
  readonly #updates: UpdateSource;
  readonly #waiting: WaitingSource;
  readonly #fanOut: FanOut = new FanOut();
  readonly #topics: Topics<WatchedBundle> = new Topics();
  readonly #asking: Set<Subscriber> = new Set();
  readonly #parts: SubscriberParts;
  /** What moved and is not looked for yet. */
  #untold: 'all' | ReadonlySet<BundleName> | undefined;
  #state: TrustedState;
  #isClosed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#quota = new CallerQuota({
      max: options.maxSubscribersPerClient,
      what: 'watch streams',
      setBy: 'limits.maxSubscribersPerClient',
    });
    this.#updates = new UpdateSource(options.store);
    this.#waiting = new WaitingSource(options.store);
    const { realm, firstCharterDigest, attested, deliveries, logger, metrics } = options;
    this.#parts = {
      realm,
      firstCharterDigest,
      logger,
      metrics,
      state: () => this.#state,
      updates: this.#updates,
      waiting: this.#waiting,
      charters: new CharterSource(),
      deliveries,
      attested,
      fanOut: this.#fanOut,
      topics: this.#topics,
      asking: this.#asking,
    };
  }

  /** Clients connected now. */
  get size(): number {
    return this.#subscribers.size;
  }

  /**
   * Takes a new client. Errors: `UNAVAILABLE` when there are too many, the node holds back or shuts
   * down; `LIMIT` when there are too many of this identity.
   */
  open(sink: SubscriberSink, identity: CallerIdentity): Subscriber {
    const { maxSubscribers } = this.#options;
    if (this.#isClosed) throw shuttingDown(this.#subscribers.size);
    this.#options.requireServing?.();
    if (this.#subscribers.size >= maxSubscribers) {
      throw new KedgeError(
        'UNAVAILABLE',
        `this node has its maximum of ${String(maxSubscribers)} clients: try another one`,
        { detail: { retryAfterMs: FULL_RETRY_AFTER_MS } },
      );
    }
    const leave = this.#quota.enter(identity.id);
    const subscriber = new Subscriber(this.#parts, {
      sink,
      identity,
      onClosed: () => {
        this.#subscribers.delete(subscriber);
        leave();
        this.#count();
      },
    });
    this.#subscribers.add(subscriber);
    this.#count();
    return subscriber;
  }

  /** A batch is on its way to the disk. What it will be sent is made meanwhile, if it can be. */
  foresee(batch: PersistBatch): void {
    if (this.#subscribers.size === 0) return;
    // What fails here is found again when the update is asked for.
    this.#updates.foresee(batch, this.#state).catch(() => undefined);
  }

  /** The durable state moved; no streams when holding back ends: all of it may be new then. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    this.#state = state;
    const bundles = new Set<BundleName>();
    for (const stream of streams) {
      const parsed = splitStream(stream);
      if (parsed.kind === 'charter') continue;
      bundles.add(parsed.bundle);
      if (!isWaved(state.streams.get(releaseStream(parsed.bundle)))) {
        this.#waiting.forget(parsed.bundle);
      }
    }
    const isAll = streams.length === 0 || streams.includes(CHARTER_STREAM);
    this.#tell(isAll ? 'all' : bundles);
  }

  /** Programs of a bundle are due something else, by time or by what others said. */
  due(bundle: BundleName): void {
    this.#tell(new Set([bundle]));
  }

  /** Something that a region attests is known. */
  attested(said: Attestation): void {
    this.#fanOut.addFound(this.#attestedTo(bundlesOf(said)));
  }

  /** What moves before those concerned are looked for is looked for at once. */
  #tell(moved: 'all' | ReadonlySet<BundleName>): void {
    const untold = this.#untold;
    const isAll = moved === 'all' || untold === 'all';
    this.#untold = isAll ? 'all' : new Set([...moved, ...(untold ?? NONE)]);
    if (untold === undefined) this.#fanOut.addFound(this.#told());
  }

  /** Those that may be sent something since bundles moved; told when they are asked for. */
  *#told(): Generator<Receiver, void> {
    const moved = this.#untold ?? NONE;
    this.#untold = undefined;
    if (moved === 'all') {
      for (const each of this.#subscribers) if (each.changed('all')) yield each;
      return;
    }
    for (const bundle of moved) {
      for (const watched of this.#topics.of(bundle)) {
        if (watched.watcher.changed(watched)) yield watched.watcher;
      }
    }
  }

  *#attestedTo(bundles: ReadonlySet<BundleName> | undefined): Generator<Receiver, void> {
    for (const each of this.#asking) {
      const isConcerned = bundles === undefined || each.watchesAny(bundles);
      if (isConcerned && each.changed('nothing')) yield each;
    }
  }

  /** How far the clients are, per bundle that somebody watches or that exists. */
  status(): readonly SubscriberStatus[] {
    return [...this.#topics.bundles()].map((bundle) => {
      const { sequence, digest } = this.#head(bundle);
      const counts = { delivered: 0, loaded: 0, refused: 0 };
      for (const watched of this.#topics.of(bundle)) {
        const stage = digest === undefined ? undefined : watched.stageOf(digest);
        if (stage !== undefined) counts[stage] += 1;
      }
      // Who loaded it also has it.
      return { bundle, sequence, ...counts, delivered: counts.delivered + counts.loaded };
    });
  }

  /** Tells every client to go elsewhere; no new ones are taken. */
  close(): void {
    this.#isClosed = true;
    const { size } = this.#subscribers;
    for (const subscriber of [...this.#subscribers]) subscriber.end(shuttingDown(size));
  }

  #head(bundle: BundleName): Head {
    const stream = this.#state.streams.get(releaseStream(bundle));
    if (stream?.kind === 'open') return stream.head;
    return { sequence: stream?.heldSequence ?? 0, digest: undefined };
  }

  #count(): void {
    this.#options.metrics.set('kedge_subscribers', this.#subscribers.size);
  }
}

/** The bundles that an attestation is about; absent: all, since the charter is about all. */
function bundlesOf(said: Attestation): ReadonlySet<BundleName> | undefined {
  if (said.kind !== 'cosigned') return undefined;
  const parsed = splitStream(said.head.checkpoint.stream);
  if (parsed.kind === 'charter') return undefined;
  return new Set(parsed.kind === 'release' ? [parsed.bundle] : []);
}

interface Head {
  readonly sequence: number;
  readonly digest: Sha256 | undefined;
}
