/**
 * The anchors of a bundle, as a program sees them.
 *
 * Releases share what they have in common: an anchor whose entry did not change is the same object
 * in the next one, so that a release costs what is new in it, here and where live trust follows.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import type { Anchor, AnchorState, Constraint } from '../core/anchors/anchor.ts';
import { type LimitsReading, readLimits } from '../core/anchors/limits.ts';
import { copyBytes, equalBytes } from '../core/bytes.ts';
import type { AnchorId } from '../core/ids.ts';
import { encodePem } from '../core/pem.ts';
import { turns } from './live/turns.ts';
import { setInside, Taking } from './usage/taking.ts';

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

/** What the anchors of one bundle are made of, for the release after it. */
interface Making {
  readonly taking: Taking;
  readonly made: ReadonlyMap<Anchor, BundleAnchor>;
}

const makings = new WeakMap<object, Making>();

/** How the anchors of a bundle are made. */
export interface AnchorsOptions {
  /** The bundle before it, of the same source: what did not change is taken from there. */
  readonly before?: object | undefined;
  /** `expired` withholds all anchors. Default `good`. */
  readonly condition?: 'good' | 'expired';
}

/** Makes the anchors of bundles, of one release after the other. */
export class AnchorMaker {
  readonly #condition: 'good' | 'expired';
  readonly #before: Making | undefined;
  readonly #made = new Map<Anchor, BundleAnchor>();
  /** Tells when certificates of this bundle, or of one that it shares anchors with, are taken. */
  readonly taking: Taking;

  constructor({ before, condition = 'good' }: AnchorsOptions) {
    this.#condition = condition;
    // What is withheld because a release has expired looks like nothing before it.
    this.#before = before && condition === 'good' ? makings.get(before) : undefined;
    this.taking = this.#before?.taking ?? new Taking();
  }

  /** `der` is what the id of the entry names. */
  make(entry: Anchor, der: Uint8Array): BundleAnchor {
    const anchor = this.#before?.made.get(entry) ?? this.#make(entry, der);
    this.#made.set(entry, anchor);
    return anchor;
  }

  /** Has the next release take over what stays as it is in this one. */
  keep(bundle: object): void {
    if (this.#condition === 'good') makings.set(bundle, { taking: this.taking, made: this.#made });
  }

  #make(entry: Anchor, der: Uint8Array): BundleAnchor {
    return makeAnchor(entry, der, { condition: this.#condition, taking: this.taking });
  }
}

/** Reads certificates ahead of a bundle that has them, in small pieces. */
export async function readCertificates(blobs: ReadonlyMap<AnchorId, Uint8Array>): Promise<void> {
  for (const der of blobs.values()) {
    if (!knownFacts.has(der)) await turns.run(() => factsOf(der));
  }
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
