/**
 * The forks that this program saw: of what it trusts, and of what it was shown and does not use.
 *
 * @module
 */
import { type BundleName, CHARTER_STREAM, releaseStream } from '../../core/ids.ts';
import { type Evidence, forkOf } from '../../core/trusted/state.ts';
import type { ComingReleases } from './coming.ts';
import type { VerifiedRealm } from './verified-realm.ts';

/** The proofs, at most one of each stream. */
export function seenForks(
  { realm, bundles }: { readonly realm: VerifiedRealm; readonly bundles: readonly BundleName[] },
  coming: ComingReleases,
): readonly Evidence[] {
  const streams = [CHARTER_STREAM, ...bundles.map((bundle) => releaseStream(bundle))];
  const trusted = streams.map((stream) => forkOf(realm.trusted, stream));
  return [...trusted.filter((evidence) => evidence !== undefined), ...coming.forks()];
}
