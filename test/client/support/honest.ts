/**
 * An honest node over the scripted one, and what it says.
 */
import type { TestAnchor } from '../../../src/testing/anchors.ts';
import type { TestRealm } from '../../../src/testing/realm.ts';
import { charters, missing } from '../../../src/testing/watch-messages.ts';
import type { Script, WatchSession } from './scripted-node.ts';

export {
  blobs,
  bundleOf,
  charters,
  current,
  delta,
  evidence,
  shown,
  snapshot,
} from '../../../src/testing/watch-messages.ts';

/** Serves everything that a realm has published: deltas to whoever has a base, else snapshots. */
export function honest(realm: TestRealm, anchors: readonly TestAnchor[]): Script {
  return (session) => answer(session, realm, anchors);
}

/** Says everything that a client misses, as of now. */
export function answer(
  session: WatchSession,
  realm: TestRealm,
  anchors: readonly TestAnchor[],
): void {
  const late = realm.charters.slice(session.start.charterVersion);
  if (late.length > 0) session.send(charters(...late));
  for (const cursor of session.start.bundles) session.send(...missing(realm, cursor, anchors));
}
