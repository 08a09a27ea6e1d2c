/**
 * One bundle at one release, as a program sees it: immutable, fully verified, ready to use.
 *
 * What is trusted for a purpose is `active` and `retiring` anchors that list the purpose. An anchor
 * that this SDK cannot honour as signed (a critical constraint that it does not enforce, bytes that
 * are not a CA certificate) is withheld from every purpose and reported: never handed out silently,
 * and never a reason to drop its neighbours.
 *
 * Limits that it can honour (names, `distrustAfter`, validity) are enforced by live trust. A plain
 * list of CAs has no room for them, so it leaves limited anchors out unless the caller decides.
 *
 * @module
 */

import { isTrusted, type Tombstone } from '../core/anchors/anchor.ts';
import { anchorName } from '../core/anchors/refusal.ts';
import { KedgeError } from '../core/errors.ts';
import type { AnchorId, BundleName, RealmName, Sequence, Sha256 } from '../core/ids.ts';
import { pendingPlans } from '../core/releases/announcing.ts';
import type { PlannedChange } from '../core/releases/planned.ts';
import type { ReleaseHead } from '../core/trusted/state.ts';
import { AnchorMaker, type AnchorsOptions, type BundleAnchor } from './bundle-anchors.ts';
import { insideOf, setTaking } from './usage/taking.ts';

/** What a plain list of CAs does with anchors whose limits it cannot express. */
export interface CaPemsOptions {
  /**
   * `exclude` leaves them out, so that nobody rests on them; `refuse` fails; `include` hands them
   * out without their limits, for a caller that enforces them by other means. Default `exclude`.
   */
  readonly lossy?: 'exclude' | 'refuse' | 'include';
}

/** One bundle at one release. Never changes; the next release is another object. */
export interface Bundle {
  readonly realm: RealmName;
  readonly name: BundleName;
  readonly sequence: Sequence;
  /** SHA-256 of the signed statement. */
  readonly digest: Sha256;
  readonly issuedAtMs: number;
  /** When the signers wanted a newer release to exist; the content stays in use after it. */
  readonly expiresAtMs: number;
  readonly note: string;
  /** What its admins announced for later and did not make yet, the next first. */
  readonly planned: readonly PlannedChange[];
  /** All anchors by id, withheld and staged ones included. */
  readonly anchors: readonly BundleAnchor[];
  /** What became of anchors that left. */
  readonly tombstones: readonly Tombstone[];
  /** The anchors that are trusted for a purpose now, limited ones included. */
  trusted(purpose: string): readonly BundleAnchor[];
  /**
   * The same as PEM, one certificate per string: what `ca` of `node:tls` takes. May be empty.
   * Errors: `POLICY` when limited anchors are to be refused and there are some.
   */
  caPems(purpose: string, options?: CaPemsOptions): readonly string[];
}

/**
 * Makes the bundle of an accepted head. `blobs` must hold the verified DER of every anchor in the
 * body. Errors: `DIGEST` when one is missing.
 */
export function makeBundle(
  realm: RealmName,
  head: ReleaseHead,
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
  options: AnchorsOptions = {},
): Bundle {
  const maker = new AnchorMaker(options);
  const { taking } = maker;
  const anchors = head.body.anchors.map((anchor) => {
    const der = blobs.get(anchor.id);
    if (der === undefined) {
      throw new KedgeError('DIGEST', `the bytes of ${anchorName(anchor)} are missing`, {
        detail: { anchor: anchor.id, bundle: head.body.bundle, sequence: head.sequence },
      });
    }
    return maker.make(anchor, der);
  });
  const trustedBy = new Map<string, readonly BundleAnchor[]>();
  const pemsBy = new Map<string, readonly string[]>();
  const trusted = (purpose: string): readonly BundleAnchor[] =>
    memoized(trustedBy, purpose, () => anchors.filter((anchor) => isTrustedFor(anchor, purpose)));
  const bundle: Bundle = Object.freeze({
    realm,
    name: head.body.bundle,
    sequence: head.sequence,
    digest: head.digest,
    issuedAtMs: head.issuedMs,
    expiresAtMs: head.expiresMs,
    note: head.body.note,
    planned: pendingPlans(head.body),
    anchors: Object.freeze(anchors),
    tombstones: Object.freeze([...head.body.tombstones]),
    trusted,
    caPems: (purpose: string, { lossy = 'exclude' }: CaPemsOptions = {}) => {
      taking.note();
      return memoized(pemsBy, `${lossy} ${purpose}`, () =>
        listable(trusted(purpose), lossy).map(pemOf),
      );
    },
  });
  setTaking(bundle, taking);
  maker.keep(bundle);
  return bundle;
}

/** Not taken by that. */
function pemOf(anchor: BundleAnchor): string {
  return insideOf(anchor)?.pem() ?? anchor.pem();
}

/** What goes on a plain list. Errors: `POLICY`. */
function listable(
  anchors: readonly BundleAnchor[],
  lossy: CaPemsOptions['lossy'],
): readonly BundleAnchor[] {
  if (lossy === 'include') return anchors;
  const limited = anchors.filter(({ isLimited }) => isLimited);
  if (limited.length === 0 || lossy === 'exclude') return anchors.filter((one) => !one.isLimited);
  throw new KedgeError(
    'POLICY',
    'a list of CAs cannot express the limits of some anchors: use live trust, or decide with lossy',
    { detail: { anchors: limited.map(({ id }) => id).slice(0, 16) } },
  );
}

function isTrustedFor(anchor: BundleAnchor, purpose: string): boolean {
  return anchor.withheld === undefined && isTrusted(anchor) && anchor.purposes.includes(purpose);
}

/**
 * Purposes come from the program, so the number of entries is bounded by its code; still capped.
 */
function memoized<Value>(
  cache: Map<string, readonly Value[]>,
  key: string,
  make: () => readonly Value[],
): readonly Value[] {
  const held = cache.get(key);
  if (held !== undefined) return held;
  const made = Object.freeze(make());
  if (cache.size < 64) cache.set(key, made);
  return made;
}
