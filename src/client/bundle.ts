/**
 * One bundle at one release, as a program sees it: immutable, fully verified, ready to use.
 *
 * What is trusted for a purpose is `active` and `retiring` anchors that list the purpose. An anchor
 * that this SDK cannot honour as signed (a critical constraint that it does not enforce, bytes that
 * are not a CA certificate) is withheld from every purpose and reported: never handed out silently,
 * and never a reason to drop its neighbours.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { type Anchor, type AnchorState, isTrusted } from '../core/anchors/anchor.ts';
import { copyBytes, equalBytes } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import type { AnchorId, BundleName, RealmName, Sequence, Sha256 } from '../core/ids.ts';
import { encodePem } from '../core/pem.ts';
import type { Head } from '../core/trusted/state.ts';
import { insideOf, setInside, setTaking, Taking } from './taking.ts';

/** Types of constraints that the live trust of this SDK enforces; none so far. */
const ENFORCED_CONSTRAINTS: ReadonlySet<string> = new Set();

const EXPIRED = { reason: 'expired', message: 'the release has expired' } as const;

/** Why an anchor is not handed out. */
export type WithheldReason =
  /** It carries a critical constraint that this version does not enforce. */
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
  /** When it entered its state, milliseconds since 1970. */
  readonly sinceMs: number;
  /** Present when the anchor is never trusted by this SDK, whatever its state. */
  readonly withheld?: { readonly reason: WithheldReason; readonly message: string };
  /** A fresh copy of the certificate's DER. */
  der(): Uint8Array;
  /** The certificate as PEM. */
  pem(): string;
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
  /** All anchors by id, withheld and staged ones included. */
  readonly anchors: readonly BundleAnchor[];
  /** The anchors that are trusted for a purpose now. */
  trusted(purpose: string): readonly BundleAnchor[];
  /** The same as PEM, one certificate per string: what `ca` of `node:tls` takes. May be empty. */
  caPems(purpose: string): readonly string[];
}

/**
 * Makes the bundle of an accepted head. `blobs` must hold the DER of every anchor in the body;
 * `expired` withholds all anchors. Errors: `DIGEST` when one is missing.
 */
export function makeBundle(
  realm: RealmName,
  head: Head,
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
    anchors: Object.freeze(anchors),
    trusted,
    caPems: (purpose: string) => {
      taking.note();
      return memoized(pemsBy, purpose, () => trusted(purpose).map(pemOf));
    },
  });
  setTaking(bundle, taking);
  return bundle;
}

/** Not taken by that. */
function pemOf(anchor: BundleAnchor): string {
  return insideOf(anchor)?.pem() ?? anchor.pem();
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
  const withheld = condition === 'expired' ? EXPIRED : reasonToWithhold(anchor, der);
  const facts = factsOf(der);
  const made = Object.freeze({
    id: anchor.id,
    label: anchor.label,
    state: anchor.state,
    purposes: Object.freeze([...anchor.purposes]),
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

function reasonToWithhold(anchor: Anchor, der: Uint8Array): BundleAnchor['withheld'] {
  const unknown = anchor.constraints.find(
    ({ type, critical }) => critical && !ENFORCED_CONSTRAINTS.has(type),
  );
  if (unknown !== undefined) {
    const message = `critical constraint ${unknown.type} is not enforced by this version`;
    return { reason: 'constraint', message };
  }
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
