/**
 * How fresh the bundles in use are by the word of regions: enough of them said within the window
 * that they hold nothing newer, neither of the bundle nor of the charter that governs it.
 *
 * The charter counts too, since who withholds a charter keeps signers in office that it removed. A
 * program that starts is not fresh before it has heard regions; that it stays so is told after one
 * window. Judged by the time of `RegionView`, hence never by a clock that was set back. Spec
 * section 8, FR-1 to FR-8.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, CHARTER_STREAM, releaseStream } from '../../core/ids.ts';
import type { ClockReading } from '../../core/log/clock.ts';
import type { Freshness as Judgement } from '../../core/log/freshness.ts';
import { RegionView } from '../../core/log/region-view.ts';
import type { ClockTimer } from '../../ports/clock.ts';
import type { SourceConfig } from '../options.ts';
import { Freshness, type FreshnessOptions, type FreshnessWatch } from './freshness.ts';

/**
 * How often the clock is looked at, whatever happens. What passed since the last look is lost to a
 * clock that is set back, and more than 5 minutes to any.
 */
const LOOK_AT_CLOCK_MS = 10_000;

/** What a {@link RegionFreshness} works with. */
interface RegionFreshnessOptions extends FreshnessOptions {
  readonly regions: RegionView;
  /** Called when the local clock is suspected to be wrong, or no more. */
  readonly onClock: (verdict: ClockReading['verdict']) => void;
}

/** What regions attest, as a program demands it; absent when it asks none. */
export function regionsOf({ realm, requireRegions, clock }: SourceConfig): RegionView | undefined {
  if (requireRegions === undefined) return undefined;
  return new RegionView({ realm, threshold: requireRegions, localMs: clock.nowMs() });
}

/** Freshness by the word of regions, or of nodes where no region is asked. */
export function watchFreshness(
  regions: RegionView | undefined,
  options: Omit<RegionFreshnessOptions, 'regions'>,
): FreshnessWatch {
  if (regions === undefined) return new Freshness(options);
  return new RegionFreshness({ ...options, regions });
}

interface Watched {
  kind: Judgement['kind'];
  told: Judgement['kind'] | undefined;
  readonly beganMonotonicMs: number;
  confirmedAtMs: number | undefined;
  attestedAtMs: number | undefined;
}

/** The freshness of the bundles in use, by regions. */
class RegionFreshness implements FreshnessWatch {
  readonly #options: RegionFreshnessOptions;
  readonly #bundles: Map<BundleName, Watched> = new Map();
  #timer: ClockTimer | undefined;
  #isJudging = false;
  #verdict: ClockReading['verdict'] = 'right';

  constructor(options: RegionFreshnessOptions) {
    this.#options = options;
  }

  begin(bundle: BundleName): void {
    this.#watched(bundle);
    this.judge();
  }

  /** A node's word: told in the status, and nothing more. */
  confirm(bundle: BundleName): void {
    const isKnown = this.#bundles.has(bundle);
    this.#watched(bundle).confirmedAtMs = this.#options.clock.nowMs();
    if (!isKnown) this.judge();
  }

  isStale(bundle: BundleName): boolean {
    return this.#bundles.get(bundle)?.kind !== 'fresh';
  }

  isStarting(bundle: BundleName): boolean {
    return this.#bundles.get(bundle)?.told === undefined;
  }

  confirmedAtMs(bundle: BundleName): number | undefined {
    return this.#bundles.get(bundle)?.confirmedAtMs;
  }

  attestedAtMs(bundle: BundleName): number | undefined {
    return this.#bundles.get(bundle)?.attestedAtMs;
  }

  /** Judges everything anew: regions said something, what is in use moved, or time passed. */
  judge(): void {
    // Whoever is told of a change may ask at once.
    if (this.#isJudging) return;
    this.#isJudging = true;
    try {
      this.#judgeAll();
    } finally {
      this.#isJudging = false;
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#bundles.clear();
  }

  #judgeAll(): void {
    const { clock, regions, onClock } = this.#options;
    const { nowMs, verdict } = regions.read(clock.nowMs());
    if (verdict !== this.#verdict) {
      this.#verdict = verdict;
      onClock(verdict);
    }
    let nextMs = LOOK_AT_CLOCK_MS;
    for (const [bundle, watched] of this.#bundles) {
      const staleAtMs = this.#judgeOne(bundle, watched, nowMs);
      if (staleAtMs !== undefined) nextMs = Math.min(nextMs, staleAtMs - nowMs);
    }
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.setTimer(Math.max(1, nextMs), () => this.judge());
  }

  #watched(bundle: BundleName): Watched {
    const known = this.#bundles.get(bundle);
    if (known !== undefined) return known;
    const watched: Watched = {
      kind: 'stale',
      told: undefined,
      beganMonotonicMs: this.#options.clock.monotonicMs(),
      confirmedAtMs: undefined,
      attestedAtMs: undefined,
    };
    this.#bundles.set(bundle, watched);
    return watched;
  }

  /** When it is to be judged again, should nothing arrive. */
  #judgeOne(bundle: BundleName, watched: Watched, nowMs: number): number | undefined {
    const { clock, onChange } = this.#options;
    const windowMs = this.#options.windowMs();
    const both = this.#ask(bundle, watched.kind, { windowMs, nowMs });
    const isFresh = both.length > 0 && both.every(({ kind }) => kind === 'fresh');
    watched.kind = isFresh ? 'fresh' : 'stale';
    const times = both.map(({ quorumMs }) => quorumMs).filter((time) => time !== undefined);
    if (times.length === both.length && times.length > 0) watched.attestedAtMs = Math.min(...times);
    const leftMs = watched.beganMonotonicMs + windowMs - clock.monotonicMs();
    const isStarting = watched.told === undefined && watched.kind === 'stale' && leftMs > 0;
    if (watched.told !== watched.kind && !isStarting) {
      watched.told = watched.kind;
      onChange(bundle, watched.kind);
    }
    if (isStarting) return nowMs + leftMs;
    return isFresh ? Math.min(...both.map((one) => one.staleAtMs ?? nowMs)) : undefined;
  }

  /** Nothing when the charter has fewer regions than are demanded. */
  #ask(
    bundle: BundleName,
    before: Judgement['kind'],
    window: { readonly windowMs: number; readonly nowMs: number },
  ): readonly Judgement[] {
    const { regions } = this.#options;
    const streams = [CHARTER_STREAM, releaseStream(bundle)];
    try {
      return streams.map((stream) => regions.judge(stream, before, window));
    } catch (thrown) {
      if (KedgeError.from(thrown).code !== 'POLICY') throw thrown;
      return [];
    }
  }
}
