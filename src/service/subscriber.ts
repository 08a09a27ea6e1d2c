/**
 * One client that watches: what it has, what it was sent, what it acknowledged.
 *
 * Sending is a loop that runs while the transport has room and something newer exists. What it
 * sends is decided at the moment of sending, so only the newest ever waits.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  parseSequence,
  type RealmName,
  releaseStream,
  type Sha256,
} from '../core/ids.ts';
import type { StreamState, TrustedState } from '../core/trusted/state.ts';
import type { WatchRequest, WatchResponse, WatchStart } from '../core/watch/messages.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import { AttestedFeed } from './attested-feed.ts';
import type { AttestedSource } from './attested-source.ts';
import type { CallerIdentity } from './identity.ts';
import type { CharterSource, Held, UpdateSource } from './updates.ts';

/** Where messages for one client go. */
export interface SubscriberSink {
  /** Takes the message; after `full` the caller waits for `Subscriber.drained`. */
  push(response: WatchResponse): 'sent' | 'full';
  /** Ends the stream, with a reason or well. */
  close(error?: KedgeError): void;
}

/** What a subscriber works with. */
export interface SubscriberOptions {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  readonly sink: SubscriberSink;
  readonly identity: CallerIdentity;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly state: () => TrustedState;
  readonly updates: UpdateSource;
  readonly charters: CharterSource;
  readonly attested: AttestedSource;
  readonly onClosed: () => void;
}

/** How far a client came with a release. */
export type Stage = 'delivered' | 'loaded' | 'refused';

/** One watched bundle. */
interface Watched {
  /** What the client has once it has read all that was sent. */
  held: Held | undefined;
  /** The evidence or head that it was last told of, so that nothing is told twice. */
  toldDigest: string | undefined;
  stage: { readonly digest: Sha256; readonly stage: Stage } | undefined;
}

