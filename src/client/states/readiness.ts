/**
 * Waiting until a source can be relied on, and why it cannot be when it takes too long.
 *
 * @module
 */
import { type ErrorCode, KedgeError } from '../../core/errors.ts';
import type { BundleName } from '../../core/ids.ts';
import type { BundleState } from './status.ts';
import type { Waiters } from './waiters.ts';

/** How long to wait. */
export interface ReadyOptions {
  /** `fresh`: wait also until the state of every bundle is `fresh`. Default: `in-use`. */
  readonly until?: 'in-use' | 'fresh';
  /** Default: for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What a {@link Readiness} works with. */
export interface ReadinessOptions {
  readonly bundles: readonly BundleName[];
  readonly waiters: Waiters;
  /** Whether a bundle is in use, and not taken away because it expired. */
  readonly isUsable: (bundle: BundleName) => boolean;
  readonly stateOf: (bundle: BundleName) => BundleState;
  /** The last refusal of a bundle. */
  readonly errorOf: (bundle: BundleName) => KedgeError | undefined;
  /** Why the last connection failed. */
  readonly lastError: () => KedgeError | undefined;
}

/** Whether all bundles of a source are as a caller wants them. */
export class Readiness {
  readonly #options: ReadinessOptions;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** Errors: `UNAVAILABLE`, `QUORUM`, `EXPIRED`, `STALE`. */
  async wait({ timeoutMs, signal, until = 'in-use' }: ReadyOptions): Promise<void> {
    const { waiters, stateOf } = this.#options;
    const lacking = (): readonly BundleName[] =>
      until === 'in-use' ? this.#missing() : this.#all((name) => stateOf(name) !== 'fresh');
    if (lacking().length === 0) return;
    const why = await waiters.wait(() => lacking().length === 0, { timeoutMs, signal });
    if (why !== undefined) throw this.#notReady(why, lacking());
  }

  #missing(): readonly BundleName[] {
    return this.#all((name) => !this.#options.isUsable(name));
  }

  #all(isLacking: (bundle: BundleName) => boolean): readonly BundleName[] {
    return this.#options.bundles.filter(isLacking);
  }

  #notReady(why: string, lacking: readonly BundleName[]): KedgeError {
    const { errorOf, lastError, stateOf } = this.#options;
    const cause = lacking.map((name) => errorOf(name)).find(Boolean);
    const reason = cause ?? lastError();
    const because = reason === undefined ? '' : `: ${reason.message}`;
    const isMissing = this.#missing().length > 0;
    const isExpired = lacking.every((name) => stateOf(name) === 'expired');
    const what = isMissing ? 'without' : 'not sure of';
    const lacksRegions: ErrorCode = cause?.code === 'QUORUM' ? 'QUORUM' : 'UNAVAILABLE';
    const code = isExpired ? 'EXPIRED' : isMissing ? lacksRegions : 'STALE';
    const message = `not ready (${why}), still ${what} ${lacking.join(', ')}${because}`;
    const hint = reason?.detail['hint'];
    const detail = { bundles: lacking, ...(hint !== undefined && { hint }) };
    return new KedgeError(code, message, { detail, ...(reason && { cause: reason }) });
  }
}
