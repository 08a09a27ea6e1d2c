/**
 * From the last-known-good copy to a verified state: pin, digests and signatures are verified as if
 * a node had sent it, because a disk is no witness either.
 *
 * What does not verify is left out, bundle by bundle; without its charters nothing can be verified.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { BundleName } from '../core/ids.ts';
import { checkBlobs } from '../core/releases/usable.ts';
import { parseStatement } from '../core/statements/statement.ts';
import { restoreTrustedState, type StoredTrust } from '../core/trusted/restore.ts';
import { emptyTrustedState, headOf, type TrustedState } from '../core/trusted/state.ts';
import { makeBundle } from './bundle.ts';
import type { SavedRealm, SavedRelease } from './cache.ts';
import { type InUse, type RealmPin, requireFloor } from './realm-pin.ts';

/** What came out of a copy. */
export interface Restored {
  readonly trusted: TrustedState;
  readonly inUse: ReadonlyMap<BundleName, InUse>;
  readonly problems: readonly KedgeError[];
}

/** Verifies a copy. Never throws: what cannot be used is in `problems`. */
export function restoreRealm(pin: RealmPin, saved: SavedRealm): Restored {
  const problems: KedgeError[] = [];
  const inUse = new Map<BundleName, InUse>();
  try {
    const wanted = saved.releases.filter((release) => isWatched(pin, release));
    const signed = verifiable(pin, saved, wanted, problems);
    const trusted = restore(pin, saved, signed, []);
    const used = signed.filter((release) =>
      succeeds(problems, () => addInUse(inUse, pin, trusted, release)),
    );
    const evidence = saved.evidence.filter((one) =>
      succeeds(problems, () => restore(pin, saved, [], [one])),
    );
    // What a fork has made of a stream since does not take away what was in use.
    return { trusted: restore(pin, saved, used, evidence), inUse, problems };
  } catch (thrown) {
    // The charters do not verify, and each release failed for the same reason.
    const trusted = emptyTrustedState(pin.realm, pin.firstCharterDigest);
    return { trusted, inUse: new Map(), problems: [KedgeError.from(thrown)] };
  }
}

function isWatched(pin: RealmPin, { document }: SavedRelease): boolean {
  const { bundle } = parseStatement(document.statement.payload);
  return bundle !== undefined && pin.bundles.includes(bundle);
}

/** The releases whose signatures and bodies verify: tried together, else one by one. */
function verifiable(
  pin: RealmPin,
  saved: SavedRealm,
  releases: readonly SavedRelease[],
  problems: KedgeError[],
): readonly SavedRelease[] {
  if (succeeds([], () => restore(pin, saved, releases, []))) return releases;
  return releases.filter((one) => succeeds(problems, () => restore(pin, saved, [one], [])));
}

function addInUse(
  inUse: Map<BundleName, InUse>,
  pin: RealmPin,
  trusted: TrustedState,
  { document, blobs }: SavedRelease,
): void {
  const { bundle, sequence, stream } = parseStatement(document.statement.payload);
  const head = headOf(trusted, stream);
  if (bundle === undefined || head === undefined) {
    throw new KedgeError('TYPE', `${stream} is not a release`);
  }
  requireFloor(pin, bundle, sequence);
  checkBlobs(head.body, blobs);
  inUse.set(bundle, { head, blobs, bundle: makeBundle(pin.realm, head, blobs) });
}

function restore(
  pin: RealmPin,
  saved: SavedRealm,
  releases: readonly SavedRelease[],
  evidence: StoredTrust['evidence'],
): TrustedState {
  const charters = saved.charters.map((document) => ({ document }));
  const heads = releases.map(({ document }) => ({ document }));
  return restoreTrustedState(pin, { charters, heads, evidence });
}

function succeeds(problems: KedgeError[], work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (thrown) {
    problems.push(KedgeError.from(thrown));
    return false;
  }
}