/** One client of this node. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #watched: Map<BundleName, Watched> = new Map();
  #charterVersion: number | undefined;
  /** Absent for a client that did not ask for it. */
  #feed: AttestedFeed | undefined;
  #waiting: WatchResponse[] = [];
  #isFull = false;
  #isPumping = false;
  #isStale = false;
  #toldCharterFork = false;
  #isClosed = false;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  /** The watched bundles. */
  bundles(): Iterable<BundleName> {
    return this.#watched.keys();
  }

  /** True when it asked for what regions attest. */
  get wantsAttestations(): boolean {
    return this.#feed !== undefined;
  }

  watchesAny(bundles: ReadonlySet<BundleName>): boolean {
    for (const bundle of bundles) if (this.#watched.has(bundle)) return true;
    return false;
  }

  /** How far the client came with this release. */
  stageOf(bundle: BundleName, digest: Sha256): Stage | undefined {
    const stage = this.#watched.get(bundle)?.stage;
    return stage?.digest === digest ? stage.stage : undefined;
  }

  /** Takes a message of the client. A wrong one ends the stream with a typed error. */
  receive(request: Exclude<WatchRequest, { readonly kind: 'usage' }>): void {
    if (this.#isClosed) return;
    switch (request.kind) {
      case 'start':
        return this.#start(request.start);
      case 'acknowledgement':
        return this.#note(request.at.bundle, request.at.digest, request.stage);
      case 'refusal': {
        const { at, code, reason } = request;
        const { logger, metrics, identity } = this.#options;
        const { bundle, sequence, digest } = at;
        metrics.increment('kedge_releases_refused_total', { code });
        logger.warn(
          { event: 'subscriber.refused', client: identity.id, bundle, sequence, code, reason },
          'a client refused a release',
        );
        return this.#note(bundle, digest, 'refused');
      }
    }
  }

  /** The durable state moved. */
  changed(): void {
    if (!this.#isFull) this.#pump();
  }

  /** The transport has room again. */
  drained(): void {
    this.#isFull = false;
    this.#pump();
  }

  /** The transport is gone. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClosed();
    const client = this.#options.identity.id;
    this.#options.logger.debug({ event: 'subscriber.closed', client }, 'client left');
  }

  /** Ends the stream from our side. */
  end(error: KedgeError): void {
    if (this.#isClosed) return;
    this.closed();
    this.#options.sink.close(error);
  }

  #start(start: WatchStart): void {
    const { realm, firstCharterDigest, logger, identity } = this.#options;
    if (this.#charterVersion !== undefined) {
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
    this.#charterVersion = start.charterVersion;
    if (start.wantsAttestations) this.#feed = new AttestedFeed(this.#options.attested);
    for (const { bundle, held } of start.bundles) {
      this.#watched.set(bundle, { held, toldDigest: undefined, stage: undefined });
    }
    const bundles = start.bundles.map(({ bundle }) => bundle);
    logger.debug({ event: 'subscriber.opened', client: identity.id, bundles }, 'client watches');
    this.#pump();
  }

  #note(bundle: BundleName, digest: Sha256, stage: Stage): void {
    const watched = this.#watched.get(bundle);
    if (watched === undefined) {
      return this.end(new KedgeError('PARSE', `the client does not watch ${bundle}`));
    }
    watched.stage = { digest, stage };
    const client = this.#options.identity.id;
    this.#options.logger.debug(
      { event: 'subscriber.acknowledged', client, bundle, stage },
      'client acknowledged',
    );
  }

  /** Starts the sending loop; when it runs already it looks once more before it ends. */
  #pump(): void {
    if (this.#charterVersion === undefined) return;
    this.#isStale = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#sendAll().catch((thrown: unknown) => {
      this.end(KedgeError.from(thrown));
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      await this.#send();
    }
    this.#isPumping = false;
  }

  async #send(): Promise<void> {
    while (!this.#isClosed && !this.#isFull) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#isFull = this.#options.sink.push(next) === 'full';
        continue;
      }
      const messages = await this.#next();
      if (messages === undefined) return;
      this.#waiting = [...messages];
    }
  }

  /** What the client has to get next; nothing when it has the newest of all. */
  async #next(): Promise<readonly WatchResponse[] | undefined> {
    const state = this.#options.state();
    const version = state.charters.length;
    if (this.#charterVersion !== undefined && this.#charterVersion < version) {
      const messages = this.#options.charters.after(state.charters, this.#charterVersion);
      this.#charterVersion = version;
      return messages;
    }
    const charterStream = state.streams.get(CHARTER_STREAM);
    if (charterStream?.kind === 'forked' && !this.#toldCharterFork) {
      this.#toldCharterFork = true;
      return [{ kind: 'fork', evidence: charterStream.evidence }];
    }
    const ofCharter = await this.#feed?.charter();
    if (ofCharter !== undefined) return ofCharter;
    for (const [bundle, watched] of this.#watched) {
      const stream = state.streams.get(releaseStream(bundle));
      const messages = await this.#nextOf(bundle, watched, stream);
      if (messages !== undefined) return messages;
    }
    return await this.#feed?.next([...this.#watched.keys()], this.#upToDate(state));
  }

  /** The bundles of which the client was sent the head. */
  #upToDate({ streams }: TrustedState): readonly BundleName[] {
    const watched = [...this.#watched].filter(([bundle, { held }]) => {
      const stream = streams.get(releaseStream(bundle));
      return stream?.kind === 'open' && stream.head.digest === held?.digest;
    });
    return watched.map(([bundle]) => bundle);
  }

  async #nextOf(
    bundle: BundleName,
    watched: Watched,
    stream: StreamState | undefined,
  ): Promise<readonly WatchResponse[] | undefined> {
    if (stream?.kind === 'forked') return await this.#nextOfForked(bundle, watched, stream);
    const head = stream?.head;
    const { held } = watched;
    if (
      head === undefined ||
      head.digest === held?.digest ||
      head.sequence < (held?.sequence ?? 0)
    ) {
      // Said again while this node catches up with a client that is ahead of it.
      const toldDigest = head?.digest ?? 'none';
      if (watched.toldDigest === toldDigest) return undefined;
      watched.toldDigest = toldDigest;
      const told = head && { sequence: head.sequence, digest: head.digest };
      return [{ kind: 'current', at: { bundle, held: told } }];
    }
    const target = { sequence: head.sequence, digest: head.digest };
    const { charters } = this.#options.state();
    const messages = await this.#options.updates.update(held, target, bundle, charters);
    watched.held = target;
    watched.toldDigest = target.digest;
    return messages;
  }

  /** A forked stream: the evidence, and what both sides have in common as far as it is held. */
  async #nextOfForked(
    bundle: BundleName,
    watched: Watched,
    stream: Extract<StreamState, { kind: 'forked' }>,
  ): Promise<readonly WatchResponse[] | undefined> {
    const { evidence, heldSequence } = stream;
    const told = `fork at ${String(evidence.sequence)}, held ${String(heldSequence)}`;
    if (watched.toldDigest === told) return undefined;
    watched.toldDigest = told;
    const fork: WatchResponse = { kind: 'fork', evidence };
    if (heldSequence <= (watched.held?.sequence ?? 0)) return [fork];
    const common = await this.#options.updates.head(bundle, parseSequence(heldSequence));
    const { charters } = this.#options.state();
    const messages = await this.#options.updates.update(watched.held, common, bundle, charters);
    watched.held = common;
    return [...messages, fork];
  }
}
