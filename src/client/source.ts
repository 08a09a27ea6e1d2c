/**
 * The source: what a program opens once and asks for bundles as long as it runs.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { BundleName, RealmName } from '../core/ids.ts';
import type { ClockReading } from '../core/log/clock.ts';
import { RegionView } from '../core/log/region-view.ts';
import { currentCharter } from '../core/trusted/state.ts';
import { Activation } from './activation.ts';
import { AttestedRealm } from './attested-realm.ts';
import type { Bundle } from './bundle.ts';
import { type BundleSet, makeBundleSet } from './bundle-set.ts';
import { bundleStatus } from './bundle-status.ts';
import { Cache } from './cache.ts';
import { type BundleChange, ChangeIterator } from './changes.ts';
import type { FreshnessWatch } from './freshness.ts';
import { type BundleSourceOptions, resolveOptions, type SourceConfig } from './options.ts';
import { watchFreshness } from './region-freshness.ts';
import type { BundleStatus, SourceStatus } from './status.ts';
import { VerifiedRealm } from './verified-realm.ts';
import { Waiters } from './waiters.ts';
import { WatchLoop } from './watch-loop.ts';

/** The longest interval of Node; what it runs does nothing. */
const HOLD_MS = 2 ** 31 - 1;
/** When the charter is not known yet. */
const FRESHNESS_DEFAULT_MS = 10 * 60_000;

