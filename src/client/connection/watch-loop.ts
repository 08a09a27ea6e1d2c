/**
 * Keeps a connection to one of the nodes, for ever.
 *
 * Endpoints are tried in turn, the given order first. Between attempts lies a wait that grows with
 * jitter and starts over only when a node has answered for every bundle, so that a node that
 * accepts and then misbehaves is not hammered. A node that goes down or is full may ask for a
 * longer wait, which spreads its programs over time for those that they go to next.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { BundleName } from '../../core/ids.ts';
import { retryAfterMs } from '../../wire/status.ts';
import type { Activation } from '../activation.ts';
import type { SourceConfig } from '../options.ts';
import type { UsageReports } from '../usage/usage-reports.ts';
import type { VerifiedRealm } from '../verified/verified-realm.ts';
import { Backoff } from './backoff.ts';
import type { DialOptions, WatchCall } from './grpc-watch.ts';
import { runSession } from './watch-session.ts';

/** What a {@link WatchLoop} works with. */
export interface WatchLoopOptions {
  readonly config: SourceConfig;
  readonly realm: VerifiedRealm;
  readonly activation: Activation;
  readonly reports: UsageReports;
  readonly dial: (options: DialOptions) => Promise<WatchCall>;
  readonly onConfirmed: (bundle: BundleName) => void;
  /** What a node said, or the passing of time, has been carried out. */
  readonly onTaken: () => void;
  /** A node has answered for every bundle, or a whole round of endpoints failed to. */
  readonly onReach: (state: 'online' | 'offline') => void;
}

/** The connection of a source. */
export class WatchLoop {
  readonly #options: WatchLoopOptions;
  readonly #backoff: Backoff;
  #at = 0;
  /** Attempts in a row that no node has answered. */
  #failures = 0;
  #isConnected = false;
  #lastError: KedgeError | undefined;

  constructor(options: WatchLoopOptions) {
    const { backoffInitialMs, backoffMaxMs, random } = options.config;
    this.#options = options;
    this.#backoff = new Backoff({ initialMs: backoffInitialMs, maxMs: backoffMaxMs, random });
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The endpoint that is connected or tried. */
  get endpoint(): string {
    const { endpoints } = this.#options.config;
    return endpoints[this.#at % endpoints.length] ?? '';
  }

  /** Why the last connection failed, until one has proven good. */
  get lastError(): KedgeError | undefined {
    return this.#lastError;
  }

  /** Runs until `signal`; never throws. */
  async run(signal: AbortSignal): Promise<void> {
    const { config, onReach } = this.#options;
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      const startMs = config.clock.monotonicMs();
      const error = await this.#connect(signal);
      if (isOver()) return;
      const tookMs = config.clock.monotonicMs() - startMs;
      this.#lastError = error;
      this.#report(error);
      config.metrics.set('kedge_client_connected', 0);
      this.#at += 1;
      if (this.#failures >= config.endpoints.length) onReach('offline');
      const askedMs = retryAfterMs(error);
      const waitMs = this.#backoff.nextMs({ tookMs, ...(askedMs !== undefined && { askedMs }) });
      await this.#pause(waitMs, signal);
    }
  }

  /** One connection from dialling to its end; returns why it ended. */
  async #connect(signal: AbortSignal): Promise<KedgeError> {
    const { config, realm, activation, reports, dial } = this.#options;
    const { onConfirmed, onTaken, onReach } = this.#options;
    const { endpoint } = this;
    this.#failures += 1;
    try {
      const { security, connectTimeoutMs: timeoutMs } = config;
      const call = await dial({ endpoint, security, timeoutMs, signal });
      // In good order, so that the node need not wait for us to come back.
      const leave = (): void => {
        reports.farewell();
        void call.finish();
      };
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
      this.#isConnected = true;
      config.metrics.set('kedge_client_connected', 1);
      config.logger.info({ event: 'source.connected', endpoint }, 'connected to a node');
      try {
        return await runSession({
          config,
          realm,
          activation,
          call,
          reports,
          onConfirmed,
          onSettled: () => {
            this.#backoff.reset();
            this.#failures = 0;
            this.#lastError = undefined;
            onReach('online');
          },
          onTaken,
        });
      } finally {
        signal.removeEventListener('abort', leave);
      }
    } catch (thrown) {
      return KedgeError.from(thrown);
    } finally {
      this.#isConnected = false;
    }
  }

  #report(err: KedgeError): void {
    const { logger, metrics } = this.#options.config;
    const { endpoint } = this;
    metrics.increment('kedge_client_disconnects_total', { code: err.code });
    logger.warn(
      { event: 'source.disconnected', endpoint, code: err.code, err },
      `no connection to ${endpoint}: ${err.message}`,
    );
  }

  async #pause(waitMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#options.config.clock.setTimer(waitMs, done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
