/**
 * What this program has of each stream that it follows, for regions to vouch for.
 *
 * @module
 */
import {
  type BundleName,
  CHARTER_STREAM,
  releaseStream,
  rolloutStream,
  type StreamName,
} from '../../core/ids.ts';
import type { HeldHead } from '../../core/log/freshness.ts';
import { charterAt, currentCharter } from '../../core/trusted/state.ts';
import type { ComingReleases } from './coming.ts';
import type { VerifiedRealm } from './verified-realm.ts';

/** Per stream; absent: nothing of it. */
export type HeldHeads = ReadonlyMap<StreamName, HeldHead | undefined>;

/** What is in use, or what is newest of what is not due at `nowMs`. Spec rules DW-13 and DW-18. */
export function heldHeads(
  { realm, bundles }: { readonly realm: VerifiedRealm; readonly bundles: readonly BundleName[] },
  coming: ComingReleases,
  nowMs: number,
): HeldHeads {
  const charter = currentCharter(realm.trusted);
  const held = new Map<StreamName, HeldHead | undefined>();
  held.set(
    CHARTER_STREAM,
    charter && {
      stream: CHARTER_STREAM,
      sequence: charter.version,
      digest: charter.digest,
      below: (at) => charterAt(realm.trusted, at)?.digest,
    },
  );
  for (const bundle of bundles) {
    const stream = releaseStream(bundle);
    const head = realm.inUse(bundle)?.head;
    const own = head && { stream, sequence: head.sequence, digest: head.digest };
    held.set(stream, coming.notDue(bundle, head, nowMs) ?? own);
    held.set(rolloutStream(bundle), coming.newest(bundle));
  }
  return held;
}