/** How long to wait. */
export interface ReadyOptions {
  /** `fresh`: wait also until every bundle is known to be the newest. Default: `in-use`. */
  readonly until?: 'in-use' | 'fresh';
  /** Default: for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The bundles of one realm, kept up to date. Get one from {@link openBundleSource}. */
export interface BundleSource extends AsyncDisposable {
  readonly realm: RealmName;
  /** The bundle in use; absent while none was ever received. */
  bundle(name: string): Bundle | undefined;
  /** All bundles in use at this instant. */
  bundles(): BundleSet;
  /**
   * Waits until every bundle is in use, from a node or from the last-known-good copy.
   * Errors: `UNAVAILABLE` (time is over, aborted, source closed), with the reason as cause;
   * `QUORUM` when it is the cosignatures of regions that lack; `STALE` when all are in use and not
   * all are fresh.
   */
  ready(options?: ReadyOptions): Promise<BundleSet>;
  /** Every bundle in use, then each that comes into use; the newest per bundle. */
  changes(): AsyncIterableIterator<BundleChange, undefined>;
  /** Calls `onSwap` synchronously after each bundle came into use. For live trust. */
  onSwap(onSwap: (bundle: Bundle) => void): Disposable;
  status(): SourceStatus;
  /**
   * Ends the connection. Bundles stay usable; live trust keeps the last set. An open source keeps
   * the process alive, a closed one does not.
   */
  close(): Promise<void>;
}

/**
 * Opens a source: brings the last-known-good copy into use when there is one, then connects in the
 * background. Resolves before a node has answered: see `ready`. Errors: `CONFIG`.
 */
export async function openBundleSource(options: BundleSourceOptions): Promise<BundleSource> {
  const config = resolveOptions(options);
  const source = new Source(config);
  await source.open();
  return source;
}

class Source implements BundleSource {
  readonly #config: SourceConfig;
  readonly #realm: VerifiedRealm;
  readonly #activation: Activation;
  readonly #freshness: FreshnessWatch;
  /** Absent: no region is asked. */
  readonly #regions: RegionView | undefined;
  readonly #closing = new AbortController();
  readonly #iterators: Set<ChangeIterator> = new Set();
  readonly #waiters: Waiters;
  #loop: WatchLoop | undefined;
  #hold: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(config: SourceConfig) {
    const { clock, logger, metrics, cacheDir } = config;
    this.#config = config;
    this.#waiters = new Waiters(clock, this.#closing.signal);
    this.#realm = new VerifiedRealm(config);
    this.#regions = regionsOf(config);
    const common = { realm: this.#realm, regions: this.#regions };
    this.#activation = new Activation({
      ...common,
      attested: new AttestedRealm({
        ...common,
        bundles: config.bundles,
        knownCharter: config.knownCharterDigest,
      }),
      onAttested: () => this.#freshness.judge(),
      cache: cacheDir === undefined ? undefined : new Cache(cacheDir, config),
      nowMs: () => clock.nowMs(),
      logger,
      metrics,
    });
    this.#freshness = watchFreshness(this.#regions, {
      clock,
      windowMs: () => this.#staleAfterMs(),
      onChange: (bundle, state) => this.#noteFreshness(bundle, state),
      onClock: (verdict) => this.#noteClock(verdict),
    });
    this.#activation.onSwap((bundle) => this.#tell(bundle));
  }

  get realm(): RealmName {
    return this.#config.realm;
  }

  async open(): Promise<void> {
    const { signal, logger, endpoints, bundles } = this.#config;
    // A connection keeps the process alive, so must the wait for the next one: or a program that
    // only follows changes would end by itself when a node goes away.
    this.#hold = setInterval(() => undefined, HOLD_MS);
    await this.#activation.restore();
    for (const { name } of this.#activation.bundles()) this.#freshness.begin(name);
    this.#reportReset();
    // The only part of the SDK that needs gRPC.
    const { dialWatch } = await import('./grpc-watch.ts');
    this.#loop = new WatchLoop({
      config: this.#config,
      realm: this.#realm,
      activation: this.#activation,
      dial: dialWatch,
      onConfirmed: (bundle) => this.#freshness.confirm(bundle),
    });
    logger.info({ event: 'source.opened', endpoints, bundles }, 'source opened');
    this.#running = this.#loop.run(this.#closing.signal);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) await this.close();
  }

  bundle(name: string): Bundle | undefined {
    const known = this.#config.bundles.find((bundle) => bundle === name);
    return known && this.#activation.bundle(known);
  }

  bundles(): BundleSet {
    return makeBundleSet(this.#activation.bundles());
  }

  async ready({ timeoutMs, signal, until = 'in-use' }: ReadyOptions = {}): Promise<BundleSet> {
    const { bundles } = this.#config;
    const missing = (): readonly BundleName[] =>
      bundles.filter((name) => this.#activation.bundle(name) === undefined);
    const lacking = (): readonly BundleName[] =>
      until === 'in-use'
        ? missing()
        : bundles.filter((name) => this.#statusOf(name).state !== 'fresh');
    if (lacking().length > 0) {
      const why = await this.#waiters.wait(() => lacking().length === 0, { timeoutMs, signal });
      if (why !== undefined) throw this.#notReady(why, missing(), lacking());
    }
    return this.bundles();
  }

  changes(): AsyncIterableIterator<BundleChange, undefined> {
    const iterator = new ChangeIterator((ended) => void this.#iterators.delete(ended));
    for (const bundle of this.#activation.bundles()) iterator.push(bundle);
    if (this.#closing.signal.aborted) iterator.end();
    else this.#iterators.add(iterator);
    return iterator;
  }

  onSwap(onSwap: (bundle: Bundle) => void): Disposable {
    return this.#activation.onSwap(onSwap);
  }

  status(): SourceStatus {
    const lastError = this.#loop?.lastError;
    const { cacheError } = this.#activation;
    return {
      isConnected: this.#loop?.isConnected ?? false,
      ...(this.#loop && { endpoint: this.#loop.endpoint }),
      ...(this.#regions && { clock: this.#reading().verdict }),
      charterVersion: this.#realm.charterVersion,
      ...(lastError && { lastError }),
      ...(cacheError && { cacheError }),
      bundles: this.#config.bundles.map((name) => this.#statusOf(name)),
    };
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      clearInterval(this.#hold);
      this.#config.signal?.removeEventListener('abort', this.#onAbort);
      for (const iterator of this.#iterators) iterator.end();
      this.#waiters.wake();
      this.#freshness[Symbol.dispose]();
      this.#config.logger.info({ event: 'source.closed' }, 'source closed');
    }
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly #onAbort = (): void => {
    // `run` never throws, and who aborts does not wait.
    void this.close();
  };

  #tell(bundle: Bundle): void {
    for (const iterator of this.#iterators) iterator.push(bundle);
    this.#waiters.wake();
  }

  #notReady(
    why: string,
    missing: readonly BundleName[],
    lacking: readonly BundleName[],
  ): KedgeError {
    const cause = lacking.map((name) => this.#activation.errorOf(name)).find(Boolean);
    const reason = cause ?? this.#loop?.lastError;
    const because = reason === undefined ? '' : `: ${reason.message}`;
    const isMissing = missing.length > 0;
    const what = isMissing ? 'without' : 'not sure of';
    const lacksRegions = cause?.code === 'QUORUM' ? 'QUORUM' : 'UNAVAILABLE';
    const code = isMissing ? lacksRegions : 'STALE';
    const message = `not ready (${why}), still ${what} ${lacking.join(', ')}${because}`;
    const detail = { bundles: lacking };
    return new KedgeError(code, message, { detail, ...(reason && { cause: reason }) });
  }

  #statusOf(name: BundleName): BundleStatus {
    const parts = { realm: this.#realm, activation: this.#activation, freshness: this.#freshness };
    return bundleStatus({ ...parts, nowMs: () => this.#reading().nowMs }, name);
  }

  /** The time to judge by: the machine's, or what regions signed when that is later. */
  #reading(): Pick<ClockReading, 'nowMs' | 'verdict'> {
    const nowMs = this.#config.clock.nowMs();
    return this.#regions?.read(nowMs) ?? { nowMs, verdict: 'right' };
  }

  #staleAfterMs(): number {
    const charter = currentCharter(this.#realm.trusted)?.charter;
    const promised = charter && charter.clients.freshnessSeconds * 1000;
    return this.#config.staleAfterMs ?? promised ?? FRESHNESS_DEFAULT_MS;
  }

  #noteFreshness(bundle: BundleName, state: 'stale' | 'fresh'): void {
    const { metrics, logger, onStale } = this.#config;
    metrics.set('kedge_client_bundle_stale', state === 'stale' ? 1 : 0, { bundle });
    this.#waiters.wake();
    if (state === 'fresh' || this.#activation.bundle(bundle) === undefined) return;
    logger.warn(
      { event: 'bundle.stale', bundle },
      `nobody has confirmed ${bundle} for too long; the last good release stays in use`,
    );
    onStale(this.#statusOf(bundle));
  }

  #noteClock(verdict: ClockReading['verdict']): void {
    const { metrics, logger } = this.#config;
    metrics.set('kedge_client_clock_suspect', verdict === 'right' ? 0 : 1);
    if (verdict === 'right') return;
    logger.warn(
      { event: 'clock.suspect', verdict },
      `the clock of this machine is ${verdict} by more than 5 minutes, as regions sign the time`,
    );
  }

  /** Conformance C17: a floor is set, so something was here once, and it is gone. */
  #reportReset(): void {
    const { minSequences, cacheDir, logger, metrics } = this.#config;
    if (cacheDir === undefined) return;
    for (const [bundle, floor] of minSequences) {
      if (this.#activation.bundle(bundle) !== undefined) continue;
      metrics.increment('kedge_client_trust_resets_total', { bundle });
      logger.warn(
        { event: 'source.reset', bundle, minSequence: floor },
        `the last-known-good copy has no ${bundle}: it must have been deleted or damaged`,
      );
    }
  }
}

/** What regions attest, as this program demands it. */
function regionsOf({ realm, requireRegions, clock }: SourceConfig): RegionView | undefined {
  if (requireRegions === undefined) return undefined;
  return new RegionView({ realm, threshold: requireRegions, localMs: clock.nowMs() });
}
