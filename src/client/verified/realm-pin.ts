/**
 * What a program is sure of before anybody told it anything, and the form in which it keeps what it
 * verified.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId, BundleName, RealmName, Sha256 } from '../../core/ids.ts';
import type { ReleaseHead } from '../../core/trusted/state.ts';
import { type Bundle, makeBundle } from '../bundle.ts';

/** Who is trusted for what, in the beginning. */
export interface RealmPin {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  readonly bundles: readonly BundleName[];
  readonly minSequences: ReadonlyMap<BundleName, number>;
}

/** A bundle with all that is needed to verify it again and to build on it. */
export interface InUse {
  /** Made when it is first asked for; {@link readCertificates} takes most of the work ahead. */
  readonly bundle: Bundle;
  readonly head: ReleaseHead;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

/**
 * A verified head with its blobs, all of which must be there and checked; `before` is the bundle
 * that it takes the place of.
 */
export function inUseOf(
  realm: RealmName,
  head: ReleaseHead,
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
  before?: Bundle,
): InUse {
  let [bundle, last]: [Bundle | undefined, Bundle | undefined] = [undefined, before];
  return {
    head,
    blobs,
    get bundle() {
      bundle ??= makeBundle(realm, head, blobs, { before: last });
      // Or a release would keep all those before it.
      last = undefined;
      return bundle;
    },
  };
}

/** Conformance C17: a floor that holds even when the cache is gone. Errors: `ROLLBACK`. */
export function requireFloor(pin: RealmPin, bundle: BundleName, sequence: number): void {
  const floor = pin.minSequences.get(bundle) ?? 0;
  if (sequence >= floor) return;
  throw new KedgeError(
    'ROLLBACK',
    `sequence ${sequence} of ${bundle} is below minSequence ${floor}: it is out of date`,
    { detail: { bundle, sequence, minSequence: floor } },
  );
}
