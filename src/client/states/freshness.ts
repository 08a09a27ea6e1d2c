/**
 * Since when nobody has confirmed that a bundle is the newest.
 *
 * Measured on the monotonic clock, so that setting the wall clock makes nothing stale or fresh.
 * A confirmation is a node's word: it detects nodes that are gone or cut off, not a node that lies
 * by silence. Against that stands the release's own expiry, and whoever demands the word of regions
 * (`region-freshness.ts`).
 *
 * @module
 */
import type { BundleName } from '../../core/ids.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';

/** How fresh the bundles in use are, by whatever word. */
export interface FreshnessWatch extends Disposable {
  /** A bundle came into use without anybody's word (from the disk). */
  begin(bundle: BundleName): void;
  /** A node said that this is the newest. */
  confirm(bundle: BundleName): void;
  isStale(bundle: BundleName): boolean;
  /** It is stale, and the program began so lately that this is no news. */
  isStarting(bundle: BundleName): boolean;
  /** When a node said so last, milliseconds since 1970. */
  confirmedAtMs(bundle: BundleName): number | undefined;
  /** Up to when enough regions said so, milliseconds since 1970. */
  attestedAtMs(bundle: BundleName): number | undefined;
  /** Looks again at everything. */
  judge(): void;
}

/** What a {@link Freshness} works with. */
export interface FreshnessOptions {
  readonly clock: Clock;
  /** The window now, milliseconds; asked anew each time because the charter may change it. */
  readonly windowMs: () => number;
  /** Called once per transition. */
  readonly onChange: (bundle: BundleName, state: 'stale' | 'fresh') => void;
}

interface Watched {
  confirmedMonotonicMs: number;
  confirmedAtMs: number | undefined;
  isStale: boolean;
  timer: ClockTimer | undefined;
}

/** The freshness of the bundles in use. */
export class Freshness implements FreshnessWatch {
  readonly #options: FreshnessOptions;
  readonly #bundles: Map<BundleName, Watched> = new Map();

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /** Starts the window. */
  begin(bundle: BundleName): void {
    if (!this.#bundles.has(bundle)) this.#set(bundle, undefined);
  }

  confirm(bundle: BundleName): void {
    const watched = this.#bundles.get(bundle);
    const nowMs = this.#options.clock.nowMs();
    if (watched === undefined) return this.#set(bundle, nowMs);
    watched.confirmedMonotonicMs = this.#options.clock.monotonicMs();
    watched.confirmedAtMs = nowMs;
    if (!watched.isStale) return;
    watched.isStale = false;
    this.#arm(bundle, watched);
    this.#options.onChange(bundle, 'fresh');
  }

  isStale(bundle: BundleName): boolean {
    return this.#bundles.get(bundle)?.isStale ?? false;
  }

  isStarting(): boolean {
    return false;
  }

  confirmedAtMs(bundle: BundleName): number | undefined {
    return this.#bundles.get(bundle)?.confirmedAtMs;
  }

  attestedAtMs(): undefined {
    return undefined;
  }

  judge(): void {
    // A timer of each bundle does.
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#bundles.values()) timer?.[Symbol.dispose]();
    this.#bundles.clear();
  }

  #set(bundle: BundleName, confirmedAtMs: number | undefined): void {
    const watched: Watched = {
      confirmedMonotonicMs: this.#options.clock.monotonicMs(),
      confirmedAtMs,
      isStale: false,
      timer: undefined,
    };
    this.#bundles.set(bundle, watched);
    this.#arm(bundle, watched);
  }

  /** One timer per bundle; it looks again instead of being moved at each confirmation. */
  #arm(bundle: BundleName, watched: Watched): void {
    const { clock, windowMs, onChange } = this.#options;
    const leftMs = watched.confirmedMonotonicMs + windowMs() - clock.monotonicMs();
    watched.timer = clock.setTimer(Math.min(Math.max(1, leftMs), 2 ** 31 - 1), () => {
      watched.timer = undefined;
      if (watched.confirmedMonotonicMs + windowMs() > clock.monotonicMs()) {
        return this.#arm(bundle, watched);
      }
      watched.isStale = true;
      onChange(bundle, 'stale');
    });
  }
}
