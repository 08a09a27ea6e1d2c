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
import { X509Certificate } from 'node:crypto';
import {
  type Anchor,
  type AnchorState,
  type Constraint,
  isTrusted,
  type Tombstone,
} from '../core/anchors/anchor.ts';
import { type LimitsReading, readLimits } from '../core/anchors/limits.ts';
import { copyBytes, equalBytes } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import type { AnchorId, BundleName, RealmName, Sequence, Sha256 } from '../core/ids.ts';
import { encodePem } from '../core/pem.ts';
import { pendingPlans } from '../core/releases/announcing.ts';
import type { PlannedChange } from '../core/releases/planned.ts';
import type { ReleaseHead } from '../core/trusted/state.ts';
import { FEW_CAS, turns } from './live/turns.ts';
import { insideOf, setInside, setTaking, Taking } from './usage/taking.ts';

const EXPIRED = { reason: 'expired', message: 'the release has expired' } as const;

/** Why an anchor is not handed out. */
export type WithheldReason =
  /** It carries a critical constraint that this version does not enforce, or cannot read. */
  | 'constraint'
  /** Its bytes are not exactly one X.509 certificate. */
  | 'not-a-certificate'
  /** It is a certificate, but not of a CA. */
  | 'not-a-ca'
  /** The release has expired, and the program demands `onExpired: 'fail'`. */
  | 'expired';

/** One anchor of a bundle. */
export interface BundleAnchor {
  /** SHA-256 of the DER. */
  readonly id: AnchorId;
  readonly label: string;
  /** `staged` anchors are delivered but not trusted. */
  readonly state: AnchorState;
  readonly purposes: readonly string[];
  /** What it may vouch for, as signed; live trust enforces it. */
  readonly constraints: readonly Constraint[];
  /** Leaves that are valid from later than this do not rest on it; live trust enforces it. */
  readonly distrustAfterMs?: number;
  /** Says whether it vouches for some leaves only, which a plain list of CAs cannot express. */
  readonly isLimited: boolean;
  /** When it entered its state, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Present when the anchor is never trusted by this SDK, whatever its state. */
  readonly withheld?: { readonly reason: WithheldReason; readonly message: string };
  /** A fresh copy of the certificate's DER. */
  der(): Uint8Array;
  /** The certificate as PEM. */
  pem(): string;
}

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
 * Makes the bundle of an accepted head. `blobs` must hold the DER of every anchor in the body;
 * `expired` withholds all anchors. Errors: `DIGEST` when one is missing.
 */
export function makeBundle(
  realm: RealmName,
  head: ReleaseHead,
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
  condition: 'good' | 'expired' = 'good',
): Bundle {
  const taking = new Taking();
  const anchors = head.body.anchors.map((anchor) => {
    const der = blobs.get(anchor.id);
    if (der === undefined) {
      throw new KedgeError('DIGEST', `the bytes of anchor ${anchor.id} are missing`, {
        detail: { anchor: anchor.id, bundle: head.body.bundle, sequence: head.sequence },
      });
    }
    return makeAnchor(anchor, der, { condition, taking });
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
  return bundle;
}

/** Reads certificates ahead of a bundle that has them, in small pieces. */
export async function readCertificates(blobs: ReadonlyMap<AnchorId, Uint8Array>): Promise<void> {
  const unread = [...blobs.values()].filter((der) => !knownFacts.has(der));
  if (unread.length > FEW_CAS) for (const der of unread) await turns.run(() => factsOf(der));
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

function makeAnchor(
  anchor: Anchor,
  der: Uint8Array,
  { condition, taking }: { readonly condition: 'good' | 'expired'; readonly taking: Taking },
): BundleAnchor {
  const limits = readLimits(anchor);
  const withheld = condition === 'expired' ? EXPIRED : reasonToWithhold(limits, der);
  const facts = factsOf(der);
  const made = Object.freeze({
    id: anchor.id,
    label: anchor.label,
    state: anchor.state,
    purposes: Object.freeze([...anchor.purposes]),
    constraints: Object.freeze([...anchor.constraints]),
    ...(anchor.distrustAfterMs !== undefined && { distrustAfterMs: anchor.distrustAfterMs }),
    isLimited: limits.kind === 'known' && limits.limits !== undefined,
    sinceMs: anchor.sinceMs,
    ...(withheld !== undefined && { withheld: Object.freeze(withheld) }),
    der: () => {
      taking.note();
      return copyBytes(der);
    },
    pem: () => {
      taking.note();
      return facts.pem();
    },
  });
  setInside(made, facts);
  return made;
}

function reasonToWithhold(limits: LimitsReading, der: Uint8Array): BundleAnchor['withheld'] {
  if (limits.kind === 'unknown') return { reason: 'constraint', message: limits.message };
  switch (factsOf(der).kind) {
    case 'ca':
      return undefined;
    case 'leaf':
      return { reason: 'not-a-ca', message: 'not a CA certificate' };
    case 'other':
      return { reason: 'not-a-certificate', message: 'not exactly one X.509 certificate' };
  }
}

/** What follows from the bytes of an anchor alone. */
interface CertificateFacts {
  readonly kind: 'ca' | 'leaf' | 'other';
  pem(): string;
  certificate(): X509Certificate;
}

/** Releases share the bytes of their common anchors, so a delta costs only what is new in it. */
const knownFacts = new WeakMap<Uint8Array, CertificateFacts>();

function factsOf(der: Uint8Array): CertificateFacts {
  const known = knownFacts.get(der);
  if (known !== undefined) return known;
  let pem: string | undefined;
  let certificate: X509Certificate | undefined;
  const facts: CertificateFacts = {
    kind: kindOf(der),
    pem: () => {
      pem ??= encodePem('CERTIFICATE', der);
      return pem;
    },
    certificate: () => {
      certificate ??= new X509Certificate(der);
      return certificate;
    },
  };
  knownFacts.set(der, facts);
  return facts;
}

/** OpenSSL would take one bad certificate as a reason to refuse the whole list, so look first. */
function kindOf(der: Uint8Array): CertificateFacts['kind'] {
  try {
    const certificate = new X509Certificate(der);
    if (!equalBytes(certificate.raw, der)) return 'other';
    return certificate.ca ? 'ca' : 'leaf';
  } catch {
    return 'other';
  }
}
