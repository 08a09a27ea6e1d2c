/**
 * The source: what a program opens once and asks for bundles as long as it runs.
 *
 * @module
 */
import type { BundleName, RealmName } from '../core/ids.ts';
import type { ClockReading } from '../core/log/clock.ts';
import type { RegionView } from '../core/log/region-view.ts';
import { currentCharter } from '../core/trusted/state.ts';
import { Activation } from './activation.ts';
import type { Bundle } from './bundle.ts';
import { type BundleSet, makeBundleSet } from './bundle-set.ts';
import { type BundleChange, ChangeIterator } from './changes.ts';
import { WatchLoop, type WatchLoopOptions } from './connection/watch-loop.ts';
import { Cache } from './copy/cache.ts';
import { Expiry, nextExpiryMs } from './expiry.ts';
import type { TrustPorts, TrustSource } from './live/trust-view.ts';
import { type BundleSourceOptions, resolveOptions, type SourceConfig } from './options.ts';
import { reportClock, reportResets } from './reports.ts';
import { bundleStatus, type StatusParts, stateOf } from './states/bundle-status.ts';
import type { FreshnessWatch } from './states/freshness.ts';
import { Readiness, type ReadyOptions } from './states/readiness.ts';
import { regionsOf, watchFreshness } from './states/region-freshness.ts';
import { StateBoard } from './states/state-board.ts';
import type { BundleStatus, SourceStatus, StateChange } from './states/status.ts';
import { Waiters } from './states/waiters.ts';
import { UsageReports } from './usage/usage-reports.ts';
import { AttestedRealm } from './verified/attested-realm.ts';
import { VerifiedRealm } from './verified/verified-realm.ts';

/** The longest interval of Node; what it runs does nothing. */
const HOLD_MS = 2 ** 31 - 1;
/** When the charter is not known yet. */
const FRESHNESS_DEFAULT_MS = 10 * 60_000;

/** The bundles of one realm, kept up to date. Get one from {@link openBundleSource}. */
export interface BundleSource extends AsyncDisposable {
  readonly realm: RealmName;
  /** What it watches, in the order given. */
  readonly bundleNames: readonly BundleName[];
  /** The bundle in use; absent while none was ever received. */
  bundle(name: string): Bundle | undefined;
  /** All bundles in use at this instant. */
  bundles(): BundleSet;
  /**
   * Waits until every bundle is in use, from a node or from the last-known-good copy.
   * Errors: `UNAVAILABLE` (time is over, aborted, source closed), with the reason as cause;
   * `QUORUM` when it is the cosignatures of regions that lack; `EXPIRED` when newer releases lack;
   * `STALE` when all are in use and not all are fresh.
   */
  ready(options?: ReadyOptions): Promise<BundleSet>;
  /** Every bundle in use, then each that comes into use; the newest per bundle. */
  changes(): AsyncIterableIterator<BundleChange, undefined>;
  /** Where live trust tells what it did, and its time: those of this source. */
  readonly ports: TrustPorts;
  /** Calls `onSwap` synchronously after each bundle came into use. For live trust. */
  onSwap(onSwap: (bundle: Bundle) => void): Disposable;
  /**
   * Calls `onState` synchronously with each state as it is, then once with each change: of the
   * source and of every bundle. What it throws is logged.
   */
  onState(onState: (change: StateChange) => void): Disposable;
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
  return await openSource(options);
}

/** Opens a source that reaches nodes by `dial`; absent: over gRPC. For the test kit. */
export async function openSource(
  options: BundleSourceOptions,
  dial?: WatchLoopOptions['dial'],
): Promise<BundleSource> {
  const source = new Source(resolveOptions(options));
  await source.open(dial);
  return source;
}

