/**
 * Tells each change of state of a source and its bundles exactly once: to listeners, as a gauge and
 * as a log line.
 *
 * Somebody asks it to look whenever something may have changed; beside that it looks when the next
 * release expires, and once a minute in case somebody set the clock.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { BundleName } from '../../core/ids.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import {
  BUNDLE_STATES,
  type BundleState,
  type BundleStatus,
  type SourceState,
  type StateChange,
} from './status.ts';

/** The longest time between two looks. */
const LOOK_MS = 60_000;

/** What a {@link StateBoard} works with. */
export interface StateBoardOptions {
  readonly bundles: readonly BundleName[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly stateOf: (bundle: BundleName) => BundleState;
  readonly statusOf: (bundle: BundleName) => BundleStatus;
  /** Whether it is too early to call a program that starts `stale`. */
  readonly isStarting: (bundle: BundleName) => boolean;
  /** When the next release in use expires, in milliseconds from now; absent: none will. */
  readonly nextExpiryMs: () => number | undefined;
  /** Called before each look: with `onExpired: 'fail'` trust follows the clock. */
  readonly onLook: () => void;
  /** Called after each look. */
  readonly onLooked: () => void;
}

/** Called with each change. */
export type StateListener = (change: StateChange) => void;

/** The states that were told. */
export class StateBoard implements Disposable {
  readonly #options: StateBoardOptions;
  readonly #told: Map<BundleName, BundleState> = new Map();
  readonly #listeners: Set<StateListener> = new Set();
  #source: SourceState = 'connecting';
  #timer: ClockTimer | undefined;
  #looking: 'no' | 'yes' | 'again' = 'no';
  #isClosed = false;

  constructor(options: StateBoardOptions) {
    this.#options = options;
    options.metrics.set('kedge_client_offline', 0);
  }

  get source(): SourceState {
    return this.#source;
  }

  /** Calls `listener` with every state as it is, then with each change. */
  onState(listener: StateListener): Disposable {
    // A wrapper of its own, so that one function can listen twice and be disposed once.
    const own: StateListener = (change) => listener(change);
    this.#listeners.add(own);
    this.#tell({ of: 'source', state: this.#source }, [own]);
    for (const [name, state] of [...this.#told]) {
      const bundle = this.#options.statusOf(name);
      this.#tell({ of: 'bundle', state, bundle }, [own]);
    }
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  /** Nodes serve this program, or do not. */
  reach(state: SourceState): void {
    const previous = this.#source;
    if (state === previous || this.#isClosed) return;
    const { logger, metrics } = this.#options;
    this.#source = state;
    metrics.set('kedge_client_offline', state === 'offline' ? 1 : 0);
    if (state === 'offline') {
      const message = 'no node serves this program; what is in use stays';
      logger.warn({ event: 'source.offline' }, message);
    } else if (previous === 'offline') {
      logger.info({ event: 'source.online' }, 'a node serves this program again');
    }
    this.#tell({ of: 'source', state, previous });
    this.look();
  }

  /** Something may have changed. */
  look(): void {
    if (this.#isClosed) return;
    // Who is told of a change may do something that changes more.
    this.#looking = this.#looking === 'no' ? 'yes' : 'again';
    if (this.#looking === 'again') return;
    try {
      do {
        this.#looking = 'yes';
        this.#options.onLook();
        for (const name of this.#options.bundles) this.#lookAt(name);
      } while (this.#isAgain());
    } finally {
      this.#looking = 'no';
    }
    // A listener may have closed the source.
    if (this.#isOver()) return;
    this.#options.onLooked();
    this.#arm();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#listeners.clear();
  }

  #isAgain(): boolean {
    return this.#looking === 'again' && !this.#isClosed;
  }

  #isOver(): boolean {
    return this.#isClosed;
  }

  #lookAt(name: BundleName): void {
    const { metrics, stateOf, statusOf, isStarting } = this.#options;
    const state = stateOf(name);
    const previous = this.#told.get(name);
    if (state === previous || this.#isClosed) return;
    const isFirst = previous === undefined || previous === 'waiting';
    if (state === 'stale' && isFirst && isStarting(name)) return;
    this.#told.set(name, state);
    for (const one of BUNDLE_STATES) {
      const value = one === state ? 1 : 0;
      metrics.set('kedge_client_bundle_state', value, { bundle: name, state: one });
    }
    const bundle = statusOf(name);
    this.#log(state, previous, bundle);
    this.#tell({ of: 'bundle', state, ...(previous !== undefined && { previous }), bundle });
  }

  /** What a fork and its resolution are, and that no node answers, is logged where it happens. */
  #log(state: BundleState, previous: BundleState | undefined, bundle: BundleStatus): void {
    const { logger } = this.#options;
    const { name, sequence, withheldAnchors } = bundle;
    switch (state) {
      case 'expired':
        logger.error(
          { event: 'bundle.expired', bundle: name, sequence, withheld: withheldAnchors },
          `the signers of ${name} wanted a newer release than ${sequence ?? 0} by now`,
        );
        break;
      case 'stale':
        logger.warn(
          { event: 'bundle.stale', bundle: name, sequence },
          `nobody has confirmed ${name} for too long; the last good release stays in use`,
        );
        break;
      case 'fresh':
        if (previous === undefined || previous === 'waiting') break;
        logger.info({ event: 'bundle.fresh', bundle: name, sequence }, `${name} is fresh again`);
        break;
      case 'forked':
      case 'waiting':
      case 'overruled':
      case 'offline':
        break;
    }
  }

  #tell(change: StateChange, listeners: Iterable<StateListener> = [...this.#listeners]): void {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (thrown) {
        const err = KedgeError.from(thrown);
        this.#options.logger.error({ event: 'listener.failed', err }, err.message);
      }
    }
  }

  #arm(): void {
    const { clock, nextExpiryMs } = this.#options;
    const dueMs = Math.max(1, Math.min(LOOK_MS, nextExpiryMs() ?? LOOK_MS));
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.setTimer(dueMs, () => this.look());
  }
}
