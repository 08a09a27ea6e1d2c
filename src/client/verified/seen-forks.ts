/**
 * The forks that this program saw: of what it trusts, and of what it was shown and does not use.
 *
 * @module
 */
import { type BundleName, CHARTER_STREAM, releaseStream, type StreamName } from '../../core/ids.ts';
import { mergeEvidence } from '../../core/trusted/evidence.ts';
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
  const merged = new Map<StreamName, Evidence>();
  for (const evidence of [...trusted, ...coming.forks()]) {
    if (evidence === undefined) continue;
    const other = merged.get(evidence.stream);
    merged.set(evidence.stream, other === undefined ? evidence : mergeEvidence(other, evidence));
  }
  return [...merged.values()];
}
