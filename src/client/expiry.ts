/**
 * What becomes of a release in use when its signers wanted a newer one by now (conformance D02).
 *
 * `keep`: it stays in use, and everybody is told: who lost contact with the signers is better off
 * with the last good set than with none. `fail`: the same release stays, with all of its anchors
 * withheld, so that nobody is trusted until a newer one comes. What is withheld follows the time
 * that it is judged by, in both directions: a clock that was wrong heals by itself.
 *
 * @module
 */
import type { RealmName } from '../core/ids.ts';
import { type Bundle, makeBundle } from './bundle.ts';
import type { InUse } from './verified/realm-pin.ts';

/** What an expired release does to a program. */
export type ExpiredPolicy = 'keep' | 'fail';

/** What an {@link Expiry} works with. */
export interface ExpiryOptions {
  readonly realm: RealmName;
  readonly policy: ExpiredPolicy;
  /** The time to judge by. */
  readonly nowMs: () => number;
}

/** Decides which form of a release a program gets. */
export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #withdrawn = new WeakMap<InUse, Bundle>();

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  /** The release as it may be used now. */
  usable(inUse: InUse): Bundle {
    const { realm, policy, nowMs } = this.#options;
    const { bundle, head, blobs } = inUse;
    if (policy === 'keep' || bundle.expiresAtMs > nowMs()) return bundle;
    const known = this.#withdrawn.get(inUse);
    if (known !== undefined) return known;
    const withdrawn = makeBundle(realm, head, blobs, { condition: 'expired' });
    this.#withdrawn.set(inUse, withdrawn);
    return withdrawn;
  }
}

/** When the next of these releases expires, in milliseconds from `nowMs`; absent: none will. */
export function nextExpiryMs(bundles: Iterable<Bundle>, nowMs: number): number | undefined {
  let next: number | undefined;
  for (const { expiresAtMs } of bundles) {
    const leftMs = expiresAtMs - nowMs;
    if (leftMs > 0 && (next === undefined || leftMs < next)) next = leftMs;
  }
  return next;
}
