/**
 * Keeps what was verified, and the time by regions, on disk while a program runs.
 *
 * A disk that fails takes nothing away: what is verified comes into use all the same, and the
 * failure is told.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { RegionView } from '../../core/log/region-view.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { VerifiedRealm } from '../verified/verified-realm.ts';
import type { Cache } from './cache.ts';
import { FloorFile } from './floor-file.ts';
import { savedRealm } from './restore.ts';

/** What a {@link Keeping} works with. */
export interface KeepingOptions {
  readonly realm: VerifiedRealm;
  /** Absent: nothing is kept. */
  readonly cache: Cache | undefined;
  /** Absent: no region is asked. */
  readonly regions: RegionView | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The last-known-good copy of a running program. */
export class Keeping {
  readonly #options: KeepingOptions;
  readonly #floor: FloorFile | undefined;
  #error: KedgeError | undefined;

  constructor(options: KeepingOptions) {
    this.#options = options;
    this.#floor = options.cache && new FloorFile(options.cache.folder);
  }

  /** Why the last attempt failed; absent when it did not. */
  get error(): KedgeError | undefined {
    return this.#error;
  }

  /** Takes in what an earlier run kept, as far as it is good. */
  async load(): Promise<void> {
    const { cache, realm, regions, logger, metrics, clock } = this.#options;
    if (cache === undefined) return;
    if (this.#floor) regions?.restore(await this.#floor.load(), clock.nowMs());
    try {
      const saved = await cache.load();
      const problems = saved === undefined ? [] : [...saved.problems, ...realm.restore(saved)];
      for (const err of problems) {
        metrics.increment('kedge_client_cache_damages_total');
        logger.error({ event: 'cache.damaged', code: err.code, err }, err.message);
      }
    } catch (thrown) {
      this.#note(KedgeError.from(thrown));
    }
  }

  /** Says whether what is verified now is also on disk. */
  async save(): Promise<boolean> {
    const { cache, realm } = this.#options;
    if (cache === undefined) return true;
    try {
      await cache.save(savedRealm(realm.trusted, realm.allInUse(), realm.fallen));
      this.#error = undefined;
      return true;
    } catch (thrown) {
      this.#note(KedgeError.from(thrown));
      return false;
    }
  }

  /** FR-5: the floor never goes back, not even over a restart. */
  async keepFloor(): Promise<void> {
    const { regions } = this.#options;
    if (regions === undefined) return;
    try {
      await this.#floor?.keep(regions.floorMs);
    } catch (thrown) {
      const { message } = KedgeError.from(thrown);
      this.#note(new KedgeError('STORE', `cannot keep the time: ${message}`));
    }
  }

  #note(err: KedgeError): void {
    this.#error = err;
    this.#options.metrics.increment('kedge_client_cache_failures_total');
    this.#options.logger.error({ event: 'cache.failed', err }, err.message);
  }
}