class Source implements BundleSource {
  readonly realm: RealmName;
  readonly bundleNames: readonly BundleName[];
  readonly ports: TrustPorts;
  readonly #config: SourceConfig;
  readonly #realm: VerifiedRealm;
  readonly #activation: Activation;
  readonly #freshness: FreshnessWatch;
  /** Absent: no region is asked. */
  readonly #regions: RegionView | undefined;
  readonly #closing = new AbortController();
  readonly #iterators: Set<ChangeIterator> = new Set();
  readonly #waiters: Waiters;
  readonly #states: StateBoard;
  readonly #readiness: Readiness;
  readonly #reports: UsageReports;
  #loop: WatchLoop | undefined;
  #hold: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(config: SourceConfig) {
    const { clock, logger, metrics, cacheDir, bundles } = config;
    this.#config = config;
    this.realm = config.realm;
    this.bundleNames = [...bundles];
    this.ports = { logger, metrics, clock };
    this.#waiters = new Waiters(clock, this.#closing.signal);
    this.#realm = new VerifiedRealm(config);
    this.#regions = regionsOf(config);
    const common = { realm: this.#realm, regions: this.#regions };
    this.#activation = new Activation({
      ...common,
      attested: new AttestedRealm({ ...common, bundles, knownCharter: config.knownCharterDigest }),
      onAttested: () => this.#freshness.judge(),
      expiry: new Expiry({
        realm: config.realm,
        policy: config.onExpired,
        nowMs: () => this.#reading().nowMs,
      }),
      cache: cacheDir === undefined ? undefined : new Cache(cacheDir, config),
      clock,
      logger,
      metrics,
    });
    this.#freshness = watchFreshness(this.#regions, {
      clock,
      windowMs: () => this.#staleAfterMs(),
      onChange: () => this.#states.look(),
      onClock: (verdict) => reportClock(config, verdict),
    });
    this.#states = this.#makeStates();
    this.#readiness = this.#makeReadiness();
    this.#reports = new UsageReports(config);
    this.onSwap((bundle) => this.#tell(bundle));
  }

  async open(dial?: WatchLoopOptions['dial']): Promise<void> {
    const { signal, logger, endpoints, bundles } = this.#config;
    // A connection keeps the process alive, so must the wait for the next one: or a program that
    // only follows changes would end by itself when a node goes away.
    this.#hold = setInterval(() => undefined, HOLD_MS);
    await this.#activation.restore();
    for (const { name } of this.#activation.bundles()) this.#freshness.begin(name);
    reportResets(this.#config, (name) => this.#activation.bundle(name) !== undefined);
    this.#states.look();
    this.#loop = new WatchLoop({
      config: this.#config,
      realm: this.#realm,
      activation: this.#activation,
      reports: this.#reports,
      // The only part of the SDK that needs gRPC.
      dial: dial ?? (await import('./connection/grpc-watch.ts')).dialWatch,
      onConfirmed: (bundle) => this.#freshness.confirm(bundle),
      onTaken: () => this.#states.look(),
      onReach: (state) => this.#states.reach(state),
    });
    logger.info({ event: 'source.opened', endpoints, bundles }, 'source opened');
    this.#running = this.#loop.run(this.#closing.signal);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (signal?.aborted === true) await this.close();
  }

  bundle(name: string): Bundle | undefined {
    const known = this.bundleNames.find((bundle) => bundle === name);
    return known && this.#activation.bundle(known);
  }

  bundles(): BundleSet {
    return makeBundleSet(this.#activation.bundles());
  }

  async ready(options: ReadyOptions = {}): Promise<BundleSet> {
    this.#freshness.judge();
    await this.#readiness.wait(options);
    return this.bundles();
  }

  changes(): AsyncIterableIterator<BundleChange, undefined> {
    const iterator = new ChangeIterator((ended) => void this.#iterators.delete(ended));
    for (const bundle of this.#activation.bundles()) iterator.push(bundle);
    if (this.#closing.signal.aborted) iterator.end();
    else this.#iterators.add(iterator);
    return iterator;
  }

  readonly onSwap: BundleSource['onSwap'] = (listen) => this.#activation.listeners.onSwap(listen);
  readonly onComing: NonNullable<TrustSource['onComing']> = (listen) =>
    this.#activation.listeners.onComing(listen);

  onState(onState: (change: StateChange) => void): Disposable {
    return this.#states.onState(onState);
  }

  readonly noteHandshake: UsageReports['note'] = (...use) => this.#reports.note(...use);

  status(): SourceStatus {
    const lastError = this.#loop?.lastError;
    const { cacheError } = this.#activation;
    // A timer may be late.
    this.#freshness.judge();
    return {
      state: this.#states.source,
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
      this.#states[Symbol.dispose]();
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
    this.#reports.follow(bundle);
    for (const iterator of this.#iterators) iterator.push(bundle);
  }

  #makeStates(): StateBoard {
    return new StateBoard({
      ...this.ports,
      bundles: this.#config.bundles,
      stateOf: (name) => stateOf(this.#parts(), name),
      statusOf: (name) => this.#statusOf(name),
      isStarting: (name) => this.#freshness.isStarting(name),
      nextExpiryMs: () => nextExpiryMs(this.#activation.bundles(), this.#reading().nowMs),
      onLook: () => this.#activation.judgeExpiry(),
      onLooked: () => this.#waiters.wake(),
    });
  }

  #makeReadiness(): Readiness {
    return new Readiness({
      bundles: this.#config.bundles,
      waiters: this.#waiters,
      isUsable: (name) => this.#activation.isUsable(name),
      stateOf: (name) => stateOf(this.#parts(), name),
      errorOf: (name) => this.#activation.errorOf(name),
      lastError: () => this.#loop?.lastError,
    });
  }

  #parts(): StatusParts {
    return {
      realm: this.#realm,
      activation: this.#activation,
      freshness: this.#freshness,
      onExpired: this.#config.onExpired,
      sourceState: this.#states.source,
      nowMs: this.#reading().nowMs,
    };
  }

  #statusOf(name: BundleName): BundleStatus {
    return bundleStatus(this.#parts(), name);
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
}
