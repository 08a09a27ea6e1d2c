/**
 * From the last-known-good copy to a verified state, and back: pin, digests and signatures are
 * verified as if a node had sent it, because a disk is no witness either.
 *
 * What does not verify is left out, bundle by bundle; without its charters nothing can be verified.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, releaseStream, type Sha256 } from '../../core/ids.ts';
import { checkBlobs } from '../../core/releases/usable.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { isGoodHistory } from '../../core/trusted/authority.ts';
import { recoveriesOf } from '../../core/trusted/lineage.ts';
import {
  restoreRelease,
  restoreTrustedState,
  type StoredTrust,
} from '../../core/trusted/restore.ts';
import { isPlaced } from '../../core/trusted/settle.ts';
import { emptyTrustedState, type TrustedState } from '../../core/trusted/state.ts';
import { type InUse, inUseOf, type RealmPin, requireFloor } from '../verified/realm-pin.ts';
import type { KeptRealm, SavedRealm, SavedRelease } from './cache.ts';

/** What came out of a copy. */
export interface Restored {
  readonly trusted: TrustedState;
  readonly inUse: ReadonlyMap<BundleName, InUse>;
  readonly problems: readonly KedgeError[];
}

/** Verifies a copy. Never throws: what cannot be used is in `problems`. */
export function restoreRealm(pin: RealmPin, saved: KeptRealm): Restored {
  const problems: KedgeError[] = [];
  const inUse = new Map<BundleName, InUse>();
  try {
    const realm = restore(pin, saved, [], []);
    for (const release of saved.releases.filter((one) => isWatched(pin, one))) {
      succeeds(problems, () => addInUse(inUse, pin, realm, release));
    }
    // What the charter decided against stays in use until the next release; nothing builds on it.
    const standing = [...inUse.values()].filter(({ head }) =>
      isPlaced(realm, releaseStream(head.body.bundle), head),
    );
    const heads = standing.map(({ head }) => ({ statement: head.statement, body: head.bodyBytes }));
    const evidence = saved.evidence.filter((one) =>
      succeeds(problems, () => restore(pin, saved, heads, [one])),
    );
    // What a fork has made of a stream since does not take away what was in use.
    return { trusted: restore(pin, saved, heads, evidence), inUse, problems };
  } catch (thrown) {
    // The charters do not verify, and each release failed for the same reason.
    const trusted = emptyTrustedState(pin.realm, pin.firstCharterDigest);
    return { trusted, inUse: new Map(), problems: [KedgeError.from(thrown)] };
  }
}

/** What is to be kept of a verified state. */
export function savedRealm(
  trusted: TrustedState,
  inUse: readonly InUse[],
  gone: ReadonlySet<Sha256> = new Set(),
): SavedRealm {
  const { charters, streams } = trusted;
  const recoveries = recoveriesOf(charters);
  // What is in use and fell with its charters never displaces what another program has since.
  const isFallen = ({ head }: InUse): boolean =>
    recoveries > 0 && !isGoodHistory(trusted, head.statement);
  const fallen = new Set([...gone, ...inUse.filter(isFallen).map(({ head }) => head.digest)]);
  return {
    charters: charters.map(({ document }) => document),
    releases: inUse.map(({ head, blobs }) => ({
      document: { statement: head.statement, body: head.bodyBytes },
      blobs,
    })),
    evidence: [...streams.values()].flatMap((one) => (one.kind === 'forked' ? [one.evidence] : [])),
    recoveries,
    fallen,
  };
}

function isWatched(pin: RealmPin, { document }: SavedRelease): boolean {
  const { bundle } = parseStatement(document.statement.payload);
  return bundle !== undefined && pin.bundles.includes(bundle);
}

function addInUse(
  inUse: Map<BundleName, InUse>,
  pin: RealmPin,
  realm: TrustedState,
  { document, blobs }: SavedRelease,
): void {
  const head = restoreRelease(realm, document);
  const { bundle } = head.body;
  requireFloor(pin, bundle, head.sequence);
  checkBlobs(head.body, blobs);
  inUse.set(bundle, inUseOf(pin.realm, head, blobs));
}

function restore(
  pin: RealmPin,
  saved: KeptRealm,
  releases: readonly SignedDocument[],
  evidence: StoredTrust['evidence'],
): TrustedState {
  const charters = saved.charters.map((document) => ({ document }));
  const heads = releases.map((document) => ({ document }));
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
